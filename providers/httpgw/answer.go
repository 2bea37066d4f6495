package httpgw

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"tocsin/providers/sms"
)

// A reading is what an answer says of a call.
type reading struct {
	all  verdict
	code string
	id   string
	each []element // nil: all is said of everybody
}

type element struct {
	verdict
	code, id string
}

// byStatus are verdicts on HTTP statuses where the carrier's code says nothing. A 5xx is
// in doubt: a proxy may answer without knowing what the server behind it has done.
func byStatus(status int, header http.Header) verdict {
	switch {
	case status/100 == 2:
		return words["taken"]
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return words["stop"]
	case status == http.StatusTooManyRequests:
		return words["throttled"]
	case status == http.StatusServiceUnavailable && header.Get("Retry-After") != "":
		return words["throttled"]
	case status/100 == 3, status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusProxyAuthRequired:
		return words["carrier_fault"] // the settings, or the carrier's; nobody has failed by it
	case status == http.StatusRequestTimeout, status/100 != 4:
		return words["in_doubt"]
	}
	return words["bad_request"]
}

// verdictOn is what a code means; a key that ends in * is for all that begin so, the
// longest of them.
func (p *Provider) verdictOn(code string) (verdict, bool) {
	if word, ok := p.c.Verdicts[code]; ok {
		return words[word], true
	}
	for n := len(code); n >= 0; n-- {
		if word, ok := p.c.Verdicts[code[:n]+"*"]; ok {
			return words[word], true
		}
	}
	return verdict{}, false
}

// read reads an answer to a call of n numbers.
func (p *Provider) read(a *response, c *call) reading {
	var doc any
	var r reading
	if p.pattern != nil {
		if found := p.pattern.FindSubmatch(a.body); len(found) > 0 {
			r.code = string(found[min(1, len(found)-1)])
			if len(found) > 2 {
				r.id = string(found[2])
			}
		}
	} else {
		doc = readJSON(a.body)
		for _, path := range p.c.Answer.Code {
			if r.code = field(doc, path); r.code != "" {
				break
			}
		}
		r.id = field(doc, p.c.Answer.ID)
	}
	good := a.status/100 == 2
	v, listed := p.verdictOn(r.code)
	byNumber, isNumber := p.verdictOn(strconv.Itoa(a.status))
	switch {
	case good && r.code != "" && p.ok(r.code):
		r.all = words["taken"]
	case r.code != "" && listed:
		r.all = v
	case isNumber:
		r.all = byNumber
	case good && r.code != "" && len(p.c.Answer.OK) > 0 && p.c.Answer.Each == "":
		r.all = words["rejected"] // the carrier's word, and not that it took it
	case good && r.code != "" && p.c.Answer.Each != "":
		r.all = words["rejected"]
	case good && p.c.Answer.Each != "":
		r.each = p.readEach(doc, c)
		if r.each == nil {
			r.all = words["in_doubt"]
		}
	case good && len(p.c.Answer.OK) > 0:
		r.all = words["in_doubt"] // it is not what the carrier answers
	default:
		r.all = byStatus(a.status, a.header)
	}
	if r.all.outcome == sms.Taken && r.id == "" && p.c.Answer.ID != "" && r.each == nil {
		r.all = words["in_doubt"]
	}
	return r
}

func (p *Provider) ok(code string) bool {
	for _, one := range p.c.Answer.OK {
		if one == code {
			return true
		}
	}
	return false
}

// readEach reads the list with an element for each number; nil: it is not there. Who is
// not in it is in doubt.
func (p *Provider) readEach(doc any, c *call) []element {
	all := elements(doc, p.c.Answer.Each)
	if len(all) == 0 {
		return nil
	}
	each := make([]element, len(c.msgs))
	for i := range each {
		each[i].verdict = words["in_doubt"]
	}
	places := map[sms.Number]int{}
	if p.c.Answer.EachNumber != "" {
		for i := range c.msgs {
			places[c.msgs[i].To] = i
		}
	}
	for k, one := range all {
		i, ok := k, k < len(each)
		if p.c.Answer.EachNumber != "" {
			i, ok = places[readNumber(fields(one, p.c.Answer.EachNumber), true)]
		}
		if !ok {
			continue
		}
		e := &each[i]
		e.code, e.id = field(one, p.c.Answer.EachCode), field(one, p.c.Answer.EachID)
		if v, listed := p.verdictOn(e.code); p.ok(e.code) {
			e.verdict = words["taken"]
		} else if listed {
			e.verdict = v
		} else if e.code != "" {
			e.verdict = words["rejected"]
		}
	}
	return each
}

// mostPause is the longest that a Retry-After is obeyed: after it the carrier is asked.
const mostPause = 10 * time.Minute

// retryAfter is how long the carrier asks to wait (RFC 9110, section 10.2.3); 0: it does not.
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.Atoi(s); err == nil {
		return min(max(time.Duration(min(n, 1<<20))*time.Second, 0), mostPause)
	}
	if at, err := http.ParseTime(s); err == nil {
		return min(max(at.Sub(now), 0), mostPause)
	}
	return 0
}

// number is a code as an Ack's Code has it: its digits, 0 when it has none.
func number(code string) uint32 {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
