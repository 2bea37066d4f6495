package simulator

import (
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tocsin/providers/sms"
)

// tencentFlavour is Tencent Cloud's SMS, 2021-01-11: SendSms, PullSmsSendStatus,
// PullSmsSendStatusByPhoneNumber, and its status callback.
type tencentFlavour struct{}

func (tencentFlavour) whole() bool { return false }
func (tencentFlavour) most() int   { return 100 }

// genuine checks TC3-HMAC-SHA256 over content-type and host.
func (tencentFlavour) genuine(c *Config, r *http.Request, body []byte) bool {
	auth := r.Header.Get("Authorization") + ","
	credential, list, signature := cutOut(auth, "Credential=", ","), cutOut(auth, "SignedHeaders=", ","), cutOut(auth, "Signature=", ",")
	id, scope, _ := strings.Cut(credential, "/")
	if c.SystemID != "" && id != c.SystemID {
		return false
	}
	if c.Password == "" {
		return true
	}
	stamp := r.Header.Get("X-TC-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute || list != "content-type;host" {
		return false
	}
	canonical := r.Method + "\n/\n" + r.URL.RawQuery + "\ncontent-type:" + r.Header.Get("Content-Type") + "\nhost:" + r.Host + "\n\n" + list + "\n" + sum256(body)
	key := mac256([]byte("TC3"+c.Password), time.Unix(seconds, 0).UTC().Format("2006-01-02"))
	key = mac256(mac256(key, "sms"), "tc3_request")
	want := hex.EncodeToString(mac256(key, "TC3-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+sum256([]byte(canonical))))
	return hmac.Equal([]byte(want), []byte(signature))
}

func (tencentFlavour) read(r *http.Request, body []byte) (*httpSubmit, bool) {
	if r.Header.Get("X-TC-Action") != "SendSms" {
		return nil, false
	}
	var q struct {
		PhoneNumberSet, TemplateParamSet                  []string
		SmsSdkAppId, TemplateId, SignName, SessionContext string
	}
	s := &httpSubmit{receipts: true}
	if json.Unmarshal(body, &q) != nil || q.SmsSdkAppId == "" || q.TemplateId == "" || len(q.TemplateParamSet) != 1 || len(q.PhoneNumberSet) > 200 {
		return s, true
	}
	s.ref = q.SessionContext
	for _, number := range q.PhoneNumberSet {
		s.msgs = append(s.msgs, httpMessage{number: uint64(sms.ChinaNumber([]byte(number))), text: "【" + q.SignName + "】" + q.TemplateParamSet[0]})
	}
	return s, true
}

func (tencentFlavour) answer(s *httpSubmit, why trouble) (int, http.Header, string) {
	header := http.Header{"Content-Type": {"application/json"}}
	code := map[trouble]string{
		notLoggedIn: "AuthFailure.SignatureFailure", malformed: "InvalidParameter", nobody: "InvalidParameterValue", noBatch: "LimitExceeded.PhoneNumberCountLimit",
		throttled: "RequestLimitExceeded", queueFull: "RequestLimitExceeded.UinLimitExceeded",
	}[why]
	if code != "" {
		answer, _ := json.Marshal(map[string]any{"Response": map[string]any{"Error": map[string]string{"Code": code, "Message": code}, "RequestId": "a"}})
		return http.StatusOK, header, string(answer)
	}
	type status struct {
		SerialNo, PhoneNumber, SessionContext, Code, Message, IsoCode string
		Fee                                                           int
	}
	set := []status{}
	for _, m := range s.msgs {
		one := status{SerialNo: m.id, PhoneNumber: "+" + strconv.FormatUint(m.number, 10), SessionContext: s.ref, Code: "Ok", Fee: m.parts, IsoCode: "CN"}
		if m.refused {
			one.SerialNo, one.Code, one.Fee = "", "InvalidParameterValue.IncorrectPhoneNumber", 0
		}
		set = append(set, one)
	}
	answer, _ := json.Marshal(map[string]any{"Response": map[string]any{"SendStatusSet": set, "RequestId": "a"}})
	return http.StatusOK, header, string(answer)
}

// A pulled is a PullSmsSendStatus.
type pulled struct {
	CountryCode, SubscriberNumber, PhoneNumber, SerialNo, ReportStatus, Description, SessionContext string
	UserReceiveTime                                                                                 int64
}

func tencentStatus(r *httpReceipt) pulled {
	p := pulled{
		CountryCode: "86", SubscriberNumber: home(r.number), PhoneNumber: "+" + strconv.FormatUint(r.number, 10), SerialNo: r.id, ReportStatus: "SUCCESS",
		Description: "DELIVRD", SessionContext: r.ref, UserReceiveTime: time.Now().Unix(),
	}
	if r.failed {
		p.ReportStatus, p.Description = "FAIL", "UNDELIV"
	}
	return p
}

// query answers PullSmsSendStatusByPhoneNumber, and PullSmsSendStatus when no callback is
// known: what is pulled is gone.
func (tencentFlavour) query(h *httpSide, r *http.Request, body []byte) (int, string) {
	var q struct {
		BeginTime, EndTime int64
		Limit              int
		PhoneNumber        string
	}
	if json.Unmarshal(body, &q) != nil || q.Limit < 1 || q.Limit > 100 {
		return http.StatusOK, `{"Response":{"Error":{"Code":"InvalidParameter","Message":"no"},"RequestId":"a"}}`
	}
	set := []pulled{}
	switch r.Header.Get("X-TC-Action") {
	case "PullSmsSendStatusByPhoneNumber":
		for _, one := range h.of(uint64(sms.ChinaNumber([]byte(q.PhoneNumber))), func(r *httpReceipt) bool {
			return r.taken.Unix() >= q.BeginTime && r.taken.Unix() <= q.EndTime
		}) {
			set = append(set, tencentStatus(&one))
		}
	case "PullSmsSendStatus":
		some, _ := h.due(time.Now().UnixNano(), true)
		h.c.counts.sent.Add(int64(len(some)))
		h.c.counts.acknowledged.Add(int64(len(some)))
		h.mu.Lock()
		h.waiting -= len(some)
		h.mu.Unlock()
		for i := range some {
			set = append(set, tencentStatus(&some[i]))
		}
	default:
		return http.StatusOK, `{"Response":{"Error":{"Code":"InvalidAction","Message":"no"},"RequestId":"a"}}`
	}
	answer, _ := json.Marshal(map[string]any{"Response": map[string]any{"PullSmsSendStatusSet": set, "RequestId": "a"}})
	return http.StatusOK, string(answer)
}

func (tencentFlavour) report(c *Config, receipts []httpReceipt) (*http.Request, error) {
	all := make([]map[string]string, len(receipts))
	for i, r := range receipts {
		all[i] = map[string]string{
			"user_receive_time": stamp(time.Now()), "nationcode": "86", "mobile": home(r.number), "report_status": "SUCCESS", "errmsg": "DELIVRD",
			"description": "delivered", "sid": r.id,
		}
		if r.failed {
			all[i]["report_status"], all[i]["errmsg"] = "FAIL", "UNDELIV"
		}
	}
	return postJSON(c.DialBack, all)
}

// reply is one reply as Tencent's callback brings it.
func (tencentFlavour) reply(c *Config, r *httpReceipt) (*http.Request, error) {
	return postJSON(c.ReplyTo, map[string]any{
		"extend": "01", "mobile": home(r.number), "nationcode": "86", "sign": "", "text": r.reply, "time": time.Now().Unix(),
	})
}
