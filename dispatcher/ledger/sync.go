package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

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
	if err := l.syncList(ctx); err != nil {
		return fmt.Errorf("look who opted out: %w", err)
	}
	if err := l.syncPages(ctx); err != nil {
		return fmt.Errorf("look at the pages: %w", err)
	}
	return nil
}

// A life is what a campaign's row says that changes.
type life struct {
	id                int64
	state             string
	started, finished int64
	note              string
	occurred          int64
	missed            int
}

// syncCampaigns takes over how campaigns stand, and those that are new.
func (l *Ledger) syncCampaigns(ctx context.Context) error {
	for {
		l.mu.Lock()
		before := l.lives
		l.mu.Unlock()
		lives, err := l.readLives(ctx)
		if err != nil {
			return err
		}
		if unknown, ok := l.overtake(before, lives); ok {
			return l.adoptNew(ctx, unknown)
		}
		time.Sleep(time.Millisecond) // a transaction of ours is on its way
	}
}

func (l *Ledger) readLives(ctx context.Context) (lives []life, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT id, state, started, finished, note, occurred, missed FROM campaign ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v life
		if err := rows.Scan(&v.id, &v.state, &v.started, &v.finished, &v.note, &v.occurred, &v.missed); err != nil {
			return nil, err
		}
		lives = append(lives, v)
	}
	return lives, rows.Err()
}

// overtake makes campaigns in memory what was read of them, and returns those that are
// unknown. It is not ok, and nothing is done, when a transaction of this process that
// changes campaigns was under way or has ended since before: what was read may be older.
func (l *Ledger) overtake(before uint64, lives []life) (unknown []int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before%2 == 1 || l.lives != before {
		return nil, false
	}
	for _, v := range lives {
		if k := l.campaignOf(v.id); k != nil {
			k.State, k.Started, k.Finished, k.Note, k.Occurred, k.Missed = v.state, v.started, v.finished, v.note, v.occurred, v.missed
		} else {
			unknown = append(unknown, v.id)
		}
	}
	return unknown, true
}

func (l *Ledger) adoptNew(ctx context.Context, unknown []int64) error {
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

// syncPages reads the rows of pages that were written by transactions which had not
// ended at the last look.
func (l *Ledger) syncPages(ctx context.Context) error {
	l.mu.Lock()
	since := l.seen
	l.mu.Unlock()
	changed, open, err := l.readChanged(ctx, `WHERE stamp >= $1`, since)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.seen = max(since, open)
	l.mu.Unlock()
	return l.adoptPages(changed)
}

// syncOf reads the rows of all pages of these owners.
func (l *Ledger) syncOf(ctx context.Context, owners map[string]bool) error {
	if err := l.syncCampaigns(ctx); err != nil {
		return err
	}
	changed, _, err := l.readChanged(ctx, `WHERE owner = ANY($1)`, slices.Collect(maps.Keys(owners)))
	if err != nil {
		return err
	}
	return l.adoptPages(changed)
}

// readChanged reads rows of pages, and the oldest transaction that had not ended
// then; 0 when there is no row.
func (l *Ledger) readChanged(ctx context.Context, where string, arg any) (changed []*page, open int64, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT `+pageColumns+`, pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM page `+where, arg)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		p, _, err := scanPage(stamped{rows, &open})
		if err != nil {
			return nil, 0, err
		}
		changed = append(changed, p)
	}
	return changed, open, rows.Err()
}

// adoptPages takes over what others have made of pages. It does so between two
// transactions, so that none under way is disturbed.
func (l *Ledger) adoptPages(changed []*page) error {
	l.mu.Lock()
	news := slices.ContainsFunc(changed, func(fresh *page) bool {
		p := l.pages[fresh.id]
		return p != nil && p.version < fresh.version
	})
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

// stamped is a row of a page with one more column behind it.
type stamped struct {
	row
	stamp *int64
}

// Scan reads the page's columns and the one behind them.
func (s stamped) Scan(dest ...any) error { return s.row.Scan(append(dest, s.stamp)...) }
