package providertest_test

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A peer is the scripted carrier's end of one connection. Like a socket it takes what
// is to be written without waiting until it is read.
type peer struct {
	*tongue
	stage *stage
	t     *testing.T
	conn  net.Conn
	r     *wire.Reader
	n     int    // of the connection, from 1
	hello []byte // the provider's login

	out     chan speech
	written chan struct{} // closed when all of out is
	once    sync.Once
	ids     uint32 // sequence numbers of its own
}

// A speech is what is said after a pause. It is not the script that pauses: it goes on
// hearing what the provider says.
type speech struct {
	octets []byte
	pause  time.Duration
}

func newPeer(s *stage, conn net.Conn, n int) *peer {
	p := &peer{
		tongue: s.tongue, stage: s, t: s.t, conn: conn, r: wire.NewReader(conn, s.tongue.header, s.tongue.max), n: n,
		out: make(chan speech, 10_000), written: make(chan struct{}),
	}
	go func() {
		defer close(p.written)
		for next := range p.out {
			if next.pause > 0 {
				time.Sleep(next.pause)
			}
			p.conn.Write(next.octets) // an error is the provider's having cut the line
		}
	}()
	return p
}

// hangUp closes the connection behind what was said.
func (p *peer) hangUp() {
	p.once.Do(func() { close(p.out) })
	<-p.written
	p.conn.Close()
}

// reset cuts the connection so that what is under way is lost, where the network knows how.
func (p *peer) reset() {
	if c, ok := p.conn.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
	p.hangUp()
}

// next is the next PDU; ok is false when the line is cut.
func (p *peer) next() (h heard, ok bool) {
	frame, err := p.r.Next()
	if err != nil {
		return h, false
	}
	h = p.read(bytes.Clone(frame))
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

// say writes octets.
func (p *peer) say(octets []byte) { p.sayAfter(0, octets) }

func (p *peer) sayAfter(pause time.Duration, octets []byte) { p.out <- speech{octets, pause} }

// drip says octets one by one.
func (p *peer) drip(octets []byte, pause time.Duration) {
	for i := range octets {
		p.sayAfter(pause, octets[i:i+1])
	}
}

// take answers a submit: it was taken.
func (p *peer) take(h heard) {
	p.stage.took(h.to)
	p.say(p.answer(h, 0))
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
		p.say(p.admit(h, 0))
	}
}

// usual does with a PDU what a carrier without troubles does.
func (p *peer) usual(h heard) {
	switch h.kind {
	case submit:
		p.take(h)
	case keepAlive, goodbye:
		p.say(p.empty(h))
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
		if p.n > 1 {
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
