package httpgw

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tocsin/providers/sms"
)

// compileCallback checks how the carrier calls, and makes the address it is told.
func (p *Provider) compileCallback() error {
	b := &p.c.Callback
	if b.Path == "" && p.c.Incoming == nil {
		return nil
	}
	if b.Name == "" {
		b.Name = map[string]string{"key": "key", "header": "X-Callback-Key", "hmac": "X-Signature"}[b.Auth]
	}
	if b.Auth == "twilio" && b.Password == "" {
		b.Password = p.c.Password
	}
	switch {
	case b.Path != "" && p.c.Receipts == nil:
		return errors.New("callback: nobody says how receipts are read: write receipts")
	case b.Auth != "key" && b.Auth != "header" && b.Auth != "basic" && b.Auth != "hmac" && b.Auth != "twilio":
		return fmt.Errorf("callback: auth %q is not known: key, header, basic, hmac or twilio", b.Auth)
	case b.Password == "":
		return errors.New("callback: anybody could call: write password: {file: PATH} or {env: NAME}")
	case b.Auth == "key" && !keyForm.MatchString(b.Password):
		return errors.New("callback: a key in an address has letters, digits, hyphens and dots alone")
	case b.Auth == "twilio" && b.URL == "":
		return errors.New("callback: twilio signs the address it calls: write callbacks: {url: https://HOST}")
	}
	var err error
	if p.suffix, err = compileText(b.Suffix, p.known); err != nil {
		return fmt.Errorf("callback: %w", err)
	}
	if b.URL != "" && b.Path != "" {
		p.callback = b.URL + b.Path
		if b.Auth == "key" {
			p.callback += "?" + b.Name + "=" + b.Password
		}
	}
	return nil
}

// attach puts the provider's handlers behind the door.
func (p *Provider) attach(receive sms.ReceiveFunc) (leave func(), err error) {
	leave = func() {}
	if path := p.c.Callback.Path; path != "" {
		if leave, err = p.door.attach(path, p.handler(receive, p.takeReceipts, p.c.Receipts.Reply), p.log); err != nil {
			return nil, err
		}
	}
	if in := p.c.Incoming; in != nil && in.Path != "" {
		leaveIncoming, err := p.door.attach(in.Path, p.handler(receive, p.takeIncoming, in.Reply), p.log)
		if err != nil {
			leave()
			return nil, err
		}
		first := leave
		leave = func() { first(); leaveIncoming() }
	}
	return leave, nil
}

// handler serves a callback. It answers 200 only once what it brought is on disk.
func (p *Provider) handler(receive sms.ReceiveFunc, read func(doc any) ([]sms.Receipt, []sms.Incoming, bool), reply string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost && r.Method != http.MethodGet {
			http.Error(w, "POST or GET", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		case err != nil:
			http.Error(w, "cut off", http.StatusBadRequest)
			return
		}
		query := r.URL.Query()
		form := url.Values{}
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if kind == "application/x-www-form-urlencoded" {
			if form, err = url.ParseQuery(string(body)); err != nil {
				http.Error(w, "no form", http.StatusBadRequest)
				return
			}
		}
		if !p.genuine(r, query, form, body) {
			if p.c.Callback.Auth == "basic" {
				w.Header().Set("WWW-Authenticate", `Basic realm="callbacks"`)
			}
			http.Error(w, "who is calling?", http.StatusUnauthorized)
			return
		}
		var doc any
		if len(body) == 0 || len(form) > 0 {
			for key, values := range query { // what our own address told the carrier to repeat
				form[key] = append(form[key], values...)
			}
			doc = asDocument(form)
		} else if doc = readJSON(body); doc == nil {
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
		receipts, incoming, whole := read(doc)
		if !whole {
			p.log.Warn("a callback holds what cannot be read: it is left out")
		}
		if len(receipts)+len(incoming) > 0 {
			if err := receive(receipts, incoming); err != nil {
				http.Error(w, "not kept: say it again", http.StatusServiceUnavailable)
				return
			}
		}
		if strings.HasPrefix(reply, "{") {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
		} else if strings.HasPrefix(reply, "<") {
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		}
		io.WriteString(w, reply)
	})
}

// genuine reports whether the carrier is calling.
func (p *Provider) genuine(r *http.Request, query, form url.Values, body []byte) bool {
	b := &p.c.Callback
	switch b.Auth {
	case "key":
		return same(query.Get(b.Name), b.Password)
	case "header":
		return same(r.Header.Get(b.Name), b.Password)
	case "basic":
		login, password, _ := r.BasicAuth()
		known := same(login, b.Login)
		return same(password, b.Password) && known
	case "hmac":
		s := Sign{Kind: "hmac"}
		got := strings.TrimPrefix(r.Header.Get(b.Name), "sha256=")
		return same(strings.ToLower(got), s.digest(b.Password, string(body)))
	case "twilio":
		return same(r.Header.Get("X-Twilio-Signature"), twilioSignature(b.Password, b.URL+r.URL.RequestURI(), form))
	}
	return false
}

// same compares in a time that tells nothing but lengths.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (p *Provider) takeReceipts(doc any) (receipts []sms.Receipt, _ []sms.Incoming, whole bool) {
	whole = true
	for _, record := range elements(doc, p.c.Receipts.Each) {
		one, ok := p.c.Receipts.receipt(record, p.c.Answer.Own)
		if ok {
			receipts = append(receipts, one)
		} else if one.To == 0 {
			whole = false
		}
	}
	return receipts, nil, whole
}

func (p *Provider) takeIncoming(doc any) (_ []sms.Receipt, incoming []sms.Incoming, whole bool) {
	in := p.c.Incoming
	whole = true
	for _, record := range elements(doc, in.Each) {
		one := sms.Incoming{From: fields(record, in.From), To: fields(record, in.To), Text: field(record, in.Text), Ref: field(record, in.ID)}
		if one.From == "" {
			whole = false
			continue
		}
		if n := readNumber(one.From, true); n != 0 {
			one.From = n.Digits()
		}
		one.Text = string(bytes.ToValidUTF8([]byte(one.Text), []byte("\uFFFD")))
		if at := readTime(field(record, in.Time), in.Layout); at > 0 {
			one.Time = time.UnixMilli(at)
		} else {
			one.Time = time.Now()
		}
		incoming = append(incoming, one)
	}
	return nil, incoming, whole
}
