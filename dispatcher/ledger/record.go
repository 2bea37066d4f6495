package ledger

import (
	"encoding/binary"
	"errors"

	"tocsin/providers/sms"
)

// The records of the journal. All numbers are unsigned varints unless an octet
// is named. A row of the journal holds records of one page; each begins with its
// kind (one octet). Claims are no records: epoch and owner stand in the page's row.
//
//	offer    time parts-or-0 runs (count, then start and length of each);
//	         parts-or-0 is 0 when each recipient's parts follow the runs, an octet each
//	answer   time count, then count × (length-or-0 start outcome reason code done flags (octet), refs-length refs);
//	         length-or-0 is 0 for the one recipient behind the entry before, answered in the same words: only its
//	         references follow
//	         of somebody cancelled with the reason opted_out: why that was
//	receipt  count, then count × (index×2 + same, segment state reason code time); the rest is left out where
//	         same is 1: the receipt says what the one before it says
//	shift    time from to runs
//	give     the place, in the page's route and counted from 1, of the provider that the page is taken from
//
// A record says what happened, and apply is the only place that knows what it
// means: the same for what happens now and for what is read again at start.
const (
	kindOffer   = 'O'
	kindAnswer  = 'A'
	kindReceipt = 'R'
	kindShift   = 'S'
	kindGive    = 'G'
)

var errRecord = errors.New("internal error: a journal row cannot be read")

// A run is neighbouring recipients of a page.
type run struct{ start, length int }

// runs groups ascending indexes.
func runs(dst []run, indexes []uint16) []run {
	for _, i := range indexes {
		if n := len(dst); n > 0 && dst[n-1].start+dst[n-1].length == int(i) {
			dst[n-1].length++
			continue
		}
		dst = append(dst, run{int(i), 1})
	}
	return dst
}

func appendRuns(b []byte, rs []run) []byte {
	b = binary.AppendUvarint(b, uint64(len(rs)))
	for _, r := range rs {
		b = binary.AppendUvarint(b, uint64(r.start))
		b = binary.AppendUvarint(b, uint64(r.length))
	}
	return b
}

func appendUvarints(b []byte, values ...uint64) []byte {
	for _, v := range values {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

// A scanner reads records; its error sticks.
type scanner struct {
	data []byte
	err  error
}

func (s *scanner) uvarint() uint64 {
	v, n := binary.Uvarint(s.data)
	if n <= 0 {
		s.err, s.data = errRecord, nil
		return 0
	}
	s.data = s.data[n:]
	return v
}

// below reads a number that must be less than limit.
func (s *scanner) below(limit int) int {
	v := s.uvarint()
	if v >= uint64(limit) {
		s.err, s.data = errRecord, nil
		return 0
	}
	return int(v)
}

func (s *scanner) octet() byte {
	if len(s.data) == 0 {
		s.err = errRecord
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

func (s *scanner) octets(n int) []byte {
	if n < 0 || n > len(s.data) {
		s.err, s.data = errRecord, nil
		return nil
	}
	b := s.data[:n]
	s.data = s.data[n:]
	return b
}

func (s *scanner) runs(size int) []run {
	rs := make([]run, 0, 4)
	for k := s.below(size + 1); k > 0 && s.err == nil; k-- {
		start := s.below(size)
		rs = append(rs, run{start, s.below(size - start + 1)})
	}
	return rs
}

// next reports whether b speaks in a's words of the one recipient behind it.
func (a *answer) next(b answer) bool {
	return b.length == 1 && b.start == a.start+a.length && a.outcome == b.outcome && a.reason == b.reason &&
		a.code == b.code && a.done == b.done && a.batch == b.batch
}

// same reports whether two receipts of a page say the same of two recipients.
func (s *said) same(o *said) bool {
	return s.segment == o.segment && s.state == o.state && s.reason == o.reason && s.code == o.code && s.at == o.at
}

// An answer is what one carrier's answer says of neighbouring recipients.
type answer struct {
	run
	outcome sms.Outcome
	reason  sms.Reason
	code    uint16
	done    uint16
	batch   bool
	refs    sms.Refs
}

// a said is what one receipt says of one segment of one recipient.
type said struct {
	index, segment int
	state          sms.State
	reason         sms.Reason
	code           uint16
	at             uint32 // ticks
}
