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
	if err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM orphan`).Scan(&l.orphaned); err != nil {
		return err
	}
	return l.recover()
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
