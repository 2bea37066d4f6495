package ledger

import (
	"context"
	"fmt"

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
	l.campaigns = all
	for _, c := range all {
		for _, p := range c.pages {
			l.pages[p.id] = p
		}
	}
	if err := l.replay(ctx); err != nil {
		return err
	}
	if err := l.db.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM (SELECT max(id) AS id FROM incoming UNION SELECT max(id) FROM orphan) AS ids`).
		Scan(&l.lastID); err != nil {
		return err
	}
	if err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM orphan`).Scan(&l.orphaned); err != nil {
		return err
	}
	return l.recover()
}

// replay reads the journal.
func (l *Ledger) replay(ctx context.Context) error {
	rows, err := l.db.QueryContext(ctx, `SELECT seq, data FROM journal ORDER BY seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	stored := map[*page][sms.States]int{}
	load := func(id int64) (*page, error) {
		p := l.pages[id]
		if p == nil {
			return nil, fmt.Errorf("the journal speaks of page %d, which is not there", id)
		}
		if p.numbers == nil {
			stored[p] = p.counts
			// Counters that are kept in the row only are as of the last commit already.
			if err := p.loadPeople(ctx, &l.contents); err != nil {
				return nil, err
			}
		}
		return p, nil
	}
	// resent and segments are totals of the row: replay must not add to them again.
	totals := map[*page][2]int{}
	for _, p := range l.pages {
		totals[p] = [2]int{p.resent, p.segments}
	}
	for rows.Next() {
		var seq int64
		var data []byte
		if err := rows.Scan(&seq, &data); err != nil {
			return err
		}
		if err := replay(seq, data, load); err != nil {
			return fmt.Errorf("read journal row %d: %w", seq, err)
		}
		l.seq = seq
		l.journaled += len(data)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for p, counts := range stored {
		if p.counts != counts {
			return fmt.Errorf("page %d does not balance: its row says %v, its journal %v", p.id, counts, p.counts)
		}
		l.unfolded[p] = struct{}{}
	}
	for p, t := range totals {
		p.resent, p.segments = t[0], t[1]
		l.seq = max(l.seq, p.folded)
	}
	return nil
}

// recover ends the claims of processes that are gone: what they had offered is
// in doubt, the rest of their pages is free.
func (l *Ledger) recover() error {
	return l.commit(func(c *commit) error {
		for _, p := range l.pages {
			if p.owner == "" && p.counts[sms.Offered] == 0 {
				continue
			}
			if err := l.load(p); err != nil {
				return err
			}
			c.shift(p, sms.Offered, sms.InDoubt, nil)
			c.release(p)
		}
		return nil
	})
}
