package smpp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

// A peer is the carrier's end of one connection. Like a socket it takes what is
// to be written without waiting until it is read.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *wire.Reader
	n    int // of the connection, from 1

	out     chan []byte
	written chan struct{} // closed when all of out is
	once    sync.Once
}

func newPeer(t *testing.T, conn net.Conn, n int) *peer {
	p := &peer{
		t: t, conn: conn, r: wire.NewReader(conn, HeaderSize, MaxFrame), n: n,
		out: make(chan []byte, 1000), written: make(chan struct{}),
	}
	go func() {
		defer close(p.written)
		for b := range p.out {
			p.conn.Write(b) // an error is the provider's having cut the line
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

// next is the next PDU; ok is false when the line is cut.
func (p *peer) next() (h Header, body []byte, ok bool) {
	frame, err := p.r.Next()
	if err != nil {
		return h, nil, false
	}
	h, body = Split(bytes.Clone(frame))
	return h, body, true
}

// say writes octets.
func (p *peer) say(octets []byte) { p.out <- octets }

// answer answers h; body may be nil.
func (p *peer) answer(h Header, status uint32, body wire.Body) {
	p.say(p.pdu(h.ID|Response, status, h.Sequence, body))
}

func (p *peer) pdu(id, status, sequence uint32, body wire.Body) []byte {
	if body == nil {
		return AppendEmpty(nil, id, status, sequence)
	}
	b, err := Append(nil, id, status, sequence, body)
	if err != nil {
		p.t.Error(err)
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

// A stage is a provider at work with a scripted carrier, in a bubble of its own
// time.
type stage struct {
	t        *testing.T
	provider *Provider
	stop     context.CancelFunc
	ended    chan error // of Run

	mu       sync.Mutex
	dials    []time.Duration // since the beginning
	receipts []string        // references
	incoming []string        // texts
	refuse   bool            // receive fails
}

// play runs a provider whose every connection meets script, and act beside it.
func play(t *testing.T, c Config, script func(*peer), act func(*stage)) {
	t.Helper()
	playOver(t, c, nil, script, act)
}

// playOver puts the provider's end of each connection through wrap, if not nil.
func playOver(t *testing.T, c Config, wrap func(net.Conn) net.Conn, script func(*peer), act func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, ended: make(chan error, 1)}
		start := time.Now()
		var scripts sync.WaitGroup
		c.SystemID, c.Password = "tocsin", "secret"
		p, err := New(Options{Config: c, Logger: smstest.Logger(t, c.Password), Dial: func(context.Context) (net.Conn, error) {
			s.mu.Lock()
			s.dials = append(s.dials, time.Since(start))
			n := len(s.dials)
			s.mu.Unlock()
			ours, theirs := net.Pipe()
			scripts.Go(func() {
				p := newPeer(t, theirs, n)
				defer p.hangUp()
				script(p)
			})
			if wrap != nil {
				ours = wrap(ours)
			}
			return ours, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		s.provider, s.stop = p, stop
		go func() { s.ended <- p.Run(ctx, s.receive) }()
		synctest.Wait()
		act(s)
		stop()
		select {
		case <-s.ended:
		case <-time.After(time.Minute):
			t.Error("run does not end")
		}
		scripts.Wait()
	})
}

func (s *stage) receive(receipts []sms.Receipt, incoming []sms.Incoming) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse {
		return fmt.Errorf("disk full")
	}
	for _, r := range receipts {
		s.receipts = append(s.receipts, string(r.Ref))
	}
	for _, m := range incoming {
		s.incoming = append(s.incoming, m.Text)
	}
	return nil
}

// submit offers messages and waits for their acks.
func (s *stage) submit(msgs []sms.Message) []sms.Ack {
	acks := make([]sms.Ack, len(msgs))
	s.provider.Submit(context.Background(), msgs, acks)
	return acks
}

// begin offers messages without waiting; the acks hold when the channel closes.
func (s *stage) begin(msgs []sms.Message) ([]sms.Ack, <-chan struct{}) {
	acks, done := make([]sms.Ack, len(msgs)), make(chan struct{})
	go func() {
		defer close(done)
		s.provider.Submit(context.Background(), msgs, acks)
	}()
	synctest.Wait()
	return acks, done
}

// dialled is how often the provider has called the carrier.
func (s *stage) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.dials)
}

// wantDials reports an error unless the provider has called n times.
func (s *stage) wantDials(n int) {
	s.t.Helper()
	if got := s.dialled(); got != n {
		s.t.Errorf("got %d connections, want %d", got, n)
	}
}

// wantAck reports an error unless a is what o and r say.
func wantAck(t *testing.T, a sms.Ack, o sms.Outcome, r sms.Reason) {
	t.Helper()
	if a.Outcome != o || a.Reason != r {
		t.Errorf("got %v %v, want %v %v", a.Outcome, a.Reason, o, r)
	}
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
