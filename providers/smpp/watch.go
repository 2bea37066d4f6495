package smpp

import (
	"context"
	"time"
)

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
