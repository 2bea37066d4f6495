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

// answer settles the slot a response is for. A response nobody waits for is
// ignored.
func (l *line) answer(h Header, body []byte) error {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	k := h.Sequence & slotMask
	if h.Sequence == 0 || int(k) >= len(l.slots) || l.slots[k].sequence != h.Sequence {
		return nil // 0 is what a free slot has
	}
	s := &l.slots[k]
	j := s.job
	s.sequence = 0
	l.free = append(l.free, uint16(k))
	if j == nil {
		return nil
	}
	s.job = nil
	if s.n > 1 && (noBatches(h) || h.Status == StatusInvDest) {
		if noBatches(h) && !p.single.Swap(true) {
			p.log.Warn("the carrier takes no submit_multi: sending one by one", "address", p.c.Address, "status", h.Status)
		}
		for i := range s.n {
			j.redo = append(j.redo, span{s.first + i, 1})
		}
		p.again(j)
		return nil
	}
	v := verdictOf(h.Status)
	if h.ID == GenericNack && v.outcome == sms.Taken {
		v = verdict{sms.Unknown, sms.CarrierFault}
	}
	if h.ID == SubmitMulti|Response {
		return l.answerMulti(j, s, h, body, v)
	}
	var refs sms.Refs
	if v.outcome == sms.Taken && len(body) > 0 {
		id, err := Reference(body)
		if err != nil {
			j.answer(s, verdict{sms.Unknown, sms.CarrierFault}, 0, nil)
			return fmt.Errorf("submit_sm_resp: %w", err)
		}
		refs = p.ref(id)
	}
	j.answer(s, v, h.Status, refs)
	return nil
}

// renew ends a line whose carrier answers that nobody is logged in on it: no
// more is sent, and it is cut when what is in flight is answered.
func (l *line) renew(status uint32) error {
	if loggedOut(status) {
		l.refused = status
	}
	if l.refused == StatusOK {
		return nil
	}
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.closed = true
	if l.inFlight() > 0 {
		return nil
	}
	return fmt.Errorf("submits are answered with status %#x: the login does not hold", l.refused)
}

// noBatches reports whether the answer to a submit_multi says that the carrier
// does not know it, or not with so many destinations. Nobody in it was taken.
// (One bad destination for which a carrier refuses all of it is found one by one
// as well, but the next batch may go.)
func noBatches(h Header) bool {
	switch h.Status {
	case StatusInvCmdLen, StatusInvCmdID, StatusInvNumDests:
		return true
	}
	return h.ID == GenericNack && h.Status == StatusOK
}

// again puts a job that was all begun back in line. Under p.mu.
func (p *Provider) again(j *job) {
	for _, other := range p.jobs {
		if other == j {
			return
		}
	}
	p.jobs = append(p.jobs, j)
}

// answerMulti settles a batch: all are taken but those the response names. When
// it names one that is nobody's in the batch, some were refused and nobody can
// say which: those it does not name are in doubt.
func (l *line) answerMulti(j *job, s *slot, h Header, body []byte, v verdict) error {
	p := l.p
	if v.outcome != sms.Taken {
		j.answer(s, v, h.Status, nil)
		return nil
	}
	var refused map[int]uint32 // status by message
	batch := j.msgs[s.first : s.first+s.n]
	id, err := Refusals(body, func(to []byte, status uint32) {
		if status == StatusOK {
			return
		}
		i := named(batch, to)
		if i < 0 {
			v = verdict{sms.Unknown, sms.CarrierFault}
			return
		}
		if refused == nil {
			refused = map[int]uint32{}
		}
		refused[i] = status
	})
	if err != nil {
		j.answer(s, verdict{sms.Unknown, sms.CarrierFault}, 0, nil)
		return fmt.Errorf("submit_multi_resp: %w", err)
	}
	refs := p.ref(id)
	for i := range batch {
		if status, ok := refused[i]; ok {
			j.set(s.first+i, verdictOf(status), status, nil, false)
		} else {
			j.set(s.first+i, v, 0, refs, s.n > 1)
		}
	}
	return nil
}

// watch keeps the line honest: it tests a silent one, cuts one that does not
// answer, and says goodbye when ctx ends.
func (s *session) watch(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(min(time.Second, s.p.c.ResponseTimeout/4, s.p.c.EnquireLink/4))
	defer tick.Stop()
	var asked time.Time
	var sequence uint32
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			s.leave(stop)
			return
		case now := <-tick.C:
			heard := time.Unix(0, s.line.answered.Load())
			if !asked.IsZero() && !heard.Before(asked) {
				asked = time.Time{}
			}
			switch {
			case !asked.IsZero() && now.Sub(asked) > dialTimeout, s.overdue(now):
				s.line.conn.Close() // what is in flight becomes unknown
				return
			case asked.IsZero() && now.Sub(heard) >= s.p.c.EnquireLink:
				asked = now
				sequence++
				s.line.say(AppendEmpty(nil, EnquireLink, 0, 0x7F000000+sequence%0xFFFF))
			}
		}
	}
}

// overdue reports whether an answer is missing for too long.
func (s *session) overdue(now time.Time) bool {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	for i := range s.line.slots {
		if k := &s.line.slots[i]; k.sequence != 0 && now.Sub(k.at) > s.p.c.ResponseTimeout {
			return true
		}
	}
	return false
}

// leave waits a little for what is in flight, says goodbye and waits for the
// answer; then it cuts the line.
func (s *session) leave(stop <-chan struct{}) {
	deadline := time.Now().Add(drainTime)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		s.p.mu.Lock()
		idle := s.line.inFlight() == 0 && len(s.p.jobs) == 0
		s.p.mu.Unlock()
		if idle && s.receipts.idle() {
			break
		}
		select {
		case <-stop:
			return
		case <-tick.C:
		}
	}
	s.line.say(AppendEmpty(nil, UnbindCommand, 0, 0x7FFFFFFF))
	t := time.NewTimer(drainTime)
	defer t.Stop()
	select {
	case <-stop:
	case <-t.C:
		s.line.conn.Close()
	}
}
