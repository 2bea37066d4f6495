package cmpp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	"tocsin/providers/link/linktest"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

// A peer is the gateway's end of one connection.
type peer struct{ *linktest.Peer }

// next is the next PDU; ok is false when the line is cut.
func (p *peer) next() (h Header, body []byte, ok bool) {
	frame, ok := p.Next()
	if ok {
		h, body = Split(frame)
	}
	return h, body, ok
}

// say writes a PDU; body may be nil.
func (p *peer) say(id, sequence uint32, body wire.Body) {
	if body == nil {
		body = &nothing{}
	}
	b, err := Append(nil, id, sequence, body)
	if err != nil {
		p.T.Error(err)
	}
	p.Say(b)
}

const secret = "888888"

// login takes CONNECT, checks its digest and lets the provider in.
func (p *peer) login() {
	h, body, ok := p.next()
	if !ok {
		return
	}
	var c Connect
	if err := wire.Decode(body, &c); err != nil || h.ID != ConnectID {
		p.T.Errorf("got PDU %#x, %v, want CONNECT", h.ID, err)
	}
	digest := Authenticator("900001", secret, c.Timestamp)
	if !bytes.Equal(c.Authenticator, digest[:]) || string(c.Source) != "900001" {
		p.T.Errorf("got the digest %x of %q, want %x", c.Authenticator, c.Source, digest)
	}
	a := ConnectAnswer{Wide: Version(c.Version).wide(), Version: c.Version}
	own := Reply(a, digest, secret)
	a.Authenticator = own[:]
	p.say(ConnectID|Response, h.Sequence, &a)
}

// serve hands every PDU to handle until the line is cut.
func (p *peer) serve(handle func(h Header, body []byte)) {
	for {
		h, body, ok := p.next()
		if !ok {
			return
		}
		handle(h, body)
	}
}

// usual does with a PDU what a gateway without troubles does.
func (p *peer) usual(h Header, _ []byte) {
	switch h.ID {
	case SubmitID:
		p.say(SubmitID|Response, h.Sequence, &SubmitAnswer{V30, 0xb2b9da8000010000 + uint64(h.Sequence), 0})
	case ActiveTestID:
		p.say(ActiveTestID|Response, h.Sequence, &reserved{})
	case TerminateID:
		p.say(TerminateID|Response, h.Sequence, nil)
	}
}

// A stage is a provider at work with a scripted gateway.
type stage = linktest.Stage[*Provider]

// play runs a provider whose every connection meets script, and act beside it.
func play(t *testing.T, c Config, script func(*peer), act func(*stage)) {
	t.Helper()
	if c.SourceAddr = "900001"; c.Version == 0 {
		c.Version = V30
	}
	if c.Password == "" {
		c.Password = secret
	}
	linktest.Play[*Provider]{
		Header: HeaderSize, Max: MaxFrame,
		Make: func(dial func(context.Context) (net.Conn, error)) (*Provider, error) {
			return New(Options{Config: c, Logger: smstest.Logger(t, secret), Dial: dial})
		},
		Script: func(p *linktest.Peer) { script(&peer{p}) }, Act: act,
	}.Run(t)
}

// order is what happened, one word a thing.
type order struct {
	mu    sync.Mutex
	words []string
}

func (o *order) add(format string, a ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.words = append(o.words, fmt.Sprintf(format, a...))
}

func (o *order) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return fmt.Sprint(o.words)
}
