package ledger

import (
	"slices"
	"time"

	"tocsin/providers/sms"
)

// Resend takes recipients of a campaign that have been in doubt for at least
// after back to waiting, each once: a recipient that was resent before, or has opted out
// since, stays in doubt. It reports how many.
func (l *Ledger) Resend(campaign int64, after time.Duration) (int, error) {
	n := 0
	start := func() { n = 0 } // asked again, it counts again
	err := l.each(campaign, sms.InDoubt, start, func(c *commit, p *page) {
		n += c.shift(p, sms.InDoubt, sms.Waiting, func(i int) bool {
			return p.people.flags[i]&wasResent == 0 && l.wants(p, i) && c.at-p.millis(p.people.sent[i]) >= after.Milliseconds()
		})
	})
	return n, err
}

// Expire moves all waiting recipients to expired: the campaign's time is over. Pages
// a worker holds are left to it and taken by the next call.
func (l *Ledger) Expire(campaign int64) error { return l.close(campaign, sms.Expired) }

// Cancel moves all waiting recipients to cancelled.
func (l *Ledger) Cancel(campaign int64) error { return l.close(campaign, sms.Cancelled) }

func (l *Ledger) close(campaign int64, to sms.State) error {
	return l.each(campaign, sms.Waiting, func() {}, func(c *commit, p *page) {
		if p.owner == "" {
			c.shift(p, sms.Waiting, to, nil)
		}
	})
}

// each commits fn over the campaign's pages that have recipients in state s. A commit
// that is refused begins again: start is called first each time.
func (l *Ledger) each(campaign int64, s sms.State, start func(), fn func(c *commit, p *page)) error {
	return l.commit(func(c *commit) error {
		start()
		i := slices.IndexFunc(l.campaigns, func(k *Campaign) bool { return k.ID == campaign })
		if i < 0 {
			return ErrNotFound
		}
		for _, p := range l.campaigns[i].pages {
			if p.counts[s] == 0 {
				continue
			}
			if err := l.load(p); err != nil {
				return err
			}
			fn(c, p)
		}
		return nil
	})
}

// trimAt is how large the journal may grow before all open pages are folded, in
// octets; trimEvery is how long it may wait for that. Pages that were read for a
// receipt and are idle are let go of then too.
const (
	trimAt    = 16 << 20
	trimEvery = time.Minute
)

// Tidy folds and trims when it is time, and tries parked receipts again. Call it
// about once a second.
func (l *Ledger) Tidy() error {
	l.mu.Lock()
	due := l.journaled > trimAt || l.journaled+l.loaded > 0 && time.Since(l.lastTrim) > trimEvery
	parked := len(l.parked) > 0
	l.mu.Unlock()
	if parked {
		if err := l.retryParked(); err != nil {
			return err
		}
	}
	if !due {
		return nil
	}
	return l.fold()
}
