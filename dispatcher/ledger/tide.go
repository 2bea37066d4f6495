package ledger

import (
	"context"
	"fmt"
	"time"
)

// Tide is a number that grows with every change of a page. In the database it is at least
// as high as here: a database with a lower one has lost changes.
func (l *Ledger) Tide() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	tide := -l.unsure
	for _, p := range l.pages {
		tide += p.version
	}
	return tide
}

// setBack takes over a ledger that has lost its last transactions, as a standby has that was
// behind its primary: it is not known what was sent since.
func (l *Ledger) setBack(ctx context.Context) error {
	l.log.Error("the ledger is older than what this process has seen of it: every campaign is paused, everybody open is in doubt")
	note := fmt.Sprintf("the ledger was found older than it was, at %s: what was sent since is not known here; see doubt, then resume", time.Now().Format(time.RFC3339))
	if err := l.doubt(ctx, note); err != nil {
		return fmt.Errorf("take a ledger that is older than it was: %w", err)
	}
	return l.store.took()
}
