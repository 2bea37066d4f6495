package providertest_test

import (
	"bytes"
	"net"
	"time"

	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
)

// A peer is the scripted carrier's end of one connection.
type peer struct {
	*linktest.Peer
	*tongue
	stage *stage
	hello []byte // the provider's login
	ids   uint32 // sequence numbers of its own
}

// reset cuts the connection so that what is under way is lost, where the network knows how.
func (p *peer) reset() {
	if c, ok := p.Conn.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
	p.HangUp()
}

// next is the next PDU; ok is false when the line is cut.
func (p *peer) next() (h heard, ok bool) {
	frame, ok := p.Next()
	if !ok {
		return h, false
	}
	h = p.read(frame)
	if h.kind == submit {
		p.stage.saw(h.to)
	}
	return h, true
}

// submits are the next n submits; the connection may be cut before.
func (p *peer) submits(n int) (all []heard) {
	for len(all) < n {
		h, ok := p.next()
		if !ok {
			return all
		}
		if h.kind == submit {
			all = append(all, h)
		}
	}
	return all
}

// drip says octets one by one.
func (p *peer) drip(octets []byte, pause time.Duration) {
	for i := range octets {
		p.SayAfter(pause, octets[i:i+1])
	}
}

// take answers a submit: it was taken.
func (p *peer) take(h heard) {
	p.stage.took(h.to)
	p.Say(p.answer(h, 0))
}

// sequence is the next number of a request of the carrier's own.
func (p *peer) sequence() uint32 {
	p.ids++
	return p.ids
}

// letIn takes the login and lets the provider in.
func (p *peer) letIn() {
	if h, ok := p.next(); ok {
		p.hello = h.frame
		p.Say(p.admit(h, 0))
	}
}

// usual does with a PDU what a carrier without troubles does.
func (p *peer) usual(h heard) {
	switch h.kind {
	case submit:
		p.take(h)
	case keepAlive, goodbye:
		p.Say(p.empty(h))
	}
}

// serve hands every PDU to handle until the line is cut.
func (p *peer) serve(handle func(h heard)) {
	for h, ok := p.next(); ok; h, ok = p.next() {
		handle(h)
	}
}

// serveSubmits handles submits by handle and the rest as usual.
func (p *peer) serveSubmits(handle func(h heard)) {
	p.serve(func(h heard) {
		if h.kind == submit {
			handle(h)
		} else {
			p.usual(h)
		}
	})
}

// well is a carrier without troubles.
func (p *peer) well() {
	p.letIn()
	p.serve(p.usual)
}

// firstThenWell is script on the first connection, and a carrier without troubles on
// those after it.
func firstThenWell(script func(p *peer)) func(p *peer) {
	return func(p *peer) {
		if p.N > 1 {
			p.well()
			return
		}
		p.letIn()
		script(p)
	}
}

// warnings are n messages to different people, each a PDU of its own when alone.
func warnings(n int, alone bool) []sms.Message {
	envelope := &sms.Envelope{Campaign: 1, Sender: "10690001", Receipt: true}
	text := []byte("Fire at the mill. Close your windows.")
	msgs := make([]sms.Message, n)
	for i := range msgs {
		if alone {
			text = bytes.Clone(text)
		}
		msgs[i] = sms.Message{To: sms.Number(8613900138000 + i), Content: sms.Content{Octets: text, Segments: 1}, Envelope: envelope}
	}
	return msgs
}
