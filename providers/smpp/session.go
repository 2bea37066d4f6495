package smpp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

const (
	backOffFirst = 200 * time.Millisecond
	backOffMost  = 30 * time.Second
	drainTime    = 5 * time.Second // for answers in flight, and again for the goodbye
)

// keep connects, logs in and serves again and again until ctx ends, with growing
// pauses while it does not succeed. It returns an error only for ErrCredentials.
func (p *Provider) keep(ctx context.Context, bind uint32, receive sms.ReceiveFunc) error {
	pause := backOffFirst
	for ctx.Err() == nil {
		start := time.Now()
		err := p.session(ctx, bind, receive)
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
		if time.Since(start) > backOffMost {
			pause = backOffFirst
		}
		// Jitter keeps many lines from coming back at once.
		t := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		pause = min(2*pause, backOffMost)
	}
	return nil
}

// session is one connection from dial to close.
func (p *Provider) session(ctx context.Context, bind uint32, receive sms.ReceiveFunc) error {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	conn, err := p.dial(dialing)
	cancel()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) }) // while logging in
	r := wire.NewReader(conn, HeaderSize, MaxFrame)
	version, err := p.login(conn, r, bind)
	if !stop() {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	l := newLine(p, conn)
	l.version = version
	s := &session{p: p, line: l, reader: r, sends: bind != BindReceiver, receipts: newReceipts(l, receive)}
	p.mu.Lock()
	p.up++
	if s.sends {
		// A new slice: Submit and others look at the old one without the lock.
		p.lines = append(p.lines[:len(p.lines):len(p.lines)], l)
	} else {
		l.closed = true // a receiver takes no submits
	}
	p.mu.Unlock()
	p.log.Info("line is up", "address", p.c.Address, "version", version)
	return s.run(ctx)
}

// login sends the bind request and waits for its answer; version is the one the
// carrier names, 0 when it names none.
func (p *Provider) login(conn net.Conn, r *wire.Reader, bind uint32) (version byte, err error) {
	conn.SetDeadline(time.Now().Add(dialTimeout))
	defer conn.SetDeadline(time.Time{})
	request, err := Append(nil, bind, 0, 1, &Bind{
		SystemID: p.c.SystemID, Password: p.c.Password, SystemType: p.c.SystemType, Version: Version34,
	})
	if err != nil {
		return 0, fmt.Errorf("log in: %w", err)
	}
	if _, err := conn.Write(request); err != nil {
		return 0, fmt.Errorf("log in: %w", err)
	}
	frame, err := r.Next()
	if err != nil {
		return 0, fmt.Errorf("log in: no answer: %w", err)
	}
	h, body := Split(frame)
	if h.ID != bind|Response && h.ID != GenericNack {
		return 0, fmt.Errorf("log in: answered by PDU %#x: %w", h.ID, ErrPDU)
	}
	switch {
	case h.Status == StatusInvPasswd, h.Status == StatusInvSysID:
		return 0, fmt.Errorf("log in: status %#x: %w", h.Status, ErrCredentials)
	case h.Status != StatusOK:
		return 0, fmt.Errorf("log in: refused with status %#x", h.Status)
	case h.ID == GenericNack:
		return 0, fmt.Errorf("log in: %w", ErrPDU)
	}
	var answer BindAnswer
	if wire.Decode(body, &answer) != nil {
		return 0, nil // the login holds, whatever the carrier says of itself
	}
	return answer.Version(), nil
}

// A session is a line at work.
type session struct {
	p        *Provider
	line     *line
	reader   *wire.Reader
	receipts *receipts
	sends    bool
	reply    []byte
	parting  bool   // the carrier said unbind
	goodbye  uint32 // with this sequence number
	parted   bool   // it has its answer
}

// run serves until the line is cut, the carrier says goodbye, or ctx ends.
func (s *session) run(ctx context.Context) error {
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(s.receipts.run)
	wg.Go(func() { s.watch(ctx, stop) })
	s.line.answered.Store(time.Now().UnixNano())
	s.line.pump()
	err := s.read()
	if s.parting {
		s.part()
		err = errGoodbye
	}
	s.down()
	close(stop)
	s.line.conn.Close()
	s.receipts.close()
	wg.Wait()
	return err
}

// down takes the line out of service and settles what was in flight on it.
func (s *session) down() {
	p := s.p
	p.mu.Lock()
	p.up--
	var lines []*line
	for _, l := range p.lines {
		if l != s.line {
			lines = append(lines, l)
		}
	}
	p.lines = lines
	s.line.closed = true
	p.mu.Unlock()
	// Whoever is writing finds the line closed; wait, to know what left.
	s.line.conn.Close()
	s.line.writing.Lock()
	defer s.line.writing.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range s.line.slots {
		k := &s.line.slots[i]
		if k.job == nil {
			continue
		}
		v := verdict{sms.Unknown, sms.LineDown}
		if k.unsent {
			v.outcome = sms.NotSent
		}
		k.job.answer(k, v, 0, nil)
		k.job = nil
	}
	if len(p.lines) == 0 {
		p.unsent()
	}
}

// errGoodbye says that the session ended as it should.
var errGoodbye = errors.New("the carrier said goodbye")

// read takes what arrives until the line ends.
func (s *session) read() error {
	for {
		frame, err := s.reader.Next()
		if err != nil {
			return err
		}
		s.line.answered.Store(time.Now().UnixNano())
		answers := false
		for {
			h, body := Split(frame)
			if h.ID&Response != 0 {
				answers = true
			}
			if err := s.handle(h, body); err != nil {
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
		if answers {
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

// hearGoodbye is the carrier's unbind. Nothing more is sent; but what the carrier
// has taken it may still answer, so that its own answer waits for that.
func (s *session) hearGoodbye(sequence uint32) {
	s.parting, s.goodbye = true, sequence
	s.p.mu.Lock()
	s.line.closed = true
	s.p.mu.Unlock()
	s.line.conn.SetReadDeadline(time.Now().Add(drainTime))
}

// part lets the carrier hang up, for which it has a second: a line that is cut while
// receipts are on their way would take the answer with it.
func (s *session) part() {
	if s.parted {
		return
	}
	s.parted = true
	s.reply = AppendEmpty(s.reply, UnbindCommand|Response, 0, s.goodbye)
	s.flushReply() // or it has hung up already
	s.line.conn.SetReadDeadline(time.Now().Add(time.Second))
}

func (s *session) flushReply() error {
	if len(s.reply) == 0 {
		return nil
	}
	err := s.line.say(s.reply)
	s.reply = s.reply[:0]
	return err
}

// handle takes one PDU.
func (s *session) handle(h Header, body []byte) error {
	switch h.ID {
	case SubmitSM | Response, SubmitMulti | Response, GenericNack:
		if h.ID == GenericNack && h.Sequence == 0 {
			return fmt.Errorf("generic_nack with status %#x and no sequence number: %w", h.Status, ErrPDU)
		}
		if err := s.line.answer(h, body); err != nil {
			return err
		}
		return s.line.renew(h.Status)
	case DeliverSM, DataSM:
		return s.receipts.add(h, body)
	case EnquireLink:
		s.reply = AppendEmpty(s.reply, EnquireLink|Response, 0, h.Sequence)
	case EnquireLink | Response:
	case UnbindCommand:
		s.hearGoodbye(h.Sequence)
	case UnbindCommand | Response:
		return errGoodbye
	default:
		if h.ID&Response == 0 && h.ID != AlertNotification { // alert_notification has no answer
			s.reply = AppendEmpty(s.reply, GenericNack, StatusInvCmdID, h.Sequence)
		}
	}
	return nil
}
