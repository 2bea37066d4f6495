package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tocsin/providers/sms"
)

// unwanted are the numbers that want nothing, in memory: those of the suppression list.
// It is guarded by the ledger's mu.
type unwanted struct {
	list  []sms.Number        // ascending
	fresh map[sms.Number]bool // what has changed since list was made
	turn  int64               // counts the changes
}

// mergeAt is how many changes are kept apart from the list.
const mergeAt = 1 << 14

// set puts numbers on the list, or takes them off it.
func (u *unwanted) set(numbers []sms.Number, on bool) {
	if u.fresh == nil {
		u.fresh = map[sms.Number]bool{}
	}
	for _, n := range numbers {
		u.fresh[n] = on
	}
	u.turn++
	if len(u.fresh) > mergeAt {
		u.merge()
	}
}

// merge makes one list of both.
func (u *unwanted) merge() {
	list := slices.DeleteFunc(slices.Clone(u.list), func(n sms.Number) bool {
		_, changed := u.fresh[n]
		return changed
	})
	for n, on := range u.fresh {
		if on {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	u.list, u.fresh = list, map[sms.Number]bool{}
}

// has reports whether a number is on the list.
func (u *unwanted) has(n sms.Number) bool {
	if on, changed := u.fresh[n]; changed {
		return on
	}
	_, found := slices.BinarySearch(u.list, n)
	return found
}

// between is the part of the list that a page's numbers may be on.
func (u *unwanted) between(lowest, highest sms.Number) *unwanted {
	from, _ := slices.BinarySearch(u.list, lowest)
	to, _ := slices.BinarySearch(u.list, highest+1)
	return &unwanted{list: u.list[from:to], fresh: u.fresh}
}

func (u *unwanted) empty() bool { return len(u.list) == 0 && len(u.fresh) == 0 }

// prevent cancels the waiting recipients of the loaded page p that have opted out, and
// reports how many. They are not offered any more.
func (l *Ledger) prevent(c *commit, p *page) int {
	if l.unwanted.empty() || p.campaign.Override != "" {
		return 0
	}
	some := l.unwanted.between(p.lowest, p.highest)
	if some.empty() {
		return 0
	}
	var indexes []uint16
	c.shift(p, sms.Waiting, sms.Cancelled, func(i int) bool {
		if !some.has(p.numbers[i]) {
			return false
		}
		indexes = append(indexes, uint16(i))
		return true
	})
	if len(indexes) == 0 {
		return 0
	}
	acks := make([]sms.Ack, len(indexes))
	for i := range acks {
		acks[i] = optedOut
	}
	c.answer(p, indexes, acks)
	p.optedOut += len(indexes)
	c.do(`UPDATE page SET opted_out = $1 WHERE id = $2`, int64(p.optedOut), p.id)
	return len(indexes)
}

// optedOut is the answer that tells why somebody was cancelled; of anybody else it says
// nothing.
var optedOut = sms.Ack{Outcome: sms.NotNow, Reason: sms.OptedOut}

// wants reports whether recipient i of a loaded page may be offered its campaign.
func (l *Ledger) wants(p *page, i int) bool {
	return p.campaign.Override != "" || !l.unwanted.has(p.numbers[i])
}

// Waits returns those of a claim's recipients at indexes that still wait: after ErrOptedOut
// these may be offered. It uses the memory of indexes.
func (l *Ledger) Waits(k *Claim, indexes []uint16) ([]uint16, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.held(k)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(indexes, func(i uint16) bool { return int(i) >= p.size || p.people.state[i] != sms.Waiting }), nil
}

// readUnwanted reads the whole list at start.
func (l *Ledger) readUnwanted(ctx context.Context) error {
	list, err := readSuppression(ctx, l.db, "")
	if err != nil {
		return err
	}
	l.unwanted.list = list
	return nil
}

// unwantedSince is how far back a look at a shared ledger reaches, in milliseconds: a
// transaction that is written now may have begun that long ago.
const unwantedSince = 2 * 1000 * int64(writeTimeout/1e9)

// syncList takes over what other processes have made of the list.
func (l *Ledger) syncList(ctx context.Context) error {
	if l.visitor {
		return nil // it offers nothing
	}
	l.mu.Lock()
	since, turn := l.now()-unwantedSince, l.unwanted.turn
	l.mu.Unlock()
	on, err := readSuppression(ctx, l.db, `WHERE since >= $1`, since)
	if err != nil {
		return err
	}
	off, err := readNumbers(ctx, l.db, `SELECT c.number FROM consent c WHERE c.at >= $1 AND c.verb = 'in'
		AND NOT EXISTS (SELECT 1 FROM suppression s WHERE s.number = c.number)`, since)
	if err != nil {
		return fmt.Errorf("read who opted in: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unwanted.turn == turn { // else a person who opted in may have opted out since: the next look tells
		l.unwanted.take(off, false)
	}
	l.unwanted.take(on, true)
	return nil
}

// recheck makes these numbers in memory what the database says of them.
func (l *Ledger) recheck(ctx context.Context, numbers []sms.Number) error {
	for {
		l.mu.Lock()
		turn := l.unwanted.turn
		l.mu.Unlock()
		all := map[sms.Number]bool{}
		for _, n := range numbers {
			found, err := readSuppression(ctx, l.db, `WHERE number = $1`, int64(n))
			if err != nil {
				return err
			}
			all[n] = len(found) > 0
		}
		l.mu.Lock()
		same := l.unwanted.turn == turn
		if same {
			for n := range maps.Keys(all) {
				l.unwanted.take([]sms.Number{n}, all[n])
			}
		}
		l.mu.Unlock()
		if same {
			return nil
		}
	}
}

// take notes that the numbers have opted out, or in again (on false). Those that already have are left alone.
func (u *unwanted) take(numbers []sms.Number, on bool) {
	if news := slices.DeleteFunc(slices.Clone(numbers), func(n sms.Number) bool { return u.has(n) == on }); len(news) > 0 {
		u.set(news, on)
	}
}
