package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"tocsin/providers"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// Pauses between two calls of a carrier that does not let us in: from the first, each
// twice the one before, to the longest; half of it either way is chance.
const (
	FirstPause   = 200 * time.Millisecond
	LongestPause = 30 * time.Second
)

const drainTime = 5 * time.Second // for answers in flight, and again for the goodbye

// keep connects, logs in and serves again and again until ctx ends, with growing
// pauses while it does not succeed. It returns an error only for ErrCredentials.
func (p *Link) keep(ctx context.Context, role Role, receive sms.ReceiveFunc) error {
	pause := FirstPause
	for ctx.Err() == nil {
		start := time.Now()
		err := p.session(ctx, role, receive)
		if ctx.Err() != nil {
			return nil
		}
		p.mu.Lock()
		p.fault = err.Error()
		p.mu.Unlock()
		if errors.Is(err, ErrCredentials) {
			return err
		}
		p.log.Warn("line is down", "address", p.c.Address, "err", err)
		if time.Since(start) > LongestPause {
			pause = FirstPause
		}
		// Jitter keeps many lines from coming back at once.
		t := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		pause = min(2*pause, LongestPause)
	}
	return nil
}

// session is one connection from dial to close.
func (p *Link) session(ctx context.Context, role Role, receive sms.ReceiveFunc) error {
	dialing, cancel := context.WithTimeout(ctx, DialTimeout)
	conn, err := p.dial(dialing)
	cancel()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) }) // while logging in
	r := wire.NewReader(conn, p.c.HeaderSize, p.c.MaxFrame)
	conn.SetDeadline(time.Now().Add(DialTimeout))
	speaker, err := p.protocol.Login(conn, r, role)
	conn.SetDeadline(time.Time{})
	if !stop() {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	p.log.Info("line is up", "address", p.c.Address)
	return p.serve(ctx, conn, r, speaker, role, receive)
}

// serve works on a connection that is logged in until it ends.
func (p *Link) serve(ctx context.Context, conn net.Conn, r *wire.Reader, speaker Speaker, role Role, receive sms.ReceiveFunc) error {
	l := newLine(p, conn, speaker)
	s := &Session{p: p, line: l, reader: r, receipts: newReceipts(l, receive)}
	p.mu.Lock()
	if role.Sends {
		// A new slice: Submit and others look at the old one without the lock.
		p.lines = append(p.lines[:len(p.lines):len(p.lines)], l)
	} else {
		l.closed = true // it takes no submits
	}
	p.mu.Unlock()
	return s.run(ctx)
}

// A Session is a connection at work, as its Speaker sees it.
type Session struct {
	// Reply is written when what has arrived is heard: append to it what is to be
	// answered at once.
	Reply []byte

	p        *Link
	line     *line
	reader   *wire.Reader
	receipts *receipts
	heard    bool   // answers to submits
	refused  error  // the login does not hold
	goodbye  []byte // our answer to the carrier's goodbye
	parting  bool   // it said goodbye
	parted   bool   // it has our answer
}

// run serves until the line is cut, the carrier says goodbye, or ctx ends.
func (s *Session) run(ctx context.Context) error {
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(s.receipts.run)
	wg.Go(func() { s.watch(ctx, stop) })
	s.line.answered.Store(time.Now().UnixNano())
	s.line.pump()
	err := s.read()
	switch {
	case s.parting:
		s.part()
		err = ErrGoodbye
	case errors.Is(err, ErrGoodbye): // ours is answered
		s.shut()
		HangUp(s.line.conn)
	}
	s.down()
	close(stop)
	s.line.conn.Close()
	s.receipts.close()
	wg.Wait()
	return err
}

// down takes the line out of service and settles what was in flight on it.
func (s *Session) down() {
	p := s.p
	s.shut()
	// Whoever is writing finds the line closed; wait, to know what left. Until then the line
	// stays among the others: a caller that gives up finds its messages in flight there.
	s.line.conn.Close()
	s.line.writing.Lock()
	defer s.line.writing.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	var lines []*line
	for _, l := range p.lines {
		if l != s.line {
			lines = append(lines, l)
		}
	}
	p.lines = lines
	for i := range s.line.slots {
		k := &s.line.slots[i]
		if a := k.ask; a != nil {
			if k.ask = nil; k.unsent {
				a.end(nil, providers.ErrNotAsked)
			} else {
				a.end(nil, providers.ErrNoAnswer)
			}
		}
		if k.job == nil {
			continue
		}
		v := Verdict{sms.Unknown, sms.LineDown}
		if k.unsent {
			v.Outcome = sms.NotSent
		}
		k.job.answer(k, v, 0, nil)
		k.job = nil
	}
	// What waits for room had its turn at the rate: it does not leave in a burst by another
	// line, but has another turn.
	p.unsent()
}

// read takes what arrives until the line ends.
func (s *Session) read() error {
	for {
		frame, err := s.reader.Next()
		if err != nil {
			return err
		}
		s.line.answered.Store(time.Now().UnixNano())
		s.heard = false
		for {
			err := s.line.speaker.Hear(frame, s)
			if err == nil && s.refused != nil && s.line.settled() {
				err = s.refused
			}
			if err != nil {
				s.flushReply()
				return err
			}
			if !s.reader.Buffered() {
				break
			}
			if frame, err = s.reader.Next(); err != nil {
				return err
			}
		}
		if err := s.flushReply(); err != nil {
			return err
		}
		if s.heard {
			s.line.pump()
		}
		if s.parting && s.line.settled() {
			s.part()
		}
		if err := s.receipts.offer(); err != nil {
			return err
		}
	}
}

// HearGoodbye is the carrier's goodbye. Nothing more is sent; but what the carrier has
// taken it may still answer, so that our answer waits for that.
func (s *Session) HearGoodbye(answer []byte) {
	s.parting, s.goodbye = true, answer
	s.shut()
	s.line.conn.SetReadDeadline(time.Now().Add(drainTime))
}

// shut ends the sending of requests on the line.
func (s *Session) shut() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.line.closed = true
}

// part lets the carrier hang up, for which it has a second: a line that is cut while
// receipts are on their way would take the answer with it.
func (s *Session) part() {
	if s.parted {
		return
	}
	s.parted = true
	s.Reply = append(s.Reply, s.goodbye...)
	s.flushReply() // or it has hung up already
	s.line.conn.SetReadDeadline(time.Now().Add(time.Second))
}

func (s *Session) flushReply() error {
	if len(s.Reply) == 0 {
		return nil
	}
	err := s.line.say(s.Reply)
	s.Reply = s.Reply[:0]
	return err
}
