package simulator

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/providers/sms"
)

// twilioFlavour is Twilio's Messages resource, 2010-04-01, and its status callback.
type twilioFlavour struct{}

func (twilioFlavour) whole() bool { return false }
func (twilioFlavour) most() int   { return 1 }

func (twilioFlavour) genuine(c *Config, r *http.Request, _ []byte) bool {
	account, token, ok := r.BasicAuth()
	return ok && (c.SystemID == "" || account == c.SystemID) && (c.Password == "" || token == c.Password) &&
		strings.HasPrefix(r.URL.Path, "/2010-04-01/Accounts/"+account+"/")
}

func plusNumber(s string) uint64 {
	n, _ := sms.ParseAddress([]byte(s), false)
	return uint64(n)
}

func (twilioFlavour) read(r *http.Request, body []byte) (*httpSubmit, bool) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/Messages.json") {
		return nil, false
	}
	form, _ := url.ParseQuery(string(body))
	s := &httpSubmit{back: form.Get("StatusCallback"), sender: form.Get("From"), receipts: form.Get("StatusCallback") != ""}
	if form.Get("From") == "" || form.Get("Body") == "" {
		return s, true
	}
	s.msgs = []httpMessage{{number: plusNumber(form.Get("To")), text: form.Get("Body")}}
	return s, true
}

// sid is an id as Twilio writes it: SM and 32 hexadecimal digits.
func sid(id string) string { return fmt.Sprintf("SM%032x", id)[:34] }

func (twilioFlavour) answer(s *httpSubmit, why trouble) (int, http.Header, string) {
	header := http.Header{"Content-Type": {"application/json"}}
	wrong := map[trouble]struct{ status, code int }{
		notLoggedIn: {401, 20003}, malformed: {400, 21602}, nobody: {400, 21602}, throttled: {429, 20429}, queueFull: {429, 21611}, wrongNumbers: {400, 21211},
	}
	if w, is := wrong[why]; is {
		return w.status, header, fmt.Sprintf(`{"code":%d,"message":"no","more_info":"https://www.twilio.com/docs/errors/%d","status":%d}`, w.code, w.code, w.status)
	}
	answer, _ := json.Marshal(map[string]any{
		"sid": sid(s.msgs[0].id), "status": "queued", "num_segments": strconv.Itoa(s.msgs[0].parts), "error_code": nil, "error_message": nil,
		"to": "+" + strconv.FormatUint(s.msgs[0].number, 10), "direction": "outbound-api",
	})
	return http.StatusCreated, header, string(answer)
}

// query lists the messages to a number.
func (twilioFlavour) query(h *httpSide, r *http.Request, _ []byte) (int, string) {
	messages := []map[string]any{}
	for _, one := range h.of(plusNumber(r.URL.Query().Get("To")), func(*httpReceipt) bool { return true }) {
		m := map[string]any{
			"sid": sid(one.id), "to": "+" + strconv.FormatUint(one.number, 10), "body": one.text, "status": "delivered", "error_code": nil,
			"date_created": one.taken.UTC().Format(time.RFC1123Z), "direction": "outbound-api",
		}
		if one.failed {
			m["status"], m["error_code"] = "undelivered", 30003
		}
		messages = append(messages, m)
	}
	answer, _ := json.Marshal(map[string]any{"messages": messages, "page": 0})
	return http.StatusOK, string(answer)
}

// report is one status callback.
func (twilioFlavour) report(c *Config, receipts []httpReceipt) (*http.Request, error) {
	one := &receipts[0]
	form := url.Values{
		"MessageSid": {sid(one.id)}, "SmsSid": {sid(one.id)}, "To": {"+" + strconv.FormatUint(one.number, 10)}, "From": {"+15005550006"},
		"MessageStatus": {"delivered"}, "AccountSid": {c.SystemID}, "ApiVersion": {"2010-04-01"},
	}
	if one.failed {
		form.Set("MessageStatus", "undelivered")
		form.Set("ErrorCode", "30003")
	}
	return twilioPost(c, one.back, form)
}

// reply is what Twilio posts for a message that came in.
func (twilioFlavour) reply(c *Config, r *httpReceipt) (*http.Request, error) {
	return twilioPost(c, c.ReplyTo, url.Values{
		"MessageSid": {sid(r.id + "mo")}, "From": {"+" + strconv.FormatUint(r.number, 10)}, "To": {r.sender}, "Body": {r.reply},
		"NumMedia": {"0"}, "NumSegments": {"1"}, "AccountSid": {c.SystemID}, "ApiVersion": {"2010-04-01"},
	})
}

// twilioPost is a form for the client, signed with the account's token.
func twilioPost(c *Config, address string, form url.Values) (*http.Request, error) {
	signed := address
	for _, key := range slices.Sorted(maps.Keys(form)) {
		signed += key + form.Get(key)
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha1.New, []byte(c.Password))
	m.Write([]byte(signed))
	r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(m.Sum(nil)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r, nil
}
