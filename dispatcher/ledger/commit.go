package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// A request is one writer's share of a transaction.
type request struct {
	apply func(c *commit) error
	err   error
	done  chan struct{} // closed when committed; or one value: commit for the others
	lead  bool
}

// A commit gathers what one transaction writes.
type commit struct {
	seq     int64
	at      int64 // milliseconds since 1970
	journal []byte
	scratch []byte // of records that are counted before they are appended
	dirty   map[*page]struct{}
	fold    map[*page]struct{}
	exec    []func(ctx context.Context, tx execer) error
	trimmed bool // the journal before this row is deleted
}

// reset makes c ready for the next transaction; its memory is used again.
func (c *commit) reset(seq, at int64) {
	if c.dirty == nil {
		c.dirty, c.fold = map[*page]struct{}{}, map[*page]struct{}{}
	}
	clear(c.dirty)
	clear(c.fold)
	clear(c.exec)
	c.seq, c.at, c.journal, c.exec, c.trimmed = seq, at, c.journal[:0], c.exec[:0], false
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
	c := l.gather(batch)
	start := time.Now()
	err := l.broken
	writes := !c.empty()
	if err == nil && writes {
		l.mu.Unlock()
		err = l.write(c)
		l.mu.Lock()
		l.finish(c, err)
	}
	l.lead()
	l.mu.Unlock()
	if err == nil && l.onDone != nil && writes {
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

// gather lets every request in batch change the pages and say what to write.
func (l *Ledger) gather(batch []*request) *commit {
	c := &l.current
	c.reset(l.seq+1, time.Now().UnixMilli())
	for _, r := range batch {
		r.err = r.apply(c)
	}
	seq := l.seq
	if len(c.journal) > 0 {
		seq = c.seq
	}
	for p := range c.dirty {
		if p.settled() && p.owner == "" {
			c.fold[p] = struct{}{}
		}
	}
	for p := range c.fold {
		p.folded = seq
		p.image = p.encode(nil)
		c.dirty[p] = struct{}{}
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

func (c *commit) empty() bool {
	return len(c.journal) == 0 && len(c.dirty) == 0 && len(c.exec) == 0 && len(c.fold) == 0
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
	if len(c.journal) > 0 {
		if _, err := l.stmt.journal.ExecContext(ctx, c.seq, c.at, c.journal); err != nil {
			return fmt.Errorf("write journal: %w", err)
		}
	}
	for p := range c.fold {
		if _, err := l.stmt.status.ExecContext(ctx, p.id, p.image); err != nil {
			return fmt.Errorf("fold page %d: %w", p.id, err)
		}
	}
	for p := range c.dirty {
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

// finish takes note, under l.mu, of how the transaction ended.
func (l *Ledger) finish(c *commit, err error) {
	if err != nil {
		l.broken = fmt.Errorf("the ledger cannot be written, sending has stopped: %w", err)
		l.log.Error("the ledger cannot be written, sending has stopped", "err", err)
		return
	}
	if len(c.journal) > 0 {
		l.seq = c.seq
		l.journaled += len(c.journal)
	}
	if c.trimmed {
		l.journaled, l.loaded, l.lastTrim = len(c.journal), 0, time.Now()
	}
	for p := range c.dirty {
		if _, folded := c.fold[p]; !folded {
			l.unfolded[p] = struct{}{}
		}
	}
	for p := range c.fold {
		p.image = nil
		delete(l.unfolded, p)
		if p.settled() && p.owner == "" {
			p.unload()
		}
	}
	if c.trimmed {
		l.unloadIdle()
	}
}
