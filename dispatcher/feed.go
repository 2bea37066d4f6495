package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/dispatcher/queue"
	"tocsin/providers/sms"
)

const (
	feedEvery  = 50 * time.Millisecond
	feedWindow = 300             // tasks queued in one lane at a time
	pushAgain  = 5 * time.Second // a task that did not start after this is pushed again
	redisGone  = 5 * time.Second // without Redis for this long, pages are claimed straight from the ledger
)

// A pushed task, to know which need not be pushed again.
type pushed struct {
	epoch int64
	at    time.Time
}

// feed keeps the lanes filled with the pages that are ready. Pushing twice is
// nothing, so what a flushed queue has lost is simply pushed again.
func (d *Dispatcher) feed(ctx context.Context) error {
	known := map[int64]pushed{}
	for {
		if err := d.ledger.Err(); err != nil {
			return err
		}
		for _, l := range d.lines {
			if err := d.feedLine(ctx, l, known); err != nil {
				return err
			}
		}
		if !sleep(ctx, feedEvery) {
			return nil
		}
	}
}

func (d *Dispatcher) feedLine(ctx context.Context, l *line, known map[int64]pushed) error {
	pressing := int32(0)
	for class := sms.Class(sms.Classes); class > 0; {
		class--
		tasks := d.ledger.Ready(l.Name, class, feedWindow)
		if len(tasks) > 0 && pressing == 0 {
			pressing = int32(class) + 1
			l.pressing.Store(pressing)
		}
		if !l.usable() || d.queue.Down() > 0 {
			continue
		}
		lane := queue.Lane{Provider: l.Name, Class: class}
		now := time.Now()
		for _, t := range tasks {
			if was, ok := known[t.Page]; ok && was.epoch == t.Epoch && now.Sub(was.at) < pushAgain {
				continue
			}
			if err := d.queue.Push(ctx, lane, t.Page, t.Epoch); err != nil {
				if ctx.Err() == nil {
					d.log.Warn("queue does not take tasks", "provider", l.Name, "err", err)
				}
				break // the ledger remembers; next time
			}
			known[t.Page] = pushed{t.Epoch, now}
		}
	}
	if pressing == 0 {
		l.pressing.Store(0)
	}
	return nil
}

// express lets the highest class overtake at once, when every worker of a line
// with a rate has pages of lower classes: one page is worked on beside them until
// they have given theirs back.
func (d *Dispatcher) express(ctx context.Context, l *line) error {
	if l.spare == nil {
		return nil
	}
	for sleep(ctx, feedEvery) {
		class := sms.Class(l.pressing.Load() - 1)
		if class == sms.Routine || class >= sms.Classes || !l.full() {
			continue
		}
		for _, t := range d.ledger.Ready(l.Name, class, 1) {
			if err := d.workOn(ctx, l, l.spare, t.Page, t.Epoch); err != nil && !errors.Is(err, queue.ErrLater) {
				return fmt.Errorf("work ahead of the queue: %w", err)
			}
		}
	}
	return nil
}

// direct works on pages without the queue while Redis is gone: an emergency
// needs no Redis.
func (d *Dispatcher) direct(ctx context.Context, l *line) error {
	running := make(chan struct{}, l.workers)
	defer func() {
		for range l.workers {
			running <- struct{}{}
		}
	}()
	started := map[int64]int64{}
	for sleep(ctx, feedEvery) {
		if d.queue.Down() < redisGone {
			clear(started)
			continue
		}
		for class := sms.Class(sms.Classes); class > 0; {
			class--
			for _, t := range d.ledger.Ready(l.Name, class, l.workers) {
				if started[t.Page] == t.Epoch+1 {
					continue
				}
				select {
				case running <- struct{}{}:
				default:
					continue
				}
				started[t.Page] = t.Epoch + 1
				go func() {
					defer func() { <-running }()
					if err := d.work(ctx, l, t.Page, t.Epoch); err != nil && err != queue.ErrLater {
						d.fail(fmt.Errorf("work without queue: %w", err))
					}
				}()
			}
		}
	}
	return nil
}
