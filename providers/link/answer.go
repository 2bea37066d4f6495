package link

import (
	"time"

	"tocsin/providers/sms"
)

// An Answer is a request that the carrier has answered, for a Speaker to say how. It
// is told once of every message in it: by All, Halve or Singly, or by One for each.
type Answer struct {
	Unit
	link *Link
	slot slot
}

// Answer finds the request with this sequence number and lets tell say what became
// of it. If the caller of the request has given up, tell is not called. tell may not keep a.
func (s *Session) Answer(sequence uint32, tell func(a *Answer)) {
	s.heard = true
	l := s.line
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	k := sequence & slotMask
	if sequence == 0 || int(k) >= len(l.slots) || l.slots[k].sequence != sequence || l.slots[k].ask != nil {
		return // 0 is what a free slot has
	}
	a := &l.answer
	a.link, a.slot = p, l.slots[k]
	l.release(uint16(k))
	if a.slot.job == nil {
		return
	}
	a.Unit = a.slot.job.unit(&a.slot)
	tell(a)
	a.Unit, a.slot = Unit{}, slot{}
}

// All says the same of every message. ref is the carrier's reference, of all of them
// when there are several; code is its own number for the reason.
func (a *Answer) All(v Verdict, code uint32, ref []byte) {
	var refs sms.Refs
	if v.Outcome == sms.Taken && ref != nil {
		refs = a.link.ref(ref)
	}
	a.slot.job.answer(&a.slot, v, code, refs)
}

// One says what became of message i. shared: the reference is of several.
func (a *Answer) One(i int, v Verdict, code uint32, ref []byte, shared bool) {
	var refs sms.Refs
	if v.Outcome == sms.Taken && ref != nil {
		refs = a.link.ref(ref)
	}
	a.slot.job.set(&a.slot, i, v, code, refs, shared)
}

// Each says that every message of a batch was taken, each under a reference of its own
// of size octets, at most 255, which name writes: a batch is one piece of memory, and
// nothing is made for a recipient. A receipt may name another reference of the batch.
func (a *Answer) Each(size int, name func(i int, ref []byte)) {
	room := a.link.room(a.slot.n * (size + 1))
	j := a.slot.job
	for i := range a.slot.n {
		own := room[: size+1 : size+1]
		room = room[size+1:]
		own[0] = byte(size)
		name(i, own[1:])
		j.set(&a.slot, i, Taken, 0, sms.Refs(own), true)
	}
}

// Share keeps a reference for several messages; give it to Shared.
func (a *Answer) Share(ref []byte) sms.Refs { return a.link.ref(ref) }

// Shared says that message i was taken under a reference that others have too.
func (a *Answer) Shared(i int, refs sms.Refs) {
	a.slot.job.set(&a.slot, i, Taken, 0, refs, len(a.Msgs) > 1)
}

// Halve sends the two halves of a batch again, when no message of it was taken.
func (a *Answer) Halve() {
	n := a.slot.n / 2
	a.redo(span{a.slot.first, n})
	a.redo(span{a.slot.first + n, a.slot.n - n})
}

// Singly sends every message of a batch again, alone, when none of it was taken.
func (a *Answer) Singly() {
	for i := range a.slot.n {
		a.redo(span{a.slot.first + i, 1})
	}
}

func (a *Answer) redo(s span) {
	a.slot.job.redo = append(a.slot.job.redo, unit{s, a.slot.part})
	a.link.again(a.slot.job)
}

// NoBatches says that the carrier takes none: from here on everything goes alone. It
// reports whether that is news.
func (s *Session) NoBatches() bool { return !s.line.p.single.Swap(true) }

// Congested is the carrier's word on how busy it is, 0 to 100: see providers.Line.
func (s *Session) Congested(level uint8) {
	s.line.p.congestion.Store(uint64(time.Now().UnixMilli())<<8 | uint64(level))
}

// LoggedOut says that the carrier does not know the login any more: nothing is sent
// on the line from here on, and it is cut with err once what is in flight is answered.
func (s *Session) LoggedOut(err error) {
	s.refused = err
	s.line.p.mu.Lock()
	s.line.closed = true
	s.line.p.mu.Unlock()
}
