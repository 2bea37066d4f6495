package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A request is one writer's share of a transaction.
type request struct {
	apply func(c *commit) error
	err   error
	done  chan struct{} // closed when committed; or one value: commit for the others
	lead  bool
}

// commit applies fn to the pages in memory and returns once its records and
// counts are on disk. Requests that come while a transaction is being written
// share the next one. fn runs under l.mu; when it returns an error it must have
// changed nothing. A database error breaks the ledger for good.
func (l *Ledger) commit(fn func(c *commit) error) error {
	r := &request{apply: fn, done: make(chan struct{}, 1)}
	l.mu.Lock()
	if l.broken != nil {
		l.mu.Unlock()
		return l.broken
	}
	l.queue = append(l.queue, r)
	if l.committing {
		l.mu.Unlock()
		<-r.done
		if !r.lead {
			return r.err
		}
		l.mu.Lock()
	}
	l.committing = true
	batch := l.queue
	l.queue = nil
	start := time.Now()
	wrote, err := l.transact(batch)
	l.lead()
	l.mu.Unlock()
	if wrote && l.onDone != nil {
		l.onDone(time.Since(start), len(batch))
	}
	for _, other := range batch {
		if err != nil {
			other.err = err
		}
		if other != r {
			close(other.done)
		}
	}
	return r.err
}

// transact gathers what the requests want and writes it. Under l.mu, which it
// lets go of while the database works.
func (l *Ledger) transact(batch []*request) (wrote bool, err error) {
	if l.broken != nil {
		return false, l.broken
	}
	c := l.gather(batch)
	if c.empty() {
		return false, nil
	}
	l.mu.Unlock()
	err = l.write(c)
	l.mu.Lock()
	l.finish(c, err)
	return err == nil, l.broken
}

// gather lets every request in batch change the pages and say what to write.
func (l *Ledger) gather(batch []*request) *commit {
	c := &l.current
	c.reset(time.Now().UnixMilli())
	for _, r := range batch {
		r.err = r.apply(c)
	}
	for p, d := range c.dirty {
		d.close()
		if p.settled() && p.owner == "" {
			c.fold[p] = nil
		}
	}
	for p := range c.fold {
		c.touch(p)
		c.fold[p] = p.encode(nil)
	}
	for p := range c.dirty {
		p.version++
	}
	for p := range c.fold {
		p.folded = p.version
	}
	return c
}

// lead lets the first of those who wait commit next.
func (l *Ledger) lead() {
	if len(l.queue) == 0 {
		l.committing = false
		return
	}
	first := l.queue[0]
	first.lead = true
	first.done <- struct{}{}
}

// write is the transaction.
func (l *Ledger) write(c *commit) error {
	// An outcome is written whatever becomes of the caller.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	l.writing.Lock()
	defer l.writing.Unlock()
	if _, err := l.stmt.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := l.fill(ctx, c); err != nil {
		l.stmt.rollback.ExecContext(ctx)
		return err
	}
	if _, err := l.stmt.commit.ExecContext(ctx); err != nil {
		l.stmt.rollback.ExecContext(ctx)
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// An execer runs a statement; here the connection with the open transaction. A
// sql.Tx would prepare each statement anew.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (l *Ledger) fill(ctx context.Context, c *commit) error {
	for p, d := range c.dirty {
		if image := c.fold[p]; image != nil {
			if _, err := l.stmt.status.ExecContext(ctx, p.id, image); err != nil {
				return fmt.Errorf("fold page %d: %w", p.id, err)
			}
			if _, err := l.stmt.trim.ExecContext(ctx, p.id); err != nil {
				return fmt.Errorf("trim the journal of page %d: %w", p.id, err)
			}
		} else if len(d.journal) > 0 {
			if _, err := l.stmt.journal.ExecContext(ctx, p.id, p.version, d.journal); err != nil {
				return fmt.Errorf("write journal of page %d: %w", p.id, err)
			}
		}
		if err := p.save(ctx, l.stmt.page); err != nil {
			return err
		}
	}
	for _, fn := range c.exec {
		if err := fn(ctx, l.conn); err != nil {
			return err
		}
	}
	return nil
}

// advice says what a person can do about a ledger that cannot be written.
func advice(err error, dir string) string {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xFF == sqlite3.SQLITE_FULL {
		return "free space on the disk of " + dir + " and start again, it continues where it stopped"
	}
	return "see to the disk of " + dir + " and start again, it continues where it stopped"
}

// finish takes note, under l.mu, of how the transaction ended.
func (l *Ledger) finish(c *commit, err error) {
	if err != nil {
		l.broken = fmt.Errorf("the ledger cannot be written, sending has stopped: %w: %s", err, advice(err, l.dir))
		l.log.Error("the ledger cannot be written, sending has stopped", "err", err)
		return
	}
	for p, d := range c.dirty {
		if c.fold[p] == nil {
			l.journaled += len(d.journal)
			l.unfolded[p] = struct{}{}
		}
	}
	for p := range c.fold {
		delete(l.unfolded, p)
		if p.settled() && p.owner == "" {
			p.unload()
		}
	}
	for _, fn := range c.then {
		fn()
	}
}
