package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/queue"
	"tocsin/providers"
)

// Options is what a Dispatcher works with.
type Options struct {
	Ledger  *ledger.Ledger
	Queue   *queue.Queue
	Lines   []Line
	Logger  *slog.Logger
	Metrics *Metrics // nil: none
	// Occur plans the occurrences of campaigns that are sent again and again; nil: there
	// are none.
	Occur Occur
	// Fallbacks are the routes' policies; nil: all go after a while.
	Fallbacks providers.Fallbacks
}

// A Dispatcher sends what the ledger has planned.
type Dispatcher struct {
	ledger    *ledger.Ledger
	queue     *queue.Queue
	log       *slog.Logger
	metrics   *Metrics
	lines     []*line
	byName    map[string]*line
	orders    orders
	recurring recurring

	fallbacks providers.Fallbacks

	submitting context.Context // ends when chunks under way may wait no longer

	failure sync.Once
	failed  chan struct{}
	cause   error

	mu     sync.Mutex
	gaveUp map[string]error // of the lines that have stopped until somebody enables them
}

// New makes a Dispatcher. It does nothing until Run.
func New(o Options) (*Dispatcher, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Dispatcher{
		ledger: o.Ledger, queue: o.Queue, log: o.Logger, metrics: o.Metrics,
		byName: map[string]*line{}, failed: make(chan struct{}), fallbacks: o.Fallbacks, gaveUp: map[string]error{},
		recurring: recurring{occur: o.Occur},
	}
	for _, l := range o.Lines {
		if d.byName[l.Name] != nil {
			return nil, fmt.Errorf("provider %s is there twice", l.Name)
		}
		made := newLine(l)
		d.lines = append(d.lines, made)
		d.byName[l.Name] = made
	}
	return d, nil
}

// drain is how long chunks under way may wait for their answers after Run's
// context has ended.
const drain = 10 * time.Second

// Run works until ctx ends, then finishes the chunks under way, settles them,
// lets the lines say goodbye and returns nil. An error of the ledger ends it at
// once: nothing is sent that cannot be written down.
func (d *Dispatcher) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := d.begin(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	submitting, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	d.submitting = submitting

	// The lines outlive the work: answers and receipts of the last chunks come in
	// after nobody claims any more.
	linesCtx, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	var lines errgroup.Group
	lines.Go(func() error { return d.queue.Run(linesCtx) })
	d.ledger.TellLines(d.linesUp)
	lines.Go(func() error {
		if err := d.ledger.Run(linesCtx); err != nil {
			d.fail(err)
		}
		return nil
	})
	for _, l := range d.here() {
		lines.Go(func() error { return d.runLine(linesCtx, l) })
	}

	work, workCtx := errgroup.WithContext(ctx)
	work.Go(func() error { return d.feed(workCtx) })
	work.Go(func() error { return d.live(workCtx) })
	work.Go(func() error { return d.watch(workCtx) })
	work.Go(func() error { return d.attend(workCtx) })
	for _, l := range d.here() {
		work.Go(func() error { return d.direct(workCtx, l) })
		work.Go(func() error { return d.express(workCtx, l) })
		work.Go(func() error { return d.try(workCtx, l) })
		work.Go(func() error { return d.keepFloor(workCtx, l) })
		work.Go(func() error {
			return d.queue.Serve(workCtx, l.Name, l.workers, func(ctx context.Context, page, epoch int64) error {
				return d.work(ctx, l, page, epoch)
			})
		})
	}
	context.AfterFunc(workCtx, func() {
		if d.ledger.Err() != nil {
			giveUp()
			return
		}
		t := time.AfterFunc(drain, giveUp)
		context.AfterFunc(linesCtx, func() { t.Stop() })
	})
	err := work.Wait()
	hangUp()
	err = errors.Join(err, lines.Wait())
	if broken := d.ledger.Err(); broken != nil && !errors.Is(err, broken) {
		err = errors.Join(err, broken)
	}
	return err
}

// here are the lines of accounts that this process logs in with.
func (d *Dispatcher) here() []*line {
	return slices.DeleteFunc(slices.Clone(d.lines), func(l *line) bool { return l.Elsewhere })
}

// linesUp are the providers that can send now.
func (d *Dispatcher) linesUp() []string {
	var up []string
	for _, l := range d.lines {
		if l.usable() {
			up = append(up, l.Name)
		}
	}
	return up
}

// watch ends the work when something failed for good.
func (d *Dispatcher) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.failed:
		return d.cause
	}
}

// fail ends the dispatcher's work.
func (d *Dispatcher) fail(err error) {
	d.failure.Do(func() {
		d.cause = err
		close(d.failed)
	})
}

// broken passes an error on; one that is the ledger's ends everything.
func (d *Dispatcher) broken(err error) error {
	if d.ledger.Err() != nil {
		d.fail(err)
	} else {
		d.log.Error("page is given back", "err", err)
	}
	return err
}

// Stopped says why nothing can be sent any more: every provider has stopped for
// good. It is nil while one is left.
func (d *Dispatcher) Stopped() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if here := len(d.here()); here == 0 || len(d.gaveUp) < here {
		return nil
	}
	var all []error
	for _, l := range d.lines {
		all = append(all, d.gaveUp[l.Name])
	}
	return errors.Join(all...)
}
