package smpp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"

	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

// A peer is the carrier's end of one connection.
type peer struct{ *linktest.Peer }

// next is the next PDU; ok is false when the line is cut.
func (p *peer) next() (h Header, body []byte, ok bool) {
	frame, ok := p.Next()
	if ok {
		h, body = Split(frame)
	}
	return h, body, ok
}

// answer answers h; body may be nil.
func (p *peer) answer(h Header, status uint32, body wire.Body) {
	p.Say(p.pdu(h.ID|Response, status, h.Sequence, body))
}

func (p *peer) pdu(id, status, sequence uint32, body wire.Body) []byte {
	if body == nil {
		return AppendEmpty(nil, id, status, sequence)
	}
	b, err := Append(nil, id, status, sequence, body)
	if err != nil {
		p.T.Error(err)
	}
	return b
}

// login takes the bind request and lets the provider in.
func (p *peer) login() {
	if h, _, ok := p.next(); ok {
		p.answer(h, StatusOK, &BindAnswer{SystemID: "carrier", Options: tlv(TagInterfaceVersion, "\x34")})
	}
}

// idOf is the message_id that usual gives to a submit.
func idOf(h Header) string { return fmt.Sprintf("%x", h.Sequence) }

// usual does with a PDU what a carrier without troubles does.
func (p *peer) usual(h Header, _ []byte) {
	switch h.ID {
	case SubmitSM:
		p.answer(h, StatusOK, &Answer{ID: []byte(idOf(h))})
	case SubmitMulti:
		p.answer(h, StatusOK, &MultiAnswer{ID: []byte(idOf(h))})
	case EnquireLink, UnbindCommand:
		p.answer(h, StatusOK, nil)
	}
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

// serveSubmits handles submits by handle and the rest as usual.
func (p *peer) serveSubmits(handle func(h Header, body []byte)) {
	p.serve(func(h Header, body []byte) {
		if h.ID == SubmitSM || h.ID == SubmitMulti {
			handle(h, body)
		} else {
			p.usual(h, body)
		}
	})
}

// A stage is a provider at work with a scripted carrier.
type stage = linktest.Stage[*Provider]

// play runs a provider whose every connection meets script, and act beside it.
func play(t *testing.T, c Config, script func(*peer), act func(*stage)) {
	t.Helper()
	playOver(t, c, nil, script, act)
}

// playOver puts the provider's end of each connection through wrap, if not nil.
func playOver(t *testing.T, c Config, wrap func(net.Conn) net.Conn, script func(*peer), act func(*stage)) {
	t.Helper()
	c.SystemID, c.Password = "tocsin", "secret"
	linktest.Play[*Provider]{
		Header: HeaderSize, Max: MaxFrame, Wrap: wrap,
		Make: func(dial func(context.Context) (net.Conn, error)) (*Provider, error) {
			return New(Options{Config: c, Logger: smstest.Logger(t, c.Password), Dial: dial})
		},
		Script: func(p *linktest.Peer) { script(&peer{p}) }, Act: act,
	}.Run(t)
}

// refs are the references of the receipts that were kept.
func refs(s *stage) (all []string) {
	for _, r := range s.Receipts() {
		all = append(all, string(r.Ref))
	}
	return all
}

// texted are the texts of the messages that were kept.
func texted(s *stage) (all []string) {
	for _, m := range s.Incoming() {
		all = append(all, m.Text)
	}
	return all
}

// texts are n messages of a text each; warnings are n of one text.
func texts(n int) []sms.Message {
	msgs := warnings(n)
	for i := range msgs {
		msgs[i].Content.Octets = bytes.Clone(msgs[i].Content.Octets)
	}
	return msgs
}

func warnings(n int) []sms.Message {
	content := sms.Content{Octets: []byte("Fire at the mill. Close your windows."), Segments: 1}
	envelope := &sms.Envelope{Campaign: 1, Sender: "Tocsin", Receipt: true}
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{To: sms.Number(8613800138000 + i), Content: content, Envelope: envelope}
	}
	return msgs
}
