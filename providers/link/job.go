package link

import (
	"math/bits"

	"tocsin/providers/sms"
)

// A job is one call of Submit. Everything in it is guarded by the provider's mu.
type job struct {
	msgs   []sms.Message
	acks   []sms.Ack
	next   int // first message not begun
	part   int // next segment of it
	redo   []span
	open   int // messages not answered
	closed bool
	done   chan struct{}
	long   map[int]*long // messages of several segments under way
}

// A span is neighbouring messages of a job.
type span struct{ first, n int }

// long gathers the answers to the segments of one message.
type long struct {
	waiting int // segments not answered
	worst   Verdict
	code    uint32
	refs    [sms.MaxSegments][]byte
}

// A unit is a Unit of a job.
type unit struct {
	span
	part int // -1: whole messages
}

// unit is what a slot of the job carries.
func (j *job) unit(s *slot) Unit { return Unit{j.msgs[s.first : s.first+s.n], s.part} }

func newJob(msgs []sms.Message, acks []sms.Ack) *job {
	for i := range acks {
		acks[i] = sms.Ack{Done: msgs[i].Done}
	}
	return &job{msgs: msgs, acks: acks, open: len(msgs), done: make(chan struct{})}
}

// take is the next unit to send, by speaker if there is one; ok is false when all are
// begun.
func (j *job) take(batch int, speaker Speaker) (u unit, ok bool) {
	if len(j.redo) > 0 {
		s := &j.redo[0]
		u = unit{span{s.first, min(batch, s.n, room(speaker, &j.msgs[s.first]))}, -1}
		if s.first, s.n = s.first+u.n, s.n-u.n; s.n == 0 {
			j.redo = j.redo[1:]
		}
		return u, true
	}
	for j.next < len(j.msgs) {
		m := &j.msgs[j.next]
		if m.Content.Segments <= 1 {
			u = unit{span{j.next, 1}, -1}
			batch = min(batch, room(speaker, m))
			for u.n < batch && j.next+u.n < len(j.msgs) && together(m, &j.msgs[j.next+u.n]) {
				u.n++
			}
			j.next += u.n
			return u, true
		}
		for part := j.part; part < int(m.Content.Segments); part++ {
			if m.Done>>part&1 != 0 {
				continue
			}
			if j.long == nil {
				j.long = map[int]*long{}
			}
			if j.long[j.next] == nil {
				j.long[j.next] = &long{waiting: int(m.Content.Segments) - bits.OnesCount16(m.Done), worst: Taken}
			}
			u = unit{span{j.next, 1}, part}
			j.part = part + 1
			return u, true
		}
		if m.Done == 1<<m.Content.Segments-1 { // all of it was taken before
			j.acks[j.next].Outcome = sms.Taken
			j.one()
		}
		j.next, j.part = j.next+1, 0
	}
	return u, false
}

// room is how many messages like m the speaker may put into one request, at least 1.
func room(speaker Speaker, m *sms.Message) int {
	if speaker == nil {
		return 1
	}
	return max(speaker.Most(m), 1)
}

// together reports whether two messages may travel in one batch.
func together(a, b *sms.Message) bool {
	return b.Content.Segments <= 1 && a.Content.Same(b.Content) && a.Envelope == b.Envelope
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
	if s.part >= 0 {
		j.answerPart(s, v, code, refs)
		return
	}
	for i := s.first; i < s.first+s.n; i++ {
		j.set(i, v, code, refs, s.n > 1)
	}
}

func (j *job) set(i int, v Verdict, code uint32, refs sms.Refs, batch bool) {
	a := &j.acks[i]
	a.Outcome, a.Reason, a.Code = v.Outcome, v.Reason, code
	if v.Outcome == sms.Taken {
		a.Done, a.Refs, a.Batch = 1, refs, batch
	}
	j.one()
}

// badness orders outcomes: a message of several segments has its worst one's.
var badness = [sms.Outcomes]int{sms.Taken: 0, sms.NotSent: 1, sms.NotNow: 2, sms.Unknown: 3, sms.Refused: 4}

func (j *job) answerPart(s *slot, v Verdict, code uint32, refs sms.Refs) {
	l := j.long[s.first]
	if badness[v.Outcome] > badness[l.worst.Outcome] {
		l.worst, l.code = v, code
	}
	a := &j.acks[s.first]
	if v.Outcome == sms.Taken {
		a.Done |= 1 << s.part
		l.refs[s.part], _ = refs.Next()
	}
	if l.waiting--; l.waiting > 0 {
		return
	}
	delete(j.long, s.first)
	for _, ref := range l.refs[:j.msgs[s.first].Content.Segments] {
		a.Refs = sms.AppendRef(a.Refs, ref)
	}
	a.Outcome, a.Reason, a.Code = l.worst.Outcome, l.worst.Reason, l.code
	j.one()
}

// exhaust ends what of the job has not been sent; what is in flight will be
// answered.
func (j *job) exhaust(why sms.Reason) {
	v := Verdict{sms.NotSent, why}
	for {
		u, ok := j.take(1, nil)
		if !ok {
			return
		}
		j.answer(&slot{unit: u}, v, 0, nil)
	}
}
