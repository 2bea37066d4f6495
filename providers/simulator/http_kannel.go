package simulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// kannelFlavour is Kannel's smsbox: sendsms and its delivery reports.
type kannelFlavour struct{}

// whole: there is one answer to a request.
func (kannelFlavour) whole() bool { return true }
func (kannelFlavour) most() int   { return 1 }

func (kannelFlavour) genuine(c *Config, r *http.Request, _ []byte) bool {
	q := r.URL.Query()
	return (c.SystemID == "" || q.Get("username") == c.SystemID) && (c.Password == "" || q.Get("password") == c.Password)
}

func (kannelFlavour) read(r *http.Request, _ []byte) (*httpSubmit, bool) {
	if r.URL.Path != "/cgi-bin/sendsms" {
		return nil, false
	}
	q := r.URL.Query()
	mask, _ := strconv.Atoi(q.Get("dlr-mask"))
	s := &httpSubmit{back: q.Get("dlr-url"), sender: q.Get("from"), receipts: q.Get("dlr-url") != "" && mask&3 != 0}
	text := q.Get("text")
	if q.Get("charset") != "UTF-8" || q.Get("coding") != "2" && strings.ContainsFunc(text, func(r rune) bool { return r > 0x2FFF }) {
		text = "?" // seven bits hold no Chinese
	}
	for _, to := range strings.Fields(q.Get("to")) {
		s.msgs = append(s.msgs, httpMessage{number: plusNumber(to), text: text})
	}
	return s, true
}

func (kannelFlavour) answer(_ *httpSubmit, why trouble) (int, http.Header, string) {
	header := http.Header{"Content-Type": {"text/html"}}
	switch why {
	case none:
		return http.StatusAccepted, header, "0: Accepted for delivery"
	case notLoggedIn:
		return http.StatusForbidden, header, "Authorization failed for sendsms"
	case throttled, queueFull:
		return http.StatusServiceUnavailable, header, "Temporal failure, try again later."
	case wrongNumbers:
		return http.StatusForbidden, header, "Not routable. Do not try again."
	}
	return http.StatusBadRequest, header, "Missing receiver number, rejected"
}

func (kannelFlavour) query(*httpSide, *http.Request, []byte) (int, string) {
	return http.StatusNotFound, "Not found"
}

// report fetches the client's own address with the escapes filled in: %d the kind, %p the
// number it is about.
func (kannelFlavour) report(_ *Config, receipts []httpReceipt) (*http.Request, error) {
	one := &receipts[0]
	kind := "1"
	if one.failed {
		kind = "2"
	}
	address := strings.NewReplacer("%d", kind, "%p", url.QueryEscape("+"+strconv.FormatUint(one.number, 10))).Replace(one.back)
	return http.NewRequest(http.MethodGet, address, nil)
}

// reply fetches the get-url of an sms-service.
func (kannelFlavour) reply(c *Config, r *httpReceipt) (*http.Request, error) {
	address := strings.NewReplacer(
		"%p", url.QueryEscape("+"+strconv.FormatUint(r.number, 10)), "%P", url.QueryEscape(r.sender), "%b", url.QueryEscape(r.reply),
		"%T", strconv.FormatInt(time.Now().Unix(), 10), "%I", r.id+"-mo",
	).Replace(c.ReplyTo)
	return http.NewRequest(http.MethodGet, address, nil)
}
