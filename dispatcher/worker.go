package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/queue"
	"tocsin/providers/sms"
)

// rounds is how often a worker tries what the carrier put off before it gives
// the page back; pause is how long it waits before the first try, doubled each
// time.
const (
	rounds = 5
	pause  = 200 * time.Millisecond
)

// work claims one page and sends what waits on it. It returns nil when the page
// is done or not to be had, queue.ErrLater when it has to come back, and the
// ledger's error when the ledger is broken.
func (d *Dispatcher) work(ctx context.Context, l *line, id, epoch int64) error {
	if !l.enter(ctx) {
		return queue.ErrLater
	}
	defer l.leave()
	return d.workOn(ctx, l, l.budget, id, epoch)
}

// workOn is work within a budget.
func (d *Dispatcher) workOn(ctx context.Context, l *line, budget *semaphore.Weighted, id, epoch int64) error {
	if !l.usable() {
		return queue.ErrLater
	}
	k, err := d.ledger.Claim(ctx, id, epoch)
	switch {
	case errors.Is(err, ledger.ErrTaken):
		return nil
	case err != nil:
		return d.broken(fmt.Errorf("claim page %d: %w", id, err))
	}
	w, err := d.newPageWork(l, budget, k)
	if err == nil {
		err = w.run(ctx)
	}
	// What is not sent goes back to the ledger whatever happened.
	if release := d.ledger.Release(k); release != nil && !errors.Is(release, ledger.ErrStale) {
		return d.broken(fmt.Errorf("release page %d: %w", id, release))
	}
	if err != nil && !errors.Is(err, errStop) {
		return d.broken(fmt.Errorf("page %d of %s: %w", id, k.Campaign.Key, err))
	}
	return nil // what still waits is fed again under its new epoch
}

// errStop says that the page has to be given back: somebody overtakes, the
// campaign does not run any more, the line is down, or the process ends.
var errStop = errors.New("the page is given back")

// pageWork is one worker's work on one page.
type pageWork struct {
	d       *Dispatcher
	l       *line
	budget  *semaphore.Weighted
	k       *ledger.Claim
	order   *order
	running sync.WaitGroup

	mu    sync.Mutex
	again []uint16 // what the carrier put off
	err   error
}

func (d *Dispatcher) newPageWork(l *line, budget *semaphore.Weighted, k *ledger.Claim) (*pageWork, error) {
	o, err := d.orders.of(&k.Campaign)
	if err != nil {
		return nil, err
	}
	return &pageWork{d: d, l: l, budget: budget, k: k, order: o}, nil
}

// run sends all that waits, in rounds.
func (w *pageWork) run(ctx context.Context) error {
	waiting := w.k.Waiting
	for round := 0; len(waiting) > 0; round++ {
		if round == rounds {
			return errStop
		}
		if round > 0 && !sleep(ctx, pause<<(round-1)) {
			return errStop
		}
		err := w.round(ctx, waiting)
		w.running.Wait()
		if w.err != nil {
			return w.err
		}
		if err != nil {
			return err
		}
		waiting, w.again = w.again, nil
	}
	return nil
}

// round offers waiting chunk by chunk. It does not wait for a chunk's answers
// before the next one is offered, as long as the line's budget lasts.
func (w *pageWork) round(ctx context.Context, waiting []uint16) error {
	for len(waiting) > 0 {
		n := min(w.l.chunk, len(waiting))
		if err := w.budget.Acquire(ctx, int64(n)); err != nil {
			return errStop
		}
		// Asked now: it may have taken a while.
		if w.order.over(time.Now()) || ctx.Err() != nil || w.l.overtaken(w.k.Campaign.Class) || !w.l.usable() || w.failed() {
			w.budget.Release(int64(n))
			return errStop
		}
		c := chunks.Get().(*chunk)
		c.fill(waiting[:n])
		waiting = waiting[n:]
		w.running.Add(1)
		go func() {
			defer w.running.Done()
			defer w.budget.Release(int64(n))
			if err := w.send(c); err != nil {
				w.fail(err)
			}
			c.reset()
			chunks.Put(c)
		}()
	}
	return nil
}

// send takes one chunk through its arrows: intent on disk, bytes out, answers on
// disk.
func (w *pageWork) send(c *chunk) error {
	if err := c.render(w.order, w.k); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	fault("before-intent")
	if err := w.d.ledger.Offer(w.k, c.indexes, c.parts); err != nil {
		if errors.Is(err, ledger.ErrTaken) || errors.Is(err, ledger.ErrStale) {
			return errStop
		}
		return fmt.Errorf("note intent: %w", err)
	}
	fault("after-intent")
	w.l.Provider.Submit(w.d.submitting, c.messages, c.acks)
	fault("before-outcome")
	if err := w.d.ledger.Settle(w.k, c.indexes, c.acks); err != nil {
		if errors.Is(err, ledger.ErrStale) {
			return errStop
		}
		return fmt.Errorf("note answers: %w", err)
	}
	fault("after-outcome")
	w.putOff(c)
	return nil
}

// putOff remembers what may be offered again, and what of it the carrier has.
func (w *pageWork) putOff(c *chunk) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range c.acks {
		if o := c.acks[i].Outcome; o == sms.NotNow || o == sms.NotSent {
			w.k.Done[c.indexes[i]] = c.acks[i].Done
			w.again = append(w.again, c.indexes[i])
		}
	}
}

func (w *pageWork) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

func (w *pageWork) failed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err != nil
}

// sleep waits for d; it reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
