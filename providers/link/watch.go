package link

import (
	"context"
	"time"
)

// Sequence numbers of what is no submit. Their answers are known by what they answer.
const (
	testSequence    = 0x7F000000
	goodbyeSequence = 0x7FFFFFFF
)

// watch keeps the line honest: it tests a silent one, cuts one that does not
// answer, and says goodbye when ctx ends.
func (s *Session) watch(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(min(time.Second, s.p.c.Patience/4, s.p.c.Idle/4))
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
			case !asked.IsZero() && now.Sub(asked) > DialTimeout, s.overdue(now):
				s.line.conn.Close() // what is in flight becomes unknown
				return
			case asked.IsZero() && now.Sub(heard) >= s.p.c.Idle:
				sequence++
				if test := s.line.speaker.Say(nil, Test, testSequence+sequence%0xFFFF); len(test) > 0 {
					asked = now
					s.line.say(test)
				}
			}
		}
	}
}

// overdue reports whether an answer is missing for too long.
func (s *Session) overdue(now time.Time) bool {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	for i := range s.line.slots {
		if k := &s.line.slots[i]; k.sequence != 0 && k.ask == nil && now.Sub(k.at) > s.p.c.Patience {
			return true
		}
	}
	return false
}

// leave waits a little for what is in flight, says goodbye and waits for the
// answer; then it cuts the line.
func (s *Session) leave(stop <-chan struct{}) {
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
	goodbye := s.line.speaker.Say(nil, Goodbye, goodbyeSequence)
	if len(goodbye) == 0 {
		s.line.conn.Close()
		return
	}
	s.line.say(goodbye)
	t := time.NewTimer(drainTime)
	defer t.Stop()
	select {
	case <-stop:
	case <-t.C:
		s.line.conn.Close()
	}
}
