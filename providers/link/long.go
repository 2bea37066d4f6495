package link

import (
	"math/bits"
	"slices"

	"tocsin/providers/sms"
)

// A longs gathers the answers to the segments of messages.
type longs struct {
	segments int // that a message has at most
	all      []long
	refs     [][]byte // of each message's segments; nil: not known, or not sent in this offer
	link     *Link
}

// A long is one message.
type long struct {
	segments uint8
	waiting  uint8 // of them, not answered
	done     uint16
	worst    Verdict
	code     uint32
}

func newLongs(p *Link, msgs []sms.Message, segments int) *longs {
	l := &longs{segments: segments, all: make([]long, len(msgs)), refs: make([][]byte, len(msgs)*segments), link: p}
	for i := range msgs {
		m := &msgs[i]
		l.all[i] = long{segments: m.Content.Segments, waiting: m.Content.Segments - uint8(bits.OnesCount16(m.Done)), worst: Taken}
	}
	return l
}

// badness orders outcomes: a message of several segments has its worst one's.
var badness = [sms.Outcomes]int{sms.Taken: 0, sms.NotSent: 1, sms.NotNow: 2, sms.Unknown: 3, sms.Refused: 4}

// set notes the answer to a segment of message i; taken: the carrier has it.
func (l *longs) set(i, part int, v Verdict, code uint32, refs sms.Refs) (taken bool) {
	one := &l.all[i]
	one.waiting--
	if badness[v.Outcome] > badness[one.worst.Outcome] {
		one.worst, one.code = v, code
	}
	if v.Outcome != sms.Taken {
		return false
	}
	one.done |= 1 << part
	l.refs[i*l.segments+part], _ = refs.Next()
	return true
}

// end makes the answer to message i once all its segments are answered.
func (l *longs) end(i int, acks []sms.Ack) bool {
	one, a := &l.all[i], &acks[i]
	if one.waiting > 0 {
		return false
	}
	a.Outcome, a.Reason, a.Code = one.worst.Outcome, one.worst.Reason, one.code
	a.Done |= one.done
	switch {
	case one.done == 0:
	case i > 0 && len(acks[i-1].Refs) > 0 && l.alike(i-1, i):
		a.Refs = acks[i-1].Refs // one memory for a whole batch
	default:
		a.Refs = l.packed(i)
	}
	return true
}

// of are the references of message i.
func (l *longs) of(i int) [][]byte { return l.refs[i*l.segments:][:l.segments] }

// alike reports whether two messages travelled in the same requests, which gave both the
// same references.
func (l *longs) alike(i, k int) bool {
	return slices.EqualFunc(l.of(i), l.of(k), func(a, b []byte) bool {
		return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	})
}

// packed are the references of message i as an Ack has them.
func (l *longs) packed(i int) sms.Refs {
	size := 0
	for _, ref := range l.of(i) {
		size += 1 + len(ref)
	}
	refs := sms.Refs(l.link.room(size)[:0])
	for _, ref := range l.of(i)[:l.all[i].segments] {
		refs = sms.AppendRef(refs, ref)
	}
	return refs
}
