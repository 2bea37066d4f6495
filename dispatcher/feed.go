package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"tocsin/dispatcher/fault"
	"tocsin/dispatcher/ledger"
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
	// Until the last of a class is answered, lower ones have nothing.
	l.press(d.ledger.Pressing(l.Name))
	for class := sms.Class(sms.Classes); class > 0; {
		class--
		if l.overtaken(class) {
			break
		}
		tasks := d.ledger.Ready(l.Name, class, feedWindow)
		if !l.usable() && !d.ledger.LineUp(l.Name) || d.queue.Down() > 0 || !d.ledger.Leads() {
			continue
		}
		lane := queue.Lane{Provider: l.Name, Class: class}
		now := time.Now()
		for _, t := range tasks {
			if was, ok := known[t.Page]; ok && was.epoch == t.Epoch && now.Sub(was.at) < pushAgain {
				continue
			}
			fault.Point("before-push")
			if err := d.queue.Push(ctx, lane, t.Page, t.Epoch); err != nil {
				if ctx.Err() == nil {
					d.log.Warn("queue does not take tasks", "provider", l.Name, "err", err)
				}
				break // the ledger remembers; next time
			}
			fault.Point("after-push")
			known[t.Page] = pushed{t.Epoch, now}
		}
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
			if err := d.workOn(ctx, l, way{budget: l.spare}, t.Page, t.Epoch); err != nil && !errors.Is(err, queue.ErrLater) {
				return fmt.Errorf("work ahead of the queue: %w", err)
			}
		}
	}
	return nil
}

// try offers a few messages to a carrier that is ill, when it is time to: if it takes
// one it is well, and everything goes on.
func (d *Dispatcher) try(ctx context.Context, l *line) error {
	tried := map[int64]int{} // by page: the last trial with it, from 1
	for n := 0; sleep(ctx, feedEvery); {
		if state := l.Provider.Line(); !state.Ill {
			n = 0
			clear(tried)
			continue
		} else if !state.Trial {
			continue
		}
		t, ok := d.candidate(l.Name, n, tried)
		if !ok {
			continue
		}
		n++
		tried[t.Page] = n
		if err := d.workOn(ctx, l, way{budget: l.trial, trial: true}, t.Page, t.Epoch); err != nil && !errors.Is(err, queue.ErrLater) {
			return fmt.Errorf("try a carrier that is ill: %w", err)
		}
	}
	return nil
}

// candidate is the page of trial n: of the highest class and the lowest in turn, and the
// one whose last trial is the longest ago, for it may be a few of its recipients that
// the carrier fails.
func (d *Dispatcher) candidate(provider string, n int, tried map[int64]int) (t ledger.Task, ok bool) {
	for i := range sms.Class(sms.Classes) {
		class := i
		if n%2 == 0 {
			class = sms.Classes - 1 - i
		}
		if tasks := d.ledger.Ready(provider, class, feedWindow); len(tasks) > 0 {
			return slices.MinFunc(tasks, func(a, b ledger.Task) int { return tried[a.Page] - tried[b.Page] }), true
		}
	}
	return t, false
}

// keepFloor works on one routine page beside the urgent ones, at the pace of the
// line's floor.
func (d *Dispatcher) keepFloor(ctx context.Context, l *line) error {
	if l.floor == nil {
		return nil
	}
	for sleep(ctx, feedEvery) {
		if l.pressing.Load() != int32(sms.Urgent)+1 {
			continue
		}
		for _, t := range d.ledger.Ready(l.Name, sms.Routine, 1) {
			by := way{budget: l.floor.budget, floor: l.floor}
			if err := d.workOn(ctx, l, by, t.Page, t.Epoch); err != nil && !errors.Is(err, queue.ErrLater) {
				return fmt.Errorf("work at the floor: %w", err)
			}
		}
	}
	return nil
}

// A neglect notices that the queue does not deliver although Redis answers: it has
// lost a lane and kept the tasks' ids, so that pushing again is nothing.
type neglect struct {
	head  pushed // the first page in line, and since when it is while workers are free
	page  int64
	found bool
}

// neglected is how long the first page in line may wait for a free worker: above
// the queue's longest delay for a task that has to come back.
const neglected = 10 * time.Second

// look is asked again and again; once it has found neglect, that stays until
// nothing waits.
func (n *neglect) look(l *line, ready func(class sms.Class) []ledger.Task) bool {
	var head *ledger.Task
	for class := sms.Class(sms.Classes); class > 0 && head == nil; {
		class--
		if tasks := ready(class); len(tasks) > 0 {
			head = &tasks[0]
		}
	}
	now := time.Now()
	switch {
	case head == nil:
		*n = neglect{}
	case n.found:
	case l.full() || !l.usable() || head.Page != n.page || head.Epoch != n.head.epoch:
		*n = neglect{page: head.Page, head: pushed{head.Epoch, now}}
	default:
		n.found = now.Sub(n.head.at) >= neglected
	}
	return n.found
}

// some are pages for this process's workers, without the queue that would share them out:
// in order when it is alone, else any of the first, so that not all want the same.
func (d *Dispatcher) some(l *line, class sms.Class) []ledger.Task {
	owners := d.ledger.Owners()
	tasks := d.ledger.Ready(l.Name, class, l.workers*owners)
	if owners > 1 {
		rand.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
	}
	return tasks[:min(len(tasks), l.workers)]
}

// direct works on pages without the queue while Redis is gone or does not deliver, because
// an emergency must not need Redis. It does the same for a while after a line comes up, or
// has no more work of higher classes: tasks that had to wait are asleep for some seconds.
func (d *Dispatcher) direct(ctx context.Context, l *line) error {
	running := make(chan struct{}, l.workers)
	defer func() {
		for range l.workers {
			running <- struct{}{}
		}
	}()
	started := map[int64]int64{}
	var n neglect
	for sleep(ctx, feedEvery) {
		ready := func(class sms.Class) []ledger.Task { return d.ledger.Ready(l.Name, class, 1) }
		if d.queue.Down() < redisGone {
			before, found := n.found, n.look(l, ready)
			if !found && !l.justFreed() {
				clear(started)
				continue
			}
			if found && !before {
				d.log.Warn("the queue does not deliver: pages are claimed straight from the ledger", "provider", l.Name)
			}
		}
		for class := sms.Class(sms.Classes); class > 0; {
			class--
			if l.overtaken(class) {
				break
			}
			for _, t := range d.some(l, class) {
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
