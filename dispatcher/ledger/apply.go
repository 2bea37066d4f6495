package ledger

import (
	"encoding/binary"
	"math/bits"

	"tocsin/providers/sms"
)

// These methods are the state machine: each changes a loaded page as one record
// says. They run when the record is made and again when the journal is read at
// start, and give the same result both times.

// offer marks the recipients in rs as offered.
func (p *page) offer(at uint32, rs []run, parts func(i int) uint8) {
	for _, r := range rs {
		for i := r.start; i < r.start+r.length; i++ {
			if p.move(i, sms.Offered) {
				p.people.sent[i] = at
				p.people.parts[i] = parts(i)
				p.people.flags[i] &= 1<<givenBits - 1
			}
		}
	}
}

// answer settles what the carrier answered. A recipient that a receipt has
// settled before keeps its state and gets its reference.
func (p *page) answer(at uint32, a answer) {
	h := &p.people
	shared := uint32(0)
	for i := a.start; i < a.start+a.length; i++ {
		fresh := a.done &^ h.done[i]
		h.done[i] |= a.done
		for ; fresh != 0; fresh &= fresh - 1 {
			p.segments++
		}
		if len(a.refs) > 0 {
			if h.ref[i] != 0 {
				h.ref[i] = p.keepRefs(mergeRefs(p.refsOf(i), a.refs))
			} else {
				if shared == 0 {
					shared = p.keepRefs(a.refs)
				}
				h.ref[i] = shared
			}
		}
		if a.batch {
			h.flags[i] |= batchRef
		}
		if p.move(i, outcomeState[a.outcome]) {
			h.reason[i], h.code[i] = a.reason, a.code
			if a.outcome == sms.Taken || a.outcome == sms.Refused {
				h.settled[i] = at
			}
		} else if a.reason == sms.OptedOut && h.state[i] == sms.Cancelled {
			h.reason[i] = a.reason
		}
	}
}

// outcomeState is the state an answer leads to.
var outcomeState = [sms.Outcomes]sms.State{
	sms.NotSent: sms.Waiting,
	sms.NotNow:  sms.Waiting,
	sms.Taken:   sms.Accepted,
	sms.Refused: sms.Failed,
	sms.Unknown: sms.InDoubt,
}

// mergeRefs joins the references of an earlier offer with those of a later one
// that sent the other segments.
func mergeRefs(old, late sms.Refs) sms.Refs {
	var merged sms.Refs
	for len(old) > 0 || len(late) > 0 {
		var a, b []byte
		a, old = old.Next()
		b, late = late.Next()
		if len(b) > 0 {
			a = b
		}
		merged = sms.AppendRef(merged, a)
	}
	return merged
}

// hear folds one segment's receipt into its recipient: delivered when all
// segments are, failed as soon as one is. It reports whether anything changed;
// what is settled stays settled.
func (p *page) hear(s said) bool {
	h := &p.people
	i := s.index
	if h.state[i].Final() {
		return false
	}
	taken := h.done[i]>>s.segment&1 == 0 // no answer said so, but the carrier has it
	if taken {
		h.done[i] |= 1 << s.segment
		p.segments++
	}
	switch s.state {
	case sms.Delivered:
		h.arrived[i] |= 1 << s.segment
		if all := uint16(1)<<max(h.parts[i], 1) - 1; h.arrived[i]&all != all {
			return true
		}
		if !p.move(i, sms.Delivered) {
			return taken
		}
		h.reason[i], h.code[i] = sms.None, 0
	case sms.Failed:
		if !p.move(i, sms.Failed) {
			return taken
		}
		h.reason[i], h.code[i] = s.reason, s.code
	default: // an intermediate word settles doubt, nothing else
		if h.state[i] != sms.InDoubt || !p.move(i, sms.Accepted) {
			return taken
		}
		h.reason[i], h.code[i] = sms.None, 0
	}
	h.settled[i] = s.at
	return true
}

// shift moves the recipients in rs that are in state from to state to. Out of
// doubt back to waiting they are marked as resent.
func (p *page) shift(at uint32, from, to sms.State, rs []run) {
	for _, r := range rs {
		for i := r.start; i < r.start+r.length; i++ {
			if p.people.state[i] != from || !p.move(i, to) {
				continue
			}
			switch to {
			case sms.Waiting:
				if from == sms.InDoubt {
					p.people.flags[i] |= wasResent
					p.resent++
				}
			case sms.Expired, sms.Cancelled:
				p.people.settled[i] = at
			case sms.Accepted, sms.Delivered, sms.Failed:
				p.mark(at, i)
			}
		}
	}
}

// mark completes recipient i after a person has settled the doubt about them: a recipient
// who has the message got all its segments from the carrier.
func (p *page) mark(at uint32, i int) {
	h := &p.people
	h.settled[i] = at
	state := h.state[i]
	if state == sms.Failed {
		return
	}
	all := uint16(1)<<max(h.parts[i], 1) - 1
	p.segments += bits.OnesCount16(all &^ h.done[i])
	h.done[i] |= all
	if state == sms.Delivered {
		h.arrived[i] |= all
	}
	h.reason[i], h.code[i] = sms.None, 0
}

// give writes down for each recipient that was offered, and has no such note yet, which
// of the route's providers it was offered through, counted from 1.
func (p *page) give(place int) {
	if place >= 1<<(8-givenBits) {
		return
	}
	for i, at := range p.people.sent {
		if at != 0 && p.people.flags[i]>>givenBits == 0 {
			p.people.flags[i] |= uint8(place) << givenBits
		}
	}
}

// through is the provider that recipient i was offered through. For a recipient that was
// not offered, or waits again, it is the page's provider.
func (p *page) through(i int) string {
	if place := p.place(i); place > 0 {
		return p.named(place)
	}
	return p.provider
}

// place is where recipient i's provider stands in the page's route, counted from 1; 0: it
// is the page's.
func (p *page) place(i int) int {
	switch p.people.state[i] {
	case sms.Waiting, sms.Expired, sms.Cancelled:
		return 0
	}
	return int(p.people.flags[i] >> givenBits)
}

// named is the provider at a place of the route.
func (p *page) named(place int) string {
	if name := p.route.At(place); name != "" {
		return name
	}
	return p.provider
}

// all uint16 masks above need Segments to fit: 1<<16 - 1 is every bit.
var _ = [1]struct{}{}[16-sms.MaxSegments]

// replay applies the records of one journal row to p's recipients.
func (p *page) replay(data []byte) error {
	s := &scanner{data: data}
	for len(s.data) > 0 && s.err == nil {
		s.record(s.octet(), p)
	}
	return s.err
}

// record reads one record of page p and applies it.
func (s *scanner) record(kind byte, p *page) {
	switch kind {
	case kindOffer:
		at, parts := uint32(s.uvarint()), uint8(s.below(256))
		rs := s.runs(p.size)
		each := func(int) uint8 { return parts }
		if parts == 0 {
			each = func(int) uint8 { return s.octet() }
		}
		for _, r := range rs {
			p.offerEach(at, r, each)
		}
	case kindAnswer:
		at := uint32(s.uvarint())
		var a answer
		for k := s.below(p.size + 1); k > 0 && s.err == nil; k-- {
			if s.answer(&a, p.size); s.err == nil {
				p.answer(at, a)
			}
		}
	case kindReceipt:
		var one said
		for k := s.uvarint(); k > 0 && s.err == nil; k-- {
			if s.said(&one, p.size); s.err == nil {
				p.hear(one)
			}
		}
	case kindShift:
		at := uint32(s.uvarint())
		from, to := sms.State(s.below(sms.States)), sms.State(s.below(sms.States))
		if rs := s.runs(p.size); s.err == nil {
			p.shift(at, from, to, rs)
		}
	case kindGive:
		if place := s.below(1 << 16); s.err == nil {
			p.give(place)
		}
	default:
		s.err = errRecord
	}
}

// offerEach offers every recipient of r, reading each one's parts whether or not
// it moves.
func (p *page) offerEach(at uint32, r run, parts func(int) uint8) {
	for i := r.start; i < r.start+r.length; i++ {
		n := parts(i)
		p.offer(at, []run{{i, 1}}, func(int) uint8 { return n })
	}
}

// answer reads the entry behind a into a.
func (s *scanner) answer(a *answer, size int) {
	if length := s.below(size + 1); length == 0 {
		a.run = run{a.start + a.length, 1}
		if a.start >= size {
			s.err, s.data = errRecord, nil
		}
		a.refs = s.octets(s.below(1 << 16))
		return
	} else {
		a.length = length
	}
	a.start = s.below(size - a.length + 1)
	a.outcome = sms.Outcome(s.below(sms.Outcomes))
	a.reason = sms.Reason(s.octet())
	a.code = uint16(s.uvarint())
	a.done = uint16(s.uvarint())
	a.batch = s.octet() == 1
	a.refs = s.octets(s.below(1 << 16))
}

// said reads the receipt behind one into one.
func (s *scanner) said(one *said, size int) {
	v := s.below(2 * size)
	one.index = v >> 1
	if v&1 != 0 {
		return
	}
	one.segment, one.state = s.below(sms.MaxSegments), sms.State(s.below(sms.States))
	one.reason, one.code, one.at = sms.Reason(s.octet()), uint16(s.uvarint()), uint32(s.uvarint())
}

// appendSaid appends a receipt behind the one before it; nil: it is the first.
func appendSaid(b []byte, before, one *said) []byte {
	if before != nil && before.same(one) {
		return binary.AppendUvarint(b, uint64(one.index)<<1|1)
	}
	b = appendUvarints(b, uint64(one.index)<<1, uint64(one.segment), uint64(one.state))
	b = append(b, byte(one.reason))
	return appendUvarints(b, uint64(one.code), uint64(one.at))
}

// appendAnswer appends an entry behind the one before it; nil: it is the first.
func appendAnswer(b []byte, before *answer, a answer) []byte {
	if before != nil && before.next(a) {
		b = appendUvarints(b, 0, uint64(len(a.refs)))
		return append(b, a.refs...)
	}
	b = appendUvarints(b, uint64(a.length), uint64(a.start), uint64(a.outcome))
	b = append(b, byte(a.reason))
	b = appendUvarints(b, uint64(a.code), uint64(a.done))
	if a.batch {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(a.refs)))
	return append(b, a.refs...)
}
