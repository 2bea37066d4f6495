package ledger

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"time"

	"tocsin/providers/sms"
)

// parked is a receipt that found no recipient yet: perhaps the answer that
// brings its reference is still on its way.
type parked struct {
	provider string
	receipt  sms.Receipt // owns its Ref
	since    time.Time
	id       int64 // its row among the orphans
	theirs   bool  // another process has parked it first, and counts it
}

// parkFor is how long a receipt without a recipient is tried again.
const parkFor = 10 * time.Minute

// Received counts what became of receipts.
type Received struct {
	Delivered, Failed, Intermediate int // new to us
	Repeated                        int // said before, or after the recipient was settled
	Orphans                         int // no recipient found: kept and tried again
	// Delay is the sum over the new ones of the time from offer to receipt.
	Delay time.Duration
	// Incoming is how many messages have come, by what they mean.
	Incoming map[string]int

	optedIn []sms.Number
	heard   map[[sha256.Size]byte]bool // messages of this transaction
}

// Receive puts receipts and incoming messages of one provider on disk. A nil
// error is the word that the carrier may be told. Receipts that have overtaken the
// answers that name them are waited for a little.
func (l *Ledger) Receive(provider string, receipts []sms.Receipt, incoming []sms.Incoming) (Received, error) {
	var sum Received
	for tries := overtakenTries; ; tries-- {
		var early []sms.Receipt
		var done Received
		err := l.commit(func(c *commit) error {
			early, done = early[:0], Received{Incoming: map[string]int{}, heard: map[[sha256.Size]byte]bool{}}
			for i := range receipts {
				r := &receipts[i]
				if len(r.Ref) > maxRef || r.State >= sms.States {
					r = storableReceipt(r)
				}
				how, err := l.hear(c, provider, r, &done)
				switch {
				case err != nil:
					return err
				case how == refSoon && tries > 0:
					early = append(early, receipts[i])
				case how == refOther, how == refSoon:
					l.park(c, provider, r)
					done.Orphans++
				}
			}
			for i := range incoming {
				if err := l.take(c, provider, &incoming[i], &done); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return Received{}, err
		}
		sum.add(done)
		if len(done.optedIn) > 0 {
			if err := l.recheck(context.Background(), done.optedIn); err != nil {
				return sum, err
			}
		}
		if len(early) == 0 {
			return sum, nil
		}
		receipts, incoming = early, nil
		l.nap(overtakenWait)
	}
}

// How long a receipt waits for the answer that names it, unacknowledged, before it is
// kept as an orphan: 8 times 5 ms. An answer that has arrived is on disk well before.
const (
	overtakenTries = 8
	overtakenWait  = 5 * time.Millisecond
)

func (r *Received) add(o Received) {
	r.Delivered += o.Delivered
	r.Failed += o.Failed
	r.Intermediate += o.Intermediate
	r.Repeated += o.Repeated
	r.Orphans += o.Orphans
	r.Delay += o.Delay
	if r.Incoming == nil {
		r.Incoming = map[string]int{}
	}
	for meaning, n := range o.Incoming {
		r.Incoming[meaning] += n
	}
}

// hear finds a receipt's recipient and folds the receipt into it. It says
// how it was found: refOther and refSoon, not at all.
func (l *Ledger) hear(c *commit, provider string, r *sms.Receipt, done *Received) (how int, err error) {
	p, s, how, err := l.match(provider, r)
	if err != nil || p == nil {
		return how, err
	}
	at := c.at
	if r.Time > 0 && r.Time < at {
		at = max(r.Time, p.millis(p.people.sent[s.index]))
	}
	s.state, s.reason, s.code, s.at = r.State, r.Reason, uint16(min(r.Code, 1<<16-1)), p.ticks(at)
	switch {
	case how == refOneOf && r.State == sms.Delivered:
		if all, err := l.complete(c, provider, p, s, r); err != nil || !all {
			return refOther, err
		}
		done.Delivered++
		done.Delay += time.Duration(c.at-p.millis(p.people.sent[s.index])) * time.Millisecond
		return refKnown, nil
	case p.unsettled(s, r): // one segment is on its way: of the others that says nothing
		if segment := uint16(1) << s.segment; how == refKnown && p.people.done[s.index]&segment == 0 {
			c.answer(p, []uint16{uint16(s.index)}, []sms.Ack{{Outcome: sms.Unknown, Done: segment}})
		}
		done.Repeated++
		return refKnown, nil
	}
	first, last := s.segment, s.segment
	if r.Whole {
		first, last = 0, max(int(p.people.parts[s.index]), 1)-1
	}
	news := false
	for s.segment = first; s.segment <= last; s.segment++ {
		if p.hear(s) {
			news = true
			c.touch(p).add(&s)
		}
	}
	s.segment = first
	if !news {
		done.Repeated++
		return how, nil
	}
	if how == refOpen && p.people.parts[s.index] > 1 && len(r.Ref) > 0 && !r.Whole {
		c.learn(p, s, r.Ref)
	}
	switch r.State {
	case sms.Delivered:
		done.Delivered++
	case sms.Failed:
		done.Failed++
	default:
		done.Intermediate++
	}
	done.Delay += time.Duration(c.at-p.millis(p.people.sent[s.index])) * time.Millisecond
	return how, nil
}

// unsettled reports whether a receipt is a word on the way of one segment of several of
// somebody in doubt, which does not tell that the carrier has them all.
func (p *page) unsettled(s said, r *sms.Receipt) bool {
	h := &p.people
	all := uint16(1)<<max(h.parts[s.index], 1) - 1
	return r.State == sms.Accepted && !r.Whole && h.state[s.index] == sms.InDoubt && h.done[s.index]|1<<s.segment != all
}

// park keeps a receipt that found nobody, in memory and on disk.
func (l *Ledger) park(c *commit, provider string, r *sms.Receipt) {
	own := *r
	own.Ref = append([]byte(nil), r.Ref[:min(len(r.Ref), maxRef)]...)
	id, at := rand.Int64(), c.at
	c.then = append(c.then, func() {
		l.orphaned++
		if len(l.parked) < maxParked {
			l.parked = append(l.parked, parked{provider: provider, receipt: own, since: time.Now(), id: id})
		}
	})
	c.do(`INSERT INTO orphan (id, provider, number, ref, state, reason, code, done, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		id, provider, int64(own.To), storable(string(own.Ref), maxRef), orphanState(r), int64(own.Reason), int64(own.Code), own.Time, at)
}

// wholeOrphan is added to the state of an orphan that speaks of a whole message.
const wholeOrphan = 1 << 8

func orphanState(r *sms.Receipt) int64 {
	if r.Whole {
		return int64(r.State) + wholeOrphan
	}
	return int64(r.State)
}

// maxParked bounds the receipts that are tried again; more are kept on disk only.
const maxParked = 100_000

// retryParked tries parked receipts again and lets go of old ones, which stay on disk.
func (l *Ledger) retryParked() error {
	return l.commit(func(c *commit) error {
		var done Received
		clear(l.pieces) // those of what is parked come again now
		c.retrying = true
		defer func() { c.retrying = false }()
		gone := map[int64]bool{} // from memory; a recipient found is gone from disk too
		found := int64(0)
		try := func(k *parked) error {
			how, err := l.hear(c, k.provider, &k.receipt, &done)
			if err != nil {
				return err
			}
			if how == refKnown || how == refOpen {
				if !k.theirs {
					found++
				}
				gone[k.id] = true
				c.do(`DELETE FROM orphan WHERE id = $1`, k.id)
			} else if time.Since(k.since) >= parkFor {
				gone[k.id] = true
			}
			return nil
		}
		for i := range l.parked {
			if err := try(&l.parked[i]); err != nil {
				return err
			}
		}
		completed := map[sms.Number]bool{} // by the last of several receipts: the others are found now
		for _, n := range c.completed {
			completed[n] = true
		}
		for i := range l.parked {
			if k := &l.parked[i]; !gone[k.id] && completed[k.receipt.To] {
				if err := try(k); err != nil {
					return err
				}
			}
		}
		c.then = append(c.then, func() {
			l.parked = slices.DeleteFunc(l.parked, func(k parked) bool { return gone[k.id] })
			l.orphaned -= found
		})
		return nil
	})
}

// Orphans is how many receipts are kept that found no recipient.
func (l *Ledger) Orphans() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.orphaned
}
