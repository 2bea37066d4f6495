package ledger

import (
	"context"
	"time"
)

// Fold folds every open page into its status row and empties the journal.
// Folding twice has no further effect.
func (l *Ledger) Fold(context.Context) error { return l.fold() }

func (l *Ledger) fold() error {
	return l.commit(func(c *commit) error {
		for p := range l.unfolded {
			if p.owner != "" && p.owner != l.owner {
				continue // it is another process's, which will fold it
			}
			if err := l.load(p); err != nil {
				return err
			}
			if p.owner == "" || p.owner == l.owner {
				c.fold[p] = nil
			}
		}
		// Pages that this very transaction changes too are folded with it.
		c.then = append(c.then, func() {
			l.journaled, l.loaded, l.lastTrim = 0, 0, time.Now()
			l.unloadIdle()
		})
		return nil
	})
}
