package ledger

import (
	"context"
	"fmt"
	"time"
)

// overlap is how far back a look goes behind the last one: a transaction is seen
// when it is committed, and its stamp is older than that.
const overlap = 3 * time.Second

// Sync looks what other processes have written to a shared ledger since it last
// looked: new campaigns, their states, and pages.
func (l *Ledger) Sync(ctx context.Context) error {
	if !l.shared {
		return nil
	}
	if err := l.syncCampaigns(ctx); err != nil {
		return fmt.Errorf("look at the campaigns: %w", err)
	}
	if err := l.syncProviders(ctx); err != nil {
		return fmt.Errorf("look at the providers: %w", err)
	}
	if err := l.syncPages(ctx); err != nil {
		return fmt.Errorf("look at the pages: %w", err)
	}
	return nil
}

func (l *Ledger) syncCampaigns(ctx context.Context) error {
	rows, err := l.db.QueryContext(ctx, `SELECT id, state, started, finished, note FROM campaign ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	type life struct {
		id                int64
		state             string
		started, finished int64
		note              string
	}
	var lives []life
	for rows.Next() {
		var v life
		if err := rows.Scan(&v.id, &v.state, &v.started, &v.finished, &v.note); err != nil {
			return err
		}
		lives = append(lives, v)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	var unknown []int64
	l.mu.Lock()
	for _, v := range lives {
		if k := l.campaignOf(v.id); k != nil {
			k.State, k.Started, k.Finished, k.Note = v.state, v.started, v.finished, v.note
		} else {
			unknown = append(unknown, v.id)
		}
	}
	l.mu.Unlock()
	for _, id := range unknown {
		all, err := readCampaigns(ctx, l.db, "WHERE id = $1", id)
		if err != nil {
			return err
		}
		for _, c := range all {
			l.adopt(c)
		}
	}
	return nil
}

// syncPages reads the rows of pages that were written since the last look. They
// are taken over between two transactions, so that none under way is disturbed.
func (l *Ledger) syncPages(ctx context.Context) error {
	l.mu.Lock()
	since := l.seen
	l.mu.Unlock()
	rows, err := l.db.QueryContext(ctx, `SELECT `+pageColumns+`, stamp FROM page WHERE stamp > $1`, since-overlap.Milliseconds())
	if err != nil {
		return err
	}
	defer rows.Close()
	var changed []*page
	for rows.Next() {
		var stamp int64
		p, _, err := scanPage(stamped{rows, &stamp})
		if err != nil {
			return err
		}
		since = max(since, stamp)
		changed = append(changed, p)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	l.mu.Lock()
	l.seen = since
	news := false
	for _, fresh := range changed {
		p := l.pages[fresh.id]
		news = news || p != nil && p.version < fresh.version
	}
	l.mu.Unlock()
	if !news {
		return nil
	}
	return l.commit(func(c *commit) error {
		for _, fresh := range changed {
			p := l.pages[fresh.id]
			if p == nil || p.version >= fresh.version || c.dirty[p] != nil {
				continue // one that is dirty here will be found to have moved
			}
			l.replace(p, fresh)
		}
		return nil
	})
}

// stamped is a row of a page with its stamp behind it.
type stamped struct {
	row
	stamp *int64
}

// Scan reads the page's columns and the stamp.
func (s stamped) Scan(dest ...any) error { return s.row.Scan(append(dest, s.stamp)...) }
