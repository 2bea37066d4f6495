package httpgw

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tocsin/providers/sms"
)

// beijing is the time zone of China's carriers.
var beijing = time.FixedZone("CST", 8*3600)

// placeholders are those there are besides an account's values.
var placeholders = map[string]bool{
	"account": true, "password": true, "sender": true, "reference": true, "callback": true, "timestamp": true, "nonce": true,
	"signed": true, "date": true, "since": true, "until": true, "validity_seconds": true, "validity_minutes": true,
	"number": true, "national": true, "text": true, "unsigned": true, "signature": true, "segments": true, "coding": true,
	"body": true, "method": true, "path": true,
}

type header struct {
	key   string
	value parts
}

// A form is a Request ready to be written again and again.
type form struct {
	method      string
	path        parts
	query, data *Template
	json        *Template
	headers     []header
	mixed       bool
}

func (p *Provider) known(name string) bool {
	_, ok := p.c.Values[name]
	return ok || placeholders[name]
}

func (p *Provider) form(r *Request) (*form, error) {
	f := &form{method: r.Method}
	if f.method == "" {
		f.method = http.MethodPost
	}
	if len(r.Form) > 0 && r.JSON != nil {
		return nil, fmt.Errorf("a body is a form or JSON: keep one")
	}
	var err error
	if f.path, err = compileText(p.base.EscapedPath()+r.Path, p.known); err != nil {
		return nil, err
	}
	for _, t := range []struct {
		to   **Template
		from any
	}{{&f.query, any(r.Query)}, {&f.data, any(r.Form)}, {&f.json, r.JSON}} {
		if m, ok := t.from.(map[string]any); ok && len(m) == 0 {
			continue
		}
		if *t.to, err = compile(t.from, p.known); err != nil {
			return nil, err
		}
	}
	for key, value := range r.Headers {
		line, err := compileText(value, p.known)
		if err != nil {
			return nil, err
		}
		f.headers = append(f.headers, header{key, line})
	}
	f.mixed = (f.query == nil || f.query.mixed) && (f.data == nil || f.data.mixed) && (f.json == nil || f.json.mixed)
	return f, nil
}

// A call is one request's matter.
type call struct {
	p         *Provider
	msgs      []sms.Message
	at        time.Time
	asked     time.Time // when what it asks about was sent; zero: it asks about nothing
	reference string
	nonce     string
	signed    string
	signing   *signing // what hmac may be made of; nil before it is written

	texts []string // of msgs, read once
}

func (p *Provider) newCall(msgs []sms.Message) *call {
	var random [16]byte
	rand.Read(random[:]) // it never fails
	return &call{
		p: p, msgs: msgs, at: time.Now(), reference: hex.EncodeToString(random[:8]), nonce: hex.EncodeToString(random[:]),
		texts: make([]string, len(msgs)),
	}
}

// clocksDiffer is by how much ours and a carrier's may.
const clocksDiffer = 2 * time.Minute

// about is when what the call is about was sent.
func (c *call) about() time.Time {
	if !c.asked.IsZero() {
		return c.asked
	}
	return c.at
}

// text is message i's, as UTF-8. Neighbours with the same content share it.
func (c *call) text(i int) string {
	if c.texts[i] == "" {
		if i > 0 && c.msgs[i].Content.Same(c.msgs[i-1].Content) {
			c.texts[i] = c.text(i - 1)
		} else {
			c.texts[i] = string(c.msgs[i].Content.AppendText(nil))
		}
	}
	return c.texts[i]
}

// signature cuts a text into its signature, without the brackets, and the rest.
func signature(text string) (name, rest string) {
	if after, ok := strings.CutPrefix(text, "【"); ok {
		if name, rest, ok := strings.Cut(after, "】"); ok {
			return name, rest
		}
	}
	return "", text
}

// say is what a placeholder stands for.
func (c *call) say(name string, i int) string {
	switch name {
	case "account":
		return c.p.c.Account
	case "password":
		return c.p.c.Password
	case "reference":
		return c.reference
	case "nonce":
		return c.nonce
	case "signed":
		return c.signed
	case "timestamp":
		return decimal(c.at.Unix())
	case "date":
		return c.about().In(beijing).Format("20060102")
	case "since":
		return decimal(c.about().Add(-clocksDiffer).Unix())
	case "until":
		return decimal(c.at.Add(clocksDiffer).Unix())
	case "body", "method", "path":
		return c.written(name)
	}
	if len(c.msgs) == 0 {
		return c.p.c.Values[name]
	}
	return c.sayMessage(name, &c.msgs[i], i)
}

func (c *call) written(name string) string {
	switch {
	case c.signing == nil:
		return ""
	case name == "body":
		return string(c.signing.body)
	case name == "method":
		return c.signing.method
	}
	return c.signing.path
}

func (c *call) sayMessage(name string, m *sms.Message, i int) string {
	switch name {
	case "number":
		return m.To.Digits()
	case "national":
		return string(m.To.AppendChina(nil, true))
	case "text":
		return c.text(i)
	case "unsigned":
		_, rest := signature(c.text(i))
		return rest
	case "signature":
		if own, _ := signature(c.text(i)); own != "" {
			return own
		}
		return c.p.c.Values[name]
	case "sender":
		if m.Envelope.Sender != "" {
			return m.Envelope.Sender
		}
		return c.p.c.Sender
	case "callback":
		if m.Envelope.Receipt && c.p.callback != "" {
			return c.p.callback + c.p.suffix.line(c, i)
		}
		return ""
	case "segments":
		return decimal(int64(m.Content.Segments))
	case "coding":
		if m.Content.Coding == sms.GSM7 {
			return c.p.c.Codings["gsm7"]
		}
		return c.p.c.Codings["ucs2"]
	case "validity_seconds":
		return c.validity(m, time.Second)
	case "validity_minutes":
		return c.validity(m, time.Minute)
	}
	return c.p.c.Values[name]
}

// validity is how long the carrier may try, 1 at least; "": as long as it likes.
func (c *call) validity(m *sms.Message, unit time.Duration) string {
	if m.Envelope.Expires.IsZero() {
		return ""
	}
	left := m.Envelope.Expires.Sub(c.at)
	if most := c.p.c.MaxValidity; most > 0 {
		left = min(left, most)
	}
	return decimal(max(int64(left/unit), 1))
}

// make writes a request in a form.
func (c *call) make(ctx doer, f *form) (*response, error) {
	s := &signing{method: f.method, header: http.Header{}, now: c.at, nonce: c.nonce, host: c.p.base.Host, path: f.path.line(c, 0)}
	if s.path == "" {
		s.path = "/"
	}
	k := &c.p.c.Sign
	if k.Of != "" && !strings.Contains(k.Of, "((body))") {
		c.signing = s
		c.signed = k.digest(c.p.c.Password, c.p.of.line(c, 0))
	}
	switch {
	case f.json != nil:
		s.header.Set("Content-Type", "application/json; charset=utf-8")
		s.body = appendJSON(nil, f.json.root, c, 0, len(c.msgs))
	case f.data != nil:
		s.header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.body = f.data.appendForm(nil, c, len(c.msgs))
	}
	for _, h := range f.headers {
		s.header.Set(h.key, h.value.line(c, 0))
	}
	s.query = string(f.query.appendForm(nil, c, len(c.msgs)))
	c.signing = s
	switch k.Kind {
	case "basic":
		auth := http.Request{Header: s.header}
		auth.SetBasicAuth(c.p.c.Account, c.p.c.Password)
	case "bearer":
		s.header.Set("Authorization", "Bearer "+c.p.c.Password)
	case "aliyun":
		signAliyun(s, c.p.c.Account, c.p.c.Password)
	case "tencent":
		signTencent(s, c.p.c.Account, c.p.c.Password, k.Service)
	case "hmac", "md5":
		if c.signed == "" {
			c.signed = k.digest(c.p.c.Password, c.p.of.line(c, 0))
		}
		if k.Header != "" {
			s.header.Set(k.Header, c.signed)
		}
	}
	address := c.p.base.Scheme + "://" + c.p.base.Host + s.path
	if s.query != "" {
		address += "?" + s.query
	}
	return ctx(s.method, address, s.header, s.body)
}

// A doer makes a request.
type doer func(method, address string, header http.Header, body []byte) (*response, error)

// readBase reads Config.URL.
func readBase(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("url is no https://HOST or http://HOST")
	case u.User != nil:
		return nil, fmt.Errorf("a password stands in url: write account and password")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("url ends with its path: parameters go into query")
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), ""
	return u, nil
}
