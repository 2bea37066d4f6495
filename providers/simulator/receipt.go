package simulator

import (
	"cmp"
	"slices"
	"time"
)

// A receipt is the carrier's word on one segment, not yet a PDU.
type receipt struct {
	to     uint64
	id     uint64
	place  int    // in its batch
	head   uint64 // what else the message's sequence number has
	at     int64  // due, nanoseconds since 1970
	taken  int64  // submitted, nanoseconds since 1970
	origin *origin
	failed bool
	fate   *fate // nil: the carrier has no memory
	reply  uint8 // which of Config.Replies it is, counted from 1; 0: a receipt
}

// A sent receipt waits for its acknowledgement; sequence 0 is a free place.
type sent struct {
	receipt  receipt
	sequence uint32
}

const (
	sendAtOnce  = 256         // receipts encoded in one go
	resendAfter = time.Second // until a receipt the client refused is sent again
)

// push queues receipts for the sender.
func (s *session) push(receipts []receipt) {
	if len(receipts) == 0 {
		return
	}
	s.mu.Lock()
	if s.head > 4096 && s.head > len(s.queue)/2 {
		s.queue = s.queue[:copy(s.queue, s.queue[s.head:])]
		s.head = 0
	}
	s.enqueue(receipts)
	if later := func(a, b receipt) int { return cmp.Compare(a.at, b.at) }; !slices.IsSortedFunc(s.queue[max(s.head, len(s.queue)-len(receipts)-1):], later) {
		slices.SortStableFunc(s.queue[s.head:], later) // some were to be delivered at their own time
	}
	idle := s.idle && s.room() > 0
	s.mu.Unlock()
	if idle {
		s.rouse()
	}
}

func (s *session) room() int { return s.carrier.config.ReceiptWindow - s.unacked }

func (s *session) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *session) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.rouse()
}

// waiting is how many receipts this session still has to bring.
func (s *session) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.unacked + len(s.queue) - s.head + len(s.replies) + len(s.follow)
	for _, d := range s.delayed {
		n += len(d.receipts)
	}
	return n
}

// settle takes the acknowledgements of one buffer.
func (s *session) settle() {
	if len(s.acks) == 0 {
		return
	}
	s.mu.Lock()
	mask, acknowledged, again := uint32(len(s.ring)-1), 0, 0
	for _, a := range s.acks {
		place := &s.ring[a.sequence&mask]
		if place.sequence != a.sequence || a.sequence == 0 {
			continue // twice, or nobody's
		}
		place.sequence = 0
		s.unacked--
		if a.status == 0 {
			acknowledged++
			continue
		}
		again++
		r := place.receipt
		r.at = s.now + int64(resendAfter)
		s.queue = append(s.queue, r)
	}
	left := len(s.queue) - s.head
	rouse := s.idle && left > 0 && s.room() >= min(left, s.carrier.config.ReceiptWindow/4+1)
	s.mu.Unlock()
	s.acks = s.acks[:0]
	s.carrier.counts.acknowledged.Add(int64(acknowledged))
	s.carrier.counts.again.Add(int64(again))
	if rouse {
		s.rouse()
	}
}

// sendEarly writes receipts before the answers they belong to; what the window
// does not hold follows later. On other lines they need not be the first to arrive.
func (s *session) sendEarly() error {
	if !s.receives || s.carrier.config.ReceiptsOn == OnOther {
		s.carrier.pass(s, s.early)
		s.early = s.early[:0]
		return nil
	}
	var out []byte
	n := 0
	s.mu.Lock()
	for ; n < len(s.early) && s.room() > 0; n++ {
		out = s.encode(out, &s.early[n])
	}
	s.mu.Unlock()
	s.due = append(s.due, s.early[n:]...)
	s.early = s.early[:0]
	s.carrier.counts.sent.Add(int64(n))
	_, err := s.conn.Write(out)
	return err
}

// send writes answers and receipts when they are due, until the session closes.
func (s *session) send() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var out []byte
	for {
		var next time.Duration
		var n int
		out, n, next = s.collect(out[:0])
		if next < 0 {
			return
		}
		if len(out) > 0 {
			s.carrier.counts.sent.Add(int64(n))
			if _, err := s.conn.Write(out); err != nil {
				return // the reader sees it too
			}
			s.passFollowing()
			continue
		}
		if next > 0 {
			timer.Reset(next)
		}
		select {
		case <-s.wake:
		case <-timer.C:
		}
	}
}

// collect appends what is due to out: answers, then receipts within the window,
// n of them. With nothing due it marks the sender idle and says how long until
// something is: 0: at once, negative: never.
func (s *session) collect(out []byte) (_ []byte, n int, next time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = false
	if s.closed {
		return out, 0, -1
	}
	now := time.Now().UnixNano()
	for len(s.delayed) > 0 {
		d := &s.delayed[0]
		if d.at > now {
			next = time.Duration(d.at - now)
			break
		}
		out = append(out, d.out...)
		s.follow = append(s.follow, d.receipts...)
		s.delayed = s.delayed[:copy(s.delayed, s.delayed[1:])]
	}
	for ; n < sendAtOnce && s.head < len(s.queue) && s.room() > 0; n++ {
		r := &s.queue[s.head]
		if r.at > now {
			if wait := time.Duration(r.at - now); next == 0 || wait < next {
				next = wait
			}
			break
		}
		s.head++
		if r.fate.gone() {
			n--
			continue
		}
		out = s.encode(out, r)
	}
	if s.head == len(s.queue) {
		s.queue, s.head = s.queue[:0], 0
	}
	if len(s.replies) > 0 {
		var more int
		var wait time.Duration
		if out, more, wait = s.collectReplies(out, now); wait > 0 && (next == 0 || wait < next) {
			next = wait
		}
		n += more
	}
	s.idle = len(out) == 0
	return out, n, next
}

// takeAll empties the session: receipts on their way come first, in order.
func (s *session) takeAll() []receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := make([]receipt, 0, s.unacked+len(s.queue)-s.head)
	mask := uint32(len(s.ring) - 1)
	for i := range s.ring {
		if place := &s.ring[(s.next+uint32(i))&mask]; place.sequence != 0 {
			r := place.receipt
			r.at = 0
			left = append(left, r)
			place.sequence = 0
		}
	}
	s.carrier.counts.again.Add(int64(len(left)))
	left = append(append(left, s.queue[s.head:]...), s.replies...)
	for _, d := range s.delayed {
		left = append(left, d.receipts...)
	}
	left = append(append(append(left, s.follow...), s.early...), s.due...)
	s.queue, s.head, s.unacked, s.delayed, s.follow, s.early, s.due, s.replies = nil, 0, 0, nil, nil, nil, nil, nil
	return left
}

// encode appends r and puts it among those on their way. There is room.
func (s *session) encode(b []byte, r *receipt) []byte {
	mask := uint32(len(s.ring) - 1)
	for s.next == 0 || s.next >= lastSequence || s.ring[s.next&mask].sequence != 0 {
		if s.next++; s.next >= lastSequence {
			s.next = 1
		}
	}
	s.ring[s.next&mask] = sent{*r, s.next}
	s.unacked++
	if r.reply != 0 {
		b = s.dialect.reply(b, s.next, r)
	} else {
		b = s.dialect.deliver(b, s.next, r)
	}
	s.next++
	return b
}

// lastSequence ends sequence numbers: SMPP 3.4, section 5.1.4, and the others take it.
const lastSequence = 1 << 31
