package simulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// aliyunFlavour is Alibaba Cloud's Short Message Service, 2017-05-25: SendBatchSms,
// QuerySendDetails, SmsReport.
type aliyunFlavour struct{}

func (aliyunFlavour) whole() bool { return true }
func (aliyunFlavour) most() int   { return 100 }

func sum256(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func mac256(key []byte, what string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(what))
	return m.Sum(nil)
}

// cutOut is what stands between two marks.
func cutOut(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	in, _, _ := strings.Cut(rest, to)
	return in
}

// genuine checks signature version 3 over the headers that the client names.
func (aliyunFlavour) genuine(c *Config, r *http.Request, body []byte) bool {
	auth := r.Header.Get("Authorization") + ","
	id, list, signature := cutOut(auth, "Credential=", ","), cutOut(auth, "SignedHeaders=", ","), cutOut(auth, "Signature=", ",")
	if c.SystemID != "" && id != c.SystemID {
		return false
	}
	if c.Password == "" {
		return true
	}
	made, err := time.Parse("2006-01-02T15:04:05Z", r.Header.Get("x-acs-date"))
	hashed := sum256(body)
	if err != nil || time.Since(made).Abs() > 15*time.Minute || r.Header.Get("x-acs-content-sha256") != hashed {
		return false
	}
	pairs := strings.Split(r.URL.RawQuery, "&")
	slices.Sort(pairs)
	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n" + strings.Join(pairs, "&") + "\n"
	for _, name := range strings.Split(list, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical += name + ":" + value + "\n"
	}
	canonical += "\n" + list + "\n" + hashed
	want := hex.EncodeToString(mac256([]byte(c.Password), "ACS3-HMAC-SHA256\n"+sum256([]byte(canonical))))
	return hmac.Equal([]byte(want), []byte(signature)) && strings.Contains(list, "x-acs-content-sha256")
}

func (aliyunFlavour) read(r *http.Request, body []byte) (*httpSubmit, bool) {
	if r.Header.Get("x-acs-action") != "SendBatchSms" {
		return nil, false
	}
	form, _ := url.ParseQuery(string(body))
	q := r.URL.Query()
	s := &httpSubmit{ref: q.Get("OutId"), receipts: true}
	var numbers, names []string
	var parameters []map[string]string
	for _, f := range []struct {
		key string
		to  any
	}{{"PhoneNumberJson", &numbers}, {"SignNameJson", &names}, {"TemplateParamJson", &parameters}} {
		if json.Unmarshal([]byte(form.Get(f.key)), f.to) != nil {
			return s, true
		}
	}
	if len(numbers) != len(names) || len(numbers) != len(parameters) || q.Get("TemplateCode") == "" || len(numbers) > 100 {
		return s, true
	}
	for i := range numbers {
		text := "【" + names[i] + "】"
		for _, value := range parameters[i] {
			text += value
		}
		s.msgs = append(s.msgs, httpMessage{number: uint64(sms.ChinaNumber([]byte(numbers[i]))), text: text})
	}
	return s, true
}

func (aliyunFlavour) answer(s *httpSubmit, why trouble) (int, http.Header, string) {
	codes := [...]string{
		none: "OK", notLoggedIn: "SignatureDoesNotMatch", malformed: "isv.INVALID_PARAMETERS", nobody: "isv.INVALID_PARAMETERS",
		noBatch: "isv.MOBILE_COUNT_OVER_LIMIT", throttled: "Throttling.User", queueFull: "Throttling.Api", wrongNumbers: "isv.MOBILE_NUMBER_ILLEGAL",
	}
	status := http.StatusOK
	if why == notLoggedIn || why == throttled || why == queueFull {
		status = http.StatusBadRequest
	}
	answer, _ := json.Marshal(map[string]string{"Code": codes[why], "Message": codes[why], "BizId": s.id, "RequestId": "0A974B78-02BF-4C79-ADF3-90CFBA1B55B1"})
	return status, http.Header{"Content-Type": {"application/json;charset=utf-8"}}, string(answer)
}

// stamp is a time as China's gateways write it.
func stamp(t time.Time) string { return t.In(wire.Beijing).Format("2006-01-02 15:04:05") }

// home is a number without China's country code.
func home(number uint64) string { return string(sms.Number(number).AppendChina(nil, true)) }

func (aliyunFlavour) query(h *httpSide, r *http.Request, _ []byte) (int, string) {
	q := r.URL.Query()
	if r.Header.Get("x-acs-action") != "QuerySendDetails" || q.Get("PhoneNumber") == "" || q.Get("SendDate") == "" {
		return http.StatusBadRequest, `{"Code":"InvalidAction.NotFound"}`
	}
	type detail struct {
		PhoneNum, ErrCode, OutId, SendDate, ReceiveDate, TemplateCode string
		SendStatus                                                    int
	}
	details := []detail{}
	for _, one := range h.of(uint64(sms.ChinaNumber([]byte(q.Get("PhoneNumber")))), func(r *httpReceipt) bool {
		return r.taken.In(wire.Beijing).Format("20060102") == q.Get("SendDate")
	}) {
		d := detail{PhoneNum: home(one.number), OutId: one.ref, SendDate: stamp(one.taken), ReceiveDate: stamp(time.Now()), SendStatus: 3, ErrCode: "DELIVERED"}
		if one.failed {
			d.SendStatus, d.ErrCode = 2, "MOBILE_NOT_ON_SERVICE"
		}
		details = append(details, d)
	}
	answer, _ := json.Marshal(map[string]any{"Code": "OK", "TotalCount": len(details), "SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": details}})
	return http.StatusOK, string(answer)
}

func (aliyunFlavour) report(c *Config, receipts []httpReceipt) (*http.Request, error) {
	type report struct {
		PhoneNumber string `json:"phone_number"`
		SendTime    string `json:"send_time"`
		ReportTime  string `json:"report_time"`
		Success     bool   `json:"success"`
		ErrCode     string `json:"err_code"`
		ErrMsg      string `json:"err_msg"`
		SMSSize     string `json:"sms_size"`
		BizID       string `json:"biz_id"`
		OutID       string `json:"out_id"`
	}
	all := make([]report, len(receipts))
	for i, r := range receipts {
		all[i] = report{
			PhoneNumber: home(r.number), SendTime: stamp(r.taken), ReportTime: stamp(time.Now()), Success: !r.failed, ErrCode: "DELIVERED",
			SMSSize: strconv.Itoa(r.parts), BizID: r.id, OutID: r.ref,
		}
		if r.failed {
			all[i].ErrCode = "MOBILE_NOT_ON_SERVICE"
		}
	}
	return postJSON(c.DialBack, all)
}

// reply is one SmsUp.
func (aliyunFlavour) reply(c *Config, r *httpReceipt) (*http.Request, error) {
	return postJSON(c.ReplyTo, []map[string]any{{
		"phone_number": home(r.number), "send_time": stamp(time.Now()), "content": r.reply, "sign_name": "", "dest_code": "10690000", "sequence_id": r.id + "1",
	}})
}

func postJSON(address string, what any) (*http.Request, error) {
	body, err := json.Marshal(what)
	if err != nil {
		return nil, fmt.Errorf("simulator: write a callback: %w", err)
	}
	r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", "application/json;charset=utf-8")
	}
	return r, err
}
