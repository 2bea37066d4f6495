package cmpp

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

// A peer is the gateway's end of one connection.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *wire.Reader
	n    int // of the connection, from 1
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

// say writes a PDU; body may be nil.
func (p *peer) say(id, sequence uint32, body wire.Body) {
	if body == nil {
		body = &nothing{}
	}
	b, err := Append(nil, id, sequence, body)
	if err != nil {
		p.t.Error(err)
	}
	p.conn.Write(b) // an error is the provider's having cut the line
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
		p.t.Errorf("got PDU %#x, %v, want CONNECT", h.ID, err)
	}
	digest := Authenticator("900001", secret, c.Timestamp)
	if !bytes.Equal(c.Authenticator, digest[:]) || string(c.Source) != "900001" {
		p.t.Errorf("got the digest %x of %q, want %x", c.Authenticator, c.Source, digest)
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

// A stage is a provider at work with a scripted gateway, in a bubble of its own time.
type stage struct {
	t        *testing.T
	provider *Provider
	stop     context.CancelFunc
	ended    chan error // of Run

	mu       sync.Mutex
	dials    int
	receipts []sms.Receipt
	incoming []sms.Incoming
}

// play runs a provider whose every connection meets script, and act beside it.
func play(t *testing.T, c Config, script func(*peer), act func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, ended: make(chan error, 1)}
		var scripts sync.WaitGroup
		if c.SourceAddr = "900001"; c.Version == 0 {
			c.Version = V30
		}
		if c.Password == "" {
			c.Password = secret
		}
		p, err := New(Options{Config: c, Logger: smstest.Logger(t, secret), Dial: func(context.Context) (net.Conn, error) {
			s.mu.Lock()
			s.dials++
			n := s.dials
			s.mu.Unlock()
			ours, theirs := net.Pipe()
			scripts.Go(func() {
				defer theirs.Close()
				script(&peer{t, theirs, wire.NewReader(theirs, HeaderSize, MaxFrame), n})
			})
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
	for _, r := range receipts {
		r.Ref = bytes.Clone(r.Ref)
		s.receipts = append(s.receipts, r)
	}
	s.incoming = append(s.incoming, incoming...)
	return nil
}

// dialled is how often the provider has called.
func (s *stage) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// submit offers messages and waits for their acks.
func (s *stage) submit(msgs []sms.Message) []sms.Ack {
	acks := make([]sms.Ack, len(msgs))
	s.provider.Submit(context.Background(), msgs, acks)
	return acks
}

// wantAck reports an error unless a is what o and r say.
func wantAck(t *testing.T, a sms.Ack, o sms.Outcome, r sms.Reason) {
	t.Helper()
	if a.Outcome != o || a.Reason != r {
		t.Errorf("got %v %v, want %v %v", a.Outcome, a.Reason, o, r)
	}
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
