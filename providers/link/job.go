package link

import (
	"math"

	"tocsin/providers/sms"
)

// A job is one call of Submit. Everything in it is guarded by the provider's mu.
type job struct {
	msgs   []sms.Message
	acks   []sms.Ack
	next   int // first message not begun
	group  int // how many from there on travel together; 0: nobody has looked
	part   int // next segment of them
	redo   []unit
	open   int // messages not answered
	closed bool
	done   chan struct{}
	long   *longs // of messages of several segments; nil: there are none
}

// A span is neighbouring messages of a job.
type span struct{ first, n int }

// A unit is a Unit of a job.
type unit struct {
	span
	part int // -1: whole messages
}

// unit is what a slot of the job carries.
func (j *job) unit(s *slot) Unit { return Unit{j.msgs[s.first : s.first+s.n], s.part} }

func newJob(p *Link, msgs []sms.Message, acks []sms.Ack) *job {
	j := &job{msgs: msgs, acks: acks, open: len(msgs), done: make(chan struct{})}
	segments := 0
	for i := range acks {
		acks[i] = sms.Ack{Done: msgs[i].Done}
		segments = max(segments, int(msgs[i].Content.Segments))
	}
	if segments > 1 {
		j.long = newLongs(p, msgs, segments)
	}
	return j
}

// take is the next unit to send, by speaker if there is one; ok is false when all are
// begun. The messages of a job that is closed are the caller's again: they are not read.
func (j *job) take(batch int, speaker Speaker) (u unit, ok bool) {
	if j.closed {
		return u, false
	}
	if len(j.redo) > 0 {
		u = j.redo[0]
		if j.redo = j.redo[1:]; len(j.redo) == 0 {
			j.redo = nil
		}
		return j.fit(u, batch, speaker), true
	}
	for j.next < len(j.msgs) {
		m := &j.msgs[j.next]
		if j.group == 0 {
			j.gather(min(batch, room(speaker, m)))
		}
		s := span{j.next, j.group}
		if m.Content.Segments <= 1 {
			j.pass()
			return unit{s, -1}, true
		}
		for j.part < int(m.Content.Segments) {
			part := j.part
			j.part++
			if m.Done>>part&1 == 0 {
				return j.fit(unit{s, part}, batch, speaker), true
			}
		}
		j.pass()
		if m.Done == 1<<m.Content.Segments-1 { // all of it was taken before
			for i := s.first; i < s.first+s.n; i++ {
				j.acks[i].Outcome = sms.Taken
				j.one()
			}
		}
	}
	return u, false
}

// head is the message that take begins with; nil: all are begun.
func (j *job) head() *sms.Message {
	switch {
	case len(j.redo) > 0:
		return &j.msgs[j.redo[0].first]
	case j.next < len(j.msgs):
		return &j.msgs[j.next]
	}
	return nil
}

// gather finds the messages that travel with the next one, most at most.
func (j *job) gather(most int) {
	m := &j.msgs[j.next]
	for j.group = 1; j.group < most && j.next+j.group < len(j.msgs) && together(m, &j.msgs[j.next+j.group]); {
		j.group++
	}
}

// pass goes on to the message behind the group.
func (j *job) pass() { j.next, j.group, j.part = j.next+j.group, 0, 0 }

// fit is as much of u as one request takes now; the rest is for later.
func (j *job) fit(u unit, batch int, speaker Speaker) unit {
	most := min(batch, room(speaker, &j.msgs[u.first]))
	if u.n > most {
		j.redo = append(j.redo, unit{span{u.first + most, u.n - most}, u.part})
		u.n = most
	}
	return u
}

// room is how many messages like m the speaker may put into one request, at least 1.
func room(speaker Speaker, m *sms.Message) int {
	if speaker == nil {
		return math.MaxInt
	}
	return max(speaker.Most(m), 1)
}

// together reports whether two messages may travel in one batch.
func together(a, b *sms.Message) bool {
	return a.Done == b.Done && a.Content.Same(b.Content) && a.Content.Segments == b.Content.Segments && a.Envelope == b.Envelope
}

// one counts a message as answered.
func (j *job) one() {
	if j.open--; j.open == 0 && !j.closed {
		j.closed = true
		close(j.done)
	}
}

// answer gives the messages of a slot their answer; refs are what the carrier
// calls them.
func (j *job) answer(s *slot, v Verdict, code uint32, refs sms.Refs) {
	for i := range s.n {
		j.set(s, i, v, code, refs, s.n > 1)
	}
}

// set gives message i of a slot its answer. shared: others may have its references.
func (j *job) set(s *slot, i int, v Verdict, code uint32, refs sms.Refs, shared bool) {
	i += s.first
	if s.part >= 0 {
		if j.long.set(i, s.part, v, code, refs) {
			j.acks[i].Batch = j.acks[i].Batch || shared
		}
		if j.long.end(i, j.acks) {
			j.one()
		}
		return
	}
	a := &j.acks[i]
	a.Outcome, a.Reason, a.Code = v.Outcome, v.Reason, code
	if v.Outcome == sms.Taken {
		a.Done, a.Refs, a.Batch = 1, refs, shared
	}
	j.one()
}

// exhaust ends what of the job has not been sent; what is in flight will be
// answered.
func (j *job) exhaust(why sms.Reason) {
	v := Verdict{sms.NotSent, why}
	for {
		u, ok := j.take(len(j.msgs), nil)
		if !ok {
			return
		}
		j.answer(&slot{unit: u}, v, 0, nil)
	}
}
