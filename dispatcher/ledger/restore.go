package ledger

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"tocsin/providers/sms"
)

// restore reads campaigns, pages and journal at start, verifies the balance of
// every page that the journal speaks of, and takes what other processes left
// offered into doubt.
func (l *Ledger) restore(ctx context.Context) error {
	all, err := readCampaigns(ctx, l.db, "")
	if err != nil {
		return err
	}
	if err := l.syncProviders(ctx); err != nil {
		return err
	}
	if !l.visitor {
		if err := l.readUnwanted(ctx); err != nil {
			return err
		}
	}
	l.campaigns = all
	for _, c := range all {
		for _, p := range c.pages {
			l.pages[p.id] = p
		}
	}
	if !l.shared { // of a shared one others are at work on it
		if err := l.replay(ctx); err != nil {
			return err
		}
		if err := l.strayLines(ctx); err != nil {
			return err
		}
	}
	if err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM orphan`).Scan(&l.orphaned); err != nil {
		return err
	}
	if err := l.repark(ctx); err != nil {
		return err
	}
	if l.shared && l.visitor {
		if err := l.agreeOnSeals(ctx, false); err != nil {
			return err
		}
		return l.lookAtClock(ctx)
	}
	if l.shared {
		if err := l.beat(ctx); err != nil {
			return err
		}
		return l.takeOver(ctx)
	}
	return l.recover(func(string) bool { return true })
}

// replay reads every page that the journal speaks of, and holds the recipients
// against the row.
func (l *Ledger) replay(ctx context.Context) error {
	rows, err := l.db.QueryContext(ctx, `SELECT page, sum(length(data)) FROM journal GROUP BY page`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var octets int
		if err := rows.Scan(&id, &octets); err != nil {
			return err
		}
		p := l.pages[id]
		if p == nil {
			return fmt.Errorf("the journal speaks of page %d, which is not there", id)
		}
		if err := l.load(p); err != nil {
			return err
		}
		l.journaled += octets
		l.unfolded[p] = struct{}{}
	}
	return rows.Err()
}

// reparkFrom is how old a receipt may be that is tried again at start.
const reparkFrom = 24 * time.Hour

// repark takes up the receipts for which the last process found no recipient: it may have
// ended before the answers that they waited for, so that their recipients are in doubt now.
// Each is tried once at least.
func (l *Ledger) repark(ctx context.Context) error {
	return l.parkAgain(ctx, false, time.Now().Add(-reparkFrom).UnixMilli(), math.MaxInt64)
}

// takeParkedEvery is how often the leader looks for receipts that others have parked while
// no process has ended. A receipt that a process at work has tried for so long belongs to no
// recipient of this ledger.
const takeParkedEvery = time.Minute

// takeParked takes up the receipts that other processes of a shared ledger have parked, when
// this one leads: all of them once a process has ended, or else those that are old.
func (l *Ledger) takeParked(ctx context.Context) error {
	l.mu.Lock()
	to := l.now()
	from, due := l.parkedUpTo, l.leads && l.fewer
	if old := to - takeParkedEvery.Milliseconds(); !due && l.leads && old-from >= takeParkedEvery.Milliseconds() {
		to, due = old, true
	}
	if due {
		l.fewer = false
	}
	l.mu.Unlock()
	if !due {
		return nil
	}
	if err := l.parkAgain(ctx, true, max(from, to-reparkFrom.Milliseconds()), to); err != nil {
		l.mu.Lock()
		l.fewer = true
		l.mu.Unlock()
		return fmt.Errorf("take up receipts that were parked: %w", err)
	}
	l.mu.Lock()
	l.parkedUpTo = to
	l.mu.Unlock()
	return nil
}

// parkAgain parks the receipts on disk that came after from and not after to, in
// milliseconds since 1970, and are not parked here; the latest of too many. theirs:
// another process counts them.
func (l *Ledger) parkAgain(ctx context.Context, theirs bool, from, to int64) error {
	rows, err := l.db.QueryContext(ctx, `SELECT id, provider, number, ref, state, reason, code, done, at FROM orphan
		WHERE at > $1 AND at <= $2 ORDER BY at DESC LIMIT $3`, from, to, maxParked)
	if err != nil {
		return err
	}
	defer rows.Close()
	var all []parked
	for rows.Next() {
		k := parked{theirs: theirs}
		var number, state, at int64
		r := &k.receipt
		if err := rows.Scan(&k.id, &k.provider, &number, &r.Ref, &state, &r.Reason, &r.Code, &r.Time, &at); err != nil {
			return err
		}
		r.To, k.since = sms.Number(number), time.UnixMilli(at)
		r.State, r.Whole = sms.State(state%wholeOrphan), state >= wholeOrphan
		all = append(all, k)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := make(map[int64]bool, len(l.parked))
	for i := range l.parked {
		known[l.parked[i].id] = true
	}
	for _, k := range slices.Backward(all) { // as they came
		if known[k.id] || len(l.parked) >= maxParked {
			continue
		}
		l.parked = append(l.parked, k)
		if r := &k.receipt; r.State == sms.Delivered && !r.Whole && len(r.Ref) > 0 {
			l.putAside(k.provider, r, k.since.UnixMilli())
		}
	}
	return nil
}
