package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"tocsin/dispatcher/fault"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/queue"
	"tocsin/providers"
	"tocsin/providers/sms"
)

// rounds is how often a worker tries what the carrier put off before it gives
// the page back; pause is how long it waits before the first try, doubled each
// time.
const (
	rounds = 5
	pause  = 200 * time.Millisecond
)

// spareEvery is how often work that overtakes looks for room.
const spareEvery = 5 * time.Millisecond

// work claims one page and sends what waits on it. It returns nil when the page
// is done or not to be had, queue.ErrLater when it has to come back, and the
// ledger's error when the ledger is broken.
func (d *Dispatcher) work(ctx context.Context, l *line, id, epoch int64) error {
	if !l.enter(ctx) {
		return queue.ErrLater
	}
	defer l.leave()
	return d.workOn(ctx, l, way{budget: l.budget}, id, epoch)
}

// A way is how a page is worked on.
type way struct {
	budget *semaphore.Weighted
	trial  bool   // the carrier is ill: the first few are offered to find out
	floor  *floor // routine work beside urgent, at the floor's pace; nil: not so
}

// workOn is work in one way.
func (d *Dispatcher) workOn(ctx context.Context, l *line, by way, id, epoch int64) error {
	if by.trial != l.onTrial() || !by.trial && !l.usable() || by.stops(l, d.ledger.ClassOf(id)) {
		return queue.ErrLater
	}
	k, err := d.claim(ctx, l, by, id, epoch)
	switch {
	case errors.Is(err, ledger.ErrTaken):
		return nil
	case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return queue.ErrLater // the process ends, which is no failure of the page
	case err != nil:
		return d.broken(fmt.Errorf("claim page %d: %w", id, err))
	}
	err = d.send(ctx, l, by, k)
	// What is not sent goes back to the ledger whatever happened.
	if release := d.ledger.Release(k); release != nil && !errors.Is(release, ledger.ErrStale) {
		return d.broken(fmt.Errorf("release page %d: %w", k.Page, release))
	}
	if err != nil && !errors.Is(err, errStop) {
		return d.broken(fmt.Errorf("page %d of %s: %w", k.Page, k.Campaign.Key, err))
	}
	return nil // what still waits is fed again under its new epoch
}

// claim takes the page of a task, or one of an older campaign of its class that waits
// for the same line: after an outage tasks come back in no order. The page that is left
// is fed again.
func (d *Dispatcher) claim(ctx context.Context, l *line, by way, id, epoch int64) (*ledger.Claim, error) {
	fault.Point("before-claim")
	defer fault.Point("after-claim")
	if by.budget == l.budget {
		if t, ok := d.ledger.Before(l.Name, id); ok {
			k, err := d.ledger.Claim(ctx, t.Page, t.Epoch)
			if !errors.Is(err, ledger.ErrTaken) {
				return k, err
			}
		}
	}
	return d.ledger.Claim(ctx, id, epoch)
}

// send sends what waits on a claimed page. A panic costs the page's turn and
// nothing else.
func (d *Dispatcher) send(ctx context.Context, l *line, by way, k *ledger.Claim) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("a worker panicked: %s", debug.Stack())
		}
	}()
	w, err := d.newPageWork(l, by, k)
	if err != nil {
		return err
	}
	if w.order.renderer.Reads() {
		if err := d.ledger.Read(ctx, k); ctx.Err() != nil {
			return errStop
		} else if err != nil {
			return err
		}
	}
	return w.run(ctx)
}

// idle reports whether nothing can be sent in this way now.
func (w *pageWork) idle() bool {
	if w.trial {
		return !w.l.onTrial()
	}
	return !w.l.usable()
}

// errStop says that the page has to be given back: a higher class overtakes, the
// campaign does not run any more, the line is down, or the process ends.
var errStop = errors.New("the page is given back")

// pageWork is one worker's work on one page.
type pageWork struct {
	d *Dispatcher
	l *line
	way
	k       *ledger.Claim
	order   *order
	running sync.WaitGroup

	mu       sync.Mutex
	again    []uint16       // what the carrier put off
	poisoned map[uint16]int // how often a text could not be written
	err      error
}

// stops reports whether a higher class goes first.
func (w way) stops(l *line, c sms.Class) bool {
	if w.trial { // each class has its turn, because the carrier may fail the highest one only
		return false
	}
	if w.floor != nil { // it is for beside urgent work: neither beside an emergency, nor with the line free
		return l.pressing.Load() != int32(sms.Urgent)+1
	}
	return l.overtaken(c)
}

// acquire reserves n recipients of the way's budget, or of another that is free for it, and
// returns the semaphore to release. Work that overtakes has the whole line as soon as the
// work that was overtaken has released it.
func (w way) acquire(ctx context.Context, l *line, n int64) (*semaphore.Weighted, error) {
	if w.budget != l.spare {
		return w.budget, w.budget.Acquire(ctx, n)
	}
	for !l.budget.TryAcquire(n) {
		if l.spare.TryAcquire(n) {
			return l.spare, nil
		}
		if !sleep(ctx, spareEvery) {
			return nil, ctx.Err()
		}
	}
	return l.budget, nil
}

// size is how many recipients are offered at once.
func (w way) size(l *line) int {
	switch {
	case w.trial:
		return providers.Trial
	case w.floor != nil:
		return w.floor.chunk
	}
	return int(l.chunk.Load())
}

func (d *Dispatcher) newPageWork(l *line, by way, k *ledger.Claim) (*pageWork, error) {
	o, err := d.orders.of(&k.Campaign)
	if err != nil {
		return nil, err
	}
	return &pageWork{d: d, l: l, way: by, k: k, order: o}, nil
}

// run sends all that waits, in rounds.
func (w *pageWork) run(ctx context.Context) error {
	defer w.running.Wait() // a page is not given back before its answers are noted
	waiting := w.k.Waiting
	if w.trial { // one chunk, once, of whomever
		rand.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		if err := w.round(ctx, waiting[:min(len(waiting), providers.Trial)]); err != nil {
			return err
		}
		w.running.Wait()
		return w.err
	}
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
		n := min(w.size(w.l), len(waiting))
		budget, err := w.acquire(ctx, w.l, int64(n))
		if err != nil {
			return errStop
		}
		// Asked now: it may have taken a while.
		if w.order.over(time.Now()) || ctx.Err() != nil || w.stops(w.l, w.k.Campaign.Class) || w.idle() || w.failed() {
			budget.Release(int64(n))
			return errStop
		}
		c := chunks.Get().(*chunk)
		c.fill(waiting[:n])
		waiting = waiting[n:]
		w.running.Add(1)
		go func() {
			defer w.running.Done()
			defer budget.Release(int64(n))
			defer func() {
				if recover() != nil { // the chunk's memory is not used again
					w.fail(fmt.Errorf("a worker panicked: %s", debug.Stack()))
				}
			}()
			if err := w.send(ctx, c); err != nil {
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
func (w *pageWork) send(ctx context.Context, c *chunk) error {
	if good := c.render(w.order, w.l.Alphabet, w.k); good < len(c.indexes) {
		poisoned := slices.Clone(c.indexes[good:])
		c.cut(good)
		if err := w.poison(poisoned); err != nil {
			return err
		}
		if good == 0 {
			return nil
		}
	}
	if w.floor != nil {
		segments := 0
		for _, n := range c.parts {
			segments += int(n)
		}
		if w.floor.turns.WaitN(ctx, segments) != nil || w.stops(w.l, w.k.Campaign.Class) {
			return errStop
		}
	}
	fault.Point("before-intent")
	if err := w.offer(c); err != nil || len(c.indexes) == 0 {
		return err
	}
	fault.Point("after-intent")
	w.submit(c)
	fault.Point("before-outcome")
	if err := w.d.ledger.Settle(w.k, c.indexes, c.acks); err != nil {
		if errors.Is(err, ledger.ErrStale) {
			return errStop
		}
		return fmt.Errorf("note answers: %w", err)
	}
	fault.Point("after-outcome")
	w.putOff(c)
	return nil
}

// offer puts the intent on disk, without recipients that have opted out meanwhile.
func (w *pageWork) offer(c *chunk) error {
	for len(c.indexes) > 0 {
		err := w.d.ledger.Offer(w.k, c.indexes, c.parts)
		if errors.Is(err, ledger.ErrOptedOut) {
			var left []uint16
			if left, err = w.d.ledger.Waits(w.k, slices.Clone(c.indexes)); err == nil {
				c.keep(left)
				continue
			}
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ledger.ErrTaken), errors.Is(err, ledger.ErrStale):
			return errStop
		}
		return fmt.Errorf("note intent: %w", err)
	}
	return nil
}

// submit offers the chunk. A provider that panics costs no more than its chunk: what
// it has not answered may have left, so that it is in doubt.
func (w *pageWork) submit(c *chunk) {
	defer func() {
		if recover() == nil {
			return
		}
		for i := range c.acks {
			if a := &c.acks[i]; a.Outcome == sms.NotSent {
				a.Outcome, a.Reason = sms.Unknown, sms.NoAnswer
			}
		}
		// Its text may hold anything, so only the place is logged.
		w.d.log.Error("a provider panicked: what it had not answered is in doubt", "provider", w.l.Name,
			"batch", w.k.Page, "stack", string(debug.Stack()))
	}()
	w.l.Provider.Submit(w.d.submitting, c.messages, c.acks)
}

// attempts is how often a recipient's text may fail to be written before the
// recipient has failed.
const attempts = 3

// poison counts a failed attempt for recipients whose text cannot be written, and fails
// those that had their last attempt.
func (w *pageWork) poison(indexes []uint16) error {
	w.mu.Lock()
	var failed []uint16
	for _, i := range indexes {
		if w.poisoned == nil {
			w.poisoned = map[uint16]int{}
		}
		if w.poisoned[i]++; w.poisoned[i] < attempts {
			w.again = append(w.again, i)
		} else {
			failed = append(failed, i)
		}
	}
	w.mu.Unlock()
	if len(failed) == 0 {
		return nil
	}
	w.d.log.Error("the text of some recipients cannot be written: they have failed", "campaign", w.k.Campaign.Key,
		"batch", w.k.Page, "recipients", len(failed))
	slices.Sort(failed)
	c := chunk{}
	c.fill(failed)
	for i := range c.acks {
		c.parts[i] = 1
		c.acks[i] = sms.Ack{Outcome: sms.Refused, Reason: sms.Poison, Done: w.k.Done[failed[i]]}
	}
	// Through the same states as everybody, but nothing is sent.
	if err := w.offer(&c); err != nil || len(c.indexes) == 0 {
		return err
	}
	err := w.d.ledger.Settle(w.k, c.indexes, c.acks)
	if errors.Is(err, ledger.ErrTaken) || errors.Is(err, ledger.ErrStale) {
		return errStop
	}
	if err != nil {
		return fmt.Errorf("note failed recipients: %w", err)
	}
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
