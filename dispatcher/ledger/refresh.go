package ledger

import (
	"context"
	"fmt"
	"slices"
)

// refresh takes back what a transaction that was refused has done to the pages and
// campaigns in memory: they are read anew. Under l.mu.
func (l *Ledger) refresh(c *commit) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	pages := c.pages()
	if l.shared && len(pages) > 0 {
		if err := l.readAnew(ctx, pages); err != nil {
			return err
		}
	}
	for _, p := range pages {
		if l.shared {
			break
		}
		if err := l.reread(ctx, p); err != nil {
			return fmt.Errorf("read page %d anew: %w", p.id, err)
		}
	}
	for _, k := range c.campaigns {
		if err := l.db.QueryRowContext(ctx, `SELECT state, started, finished, note, occurred, missed FROM campaign WHERE id = $1`, k.ID).
			Scan(&k.State, &k.Started, &k.Finished, &k.Note, &k.Occurred, &k.Missed); err != nil {
			return fmt.Errorf("read campaign %s anew: %w", k.Key, err)
		}
	}
	return nil
}

// reread makes p what the database says. Under l.mu.
func (l *Ledger) reread(ctx context.Context, p *page) error {
	row := l.db.QueryRowContext(ctx, `SELECT `+pageColumns+` FROM page WHERE id = $1`, p.id)
	fresh, _, err := scanPage(row)
	if err != nil {
		return err
	}
	l.replace(p, fresh)
	return nil
}

// replace makes p what fresh says of the same page, with the recipients that fresh has.
// Under l.mu.
func (l *Ledger) replace(p, fresh *page) {
	fresh.campaign = p.campaign
	*p = *fresh
	delete(l.unfolded, p)
	if p.version != p.folded {
		l.unfolded[p] = struct{}{}
	}
}

// campaignOf is the campaign with this id. Under l.mu.
func (l *Ledger) campaignOf(id int64) *Campaign {
	if i := slices.IndexFunc(l.campaigns, func(k *Campaign) bool { return k.ID == id }); i >= 0 {
		return l.campaigns[i]
	}
	return nil
}
