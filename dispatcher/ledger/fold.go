package ledger

import (
	"context"
	"fmt"
)

// Fold folds every open page into its status row and empties the journal.
// Folding twice is nothing.
func (l *Ledger) Fold(context.Context) error { return l.fold() }

func (l *Ledger) fold() error {
	return l.commit(func(c *commit) error {
		upTo := l.seq
		for p := range l.unfolded {
			c.fold[p] = struct{}{}
		}
		// Pages that this very transaction changes too are folded with it, so
		// everything up to the last row is in the pages.
		c.exec = append(c.exec, func(ctx context.Context, tx execer) error {
			if _, err := tx.ExecContext(ctx, `DELETE FROM journal WHERE seq <= $1`, upTo); err != nil {
				return fmt.Errorf("trim journal: %w", err)
			}
			return nil
		})
		c.trimmed = true
		return nil
	})
}
