package linktest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers"
	"tocsin/providers/sms"
)

// A Play is a provider whose every connection meets a script.
type Play[P providers.Provider] struct {
	Header, Max int // octets of a frame
	// Make makes the provider, which calls by dial.
	Make   func(dial func(context.Context) (net.Conn, error)) (P, error)
	Wrap   func(net.Conn) net.Conn // goes around the provider's end of a connection; nil: nothing
	Script func(*Peer)             // the carrier, on each connection
	Act    func(*Stage[P])         // what happens beside it
}

// A Stage is a provider at work with a scripted carrier.
type Stage[P providers.Provider] struct {
	T        *testing.T
	Provider P
	Stop     context.CancelFunc
	Ended    chan error // of Run

	mu       sync.Mutex
	dials    []time.Duration // since the beginning
	receipts []sms.Receipt
	incoming []sms.Incoming
	refuse   bool
}

// Run runs the provider in a bubble of its own time until Act returns.
func (p Play[P]) Run(t *testing.T) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &Stage[P]{T: t, Ended: make(chan error, 1)}
		start := time.Now()
		var scripts sync.WaitGroup
		provider, err := p.Make(func(context.Context) (net.Conn, error) {
			s.mu.Lock()
			s.dials = append(s.dials, time.Since(start))
			n := len(s.dials)
			s.mu.Unlock()
			ours, theirs := net.Pipe()
			scripts.Go(func() {
				peer := NewPeer(t, theirs, n, p.Header, p.Max)
				defer peer.HangUp()
				p.Script(peer)
			})
			if p.Wrap != nil {
				ours = p.Wrap(ours)
			}
			return ours, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		s.Provider, s.Stop = provider, stop
		go func() { s.Ended <- provider.Run(ctx, s.receive) }()
		synctest.Wait()
		p.Act(s)
		stop()
		select {
		case <-s.Ended:
		case <-time.After(time.Minute):
			t.Error("run does not end")
		}
		scripts.Wait()
	})
}

func (s *Stage[P]) receive(receipts []sms.Receipt, incoming []sms.Incoming) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse {
		return errors.New("disk full")
	}
	for _, r := range receipts {
		r.Ref = bytes.Clone(r.Ref)
		s.receipts = append(s.receipts, r)
	}
	s.incoming = append(s.incoming, incoming...)
	return nil
}

// Refuse says whether receipts cannot be kept from here on.
func (s *Stage[P]) Refuse(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = yes
}

// Receipts are those that were kept.
func (s *Stage[P]) Receipts() []sms.Receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.receipts)
}

// Incoming are the messages that were kept.
func (s *Stage[P]) Incoming() []sms.Incoming {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.incoming)
}

// Dials is when the provider has called, since the beginning.
func (s *Stage[P]) Dials() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dials)
}

// WantDials reports an error unless the provider has called n times.
func (s *Stage[P]) WantDials(n int) {
	s.T.Helper()
	if got := len(s.Dials()); got != n {
		s.T.Errorf("got %d connections, want %d", got, n)
	}
}

// Submit offers messages and waits for their acks.
func (s *Stage[P]) Submit(msgs []sms.Message) []sms.Ack {
	acks := make([]sms.Ack, len(msgs))
	s.Provider.Submit(context.Background(), msgs, acks)
	return acks
}

// Begin offers messages without waiting; the acks hold when the channel closes.
func (s *Stage[P]) Begin(msgs []sms.Message) ([]sms.Ack, <-chan struct{}) {
	acks, done := make([]sms.Ack, len(msgs)), make(chan struct{})
	go func() {
		defer close(done)
		s.Provider.Submit(context.Background(), msgs, acks)
	}()
	synctest.Wait()
	return acks, done
}

// WantAck reports an error unless a is what o and r say.
func WantAck(t *testing.T, a sms.Ack, o sms.Outcome, r sms.Reason) {
	t.Helper()
	if a.Outcome != o || a.Reason != r {
		t.Errorf("got %v %v, want %v %v", a.Outcome, a.Reason, o, r)
	}
}
