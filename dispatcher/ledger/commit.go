package ledger

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"tocsin/dispatcher/fault"
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
// changed nothing. A request that the database refuses for what it says (ErrRefused)
// fails alone, and has changed nothing; any other database error breaks the ledger
// for good.
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
	wrote := l.transact(batch)
	l.lead()
	l.mu.Unlock()
	if wrote && l.onDone != nil {
		l.onDone(time.Since(start), len(batch))
	}
	for _, other := range batch {
		if other != r {
			close(other.done)
		}
	}
	return r.err
}

// writeTimeout bounds a transaction. It is far above the slowest healthy one.
const writeTimeout = 30 * time.Second

// holdAfter is how often in a row a transaction is refused because another process has
// written to its pages before they are kept for it.
const holdAfter = 3

// transact gathers what the requests want and writes it. When another process has
// written to a page in between, the pages are read anew and the requests asked
// again; after a few times no other process may write to them meanwhile. When the
// database refuses what they say, each half of them is written by itself, until the one
// to blame is alone. Under l.mu, which it lets go of while the database works.
func (l *Ledger) transact(batch []*request) (wrote bool) {
	for tries := 1; l.broken == nil; tries++ {
		c := l.gather(batch)
		if l.broken != nil {
			break
		}
		err := errMoved
		if !c.moved {
			if c.empty() {
				return false
			}
			err = l.put(c)
		}
		refused := errors.Is(err, ErrRefused)
		if refused || errors.Is(err, errMoved) {
			if !refused && tries >= holdAfter {
				free, held := l.hold(c)
				defer free()
				if held != nil {
					l.finish(c, held)
					continue
				}
			}
			if undone := l.refresh(c); undone != nil {
				err = errors.Join(undone, err)
			} else if refused {
				return l.divide(batch, err)
			} else {
				continue
			}
		}
		l.finish(c, err)
		if err == nil {
			return true
		}
	}
	for _, r := range batch {
		r.err = l.broken
	}
	return false
}

// hold keeps other processes from writing to the pages of c until its next write. Under
// l.mu, which it lets go of while it waits for them.
func (l *Ledger) hold(c *commit) (free func(), err error) {
	store, shared := l.store.(holder)
	if !shared {
		return func() {}, nil
	}
	var ids []int64
	for _, p := range c.pages() {
		ids = append(ids, p.id)
	}
	l.mu.Unlock()
	defer l.mu.Lock()
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	return store.hold(ctx, ids)
}

// divide writes the two halves of a batch that the database has refused, each by
// itself; a request that is alone fails. Under l.mu.
func (l *Ledger) divide(batch []*request, refused error) (wrote bool) {
	if len(batch) == 1 {
		batch[0].err = refused
		l.log.Error("the database refuses what a request says: nothing of it was written, everything else goes on", "err", refused)
		return false
	}
	first := l.transact(batch[:len(batch)/2])
	second := l.transact(batch[len(batch)/2:])
	return first || second
}

// put writes what was gathered. Under l.mu, which it lets go of while the database works.
func (l *Ledger) put(c *commit) error {
	if len(c.campaigns) > 0 {
		l.lives++
	}
	l.mu.Unlock()
	// An outcome is written whatever becomes of the caller.
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if len(c.fold) > 0 {
		fault.Point("before-fold")
	}
	err := l.store.write(ctx, c)
	if len(c.fold) > 0 {
		fault.Point("after-fold")
	}
	l.mu.Lock()
	if len(c.campaigns) > 0 {
		l.lives++
	}
	return err
}

// gather lets every request in batch change the pages and say what to write.
func (l *Ledger) gather(batch []*request) *commit {
	c := &l.current
	c.reset(l.now(), l.seals)
	for _, r := range batch {
		r.err = l.ask(r, c)
	}
	for p, d := range c.dirty {
		d.close()
		if p.settled() && p.owner == "" {
			c.fold[p] = nil
		}
	}
	for p := range c.fold {
		c.touch(p)
		c.fold[p] = p.encode(nil, c.sealed)
	}
	for p := range c.dirty {
		p.version++
	}
	for p := range c.fold {
		p.folded = p.version
	}
	return c
}

// ask lets a request change the pages. One that panics may have left anything half done
// in memory, which breaks the ledger: what is on disk is read again at the next start.
func (l *Ledger) ask(r *request, c *commit) (err error) {
	defer func() {
		if recover() != nil { // its words may hold anything, so that only the place is told
			l.broken = fmt.Errorf("the ledger has failed, sending has stopped: start again, it continues where it stopped\n%s", debug.Stack())
			l.log.Error("the ledger has failed, sending has stopped", "stack", string(debug.Stack()))
		}
	}()
	return r.apply(c)
}

// lead makes the first waiting request commit next, for itself and the others.
func (l *Ledger) lead() {
	if len(l.queue) == 0 {
		l.committing = false
		return
	}
	first := l.queue[0]
	first.lead = true
	first.done <- struct{}{}
}

// finish takes note, under l.mu, of how the transaction ended.
func (l *Ledger) finish(c *commit, err error) {
	if err != nil {
		l.unsure += int64(len(c.dirty))
		l.broken = fmt.Errorf("the ledger cannot be written, sending has stopped: %w: %s", err, l.store.advice(err))
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
