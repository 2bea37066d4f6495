package providers

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/providers/sms"
)

// A Pacer says when segments may leave. Its methods may be called from several
// goroutines.
type Pacer interface {
	// Wait returns nil when so many segments may leave, at once and together, or
	// ctx's error: then none may. A turn once given is spent.
	Wait(ctx context.Context, segments int) error
	// Throttled says that the carrier complained about the rate. The rate in force
	// falls at once; it may be called for each complaint. It may take a round trip.
	Throttled()
	// Rate is what is in force now, in segments per second; 0: no limit, and Wait
	// does not wait.
	Rate() float64
}

// Limited is a Provider that keeps another one to a Pacer's rate, and to less while the
// carrier says that it is congested. Without a rate it passes everything straight
// through.
type Limited struct {
	inner Provider
	pacer Pacer
	gate  gate
	ease  *ease
}

// NewLimited wraps inner. All that goes to the carrier must go through the one
// Limited, which counts what is in the carrier's window.
func NewLimited(inner Provider, pacer Pacer) *Limited {
	return &Limited{inner: inner, pacer: pacer, gate: newGate(func() int { return open(inner.Line()) }), ease: newEase()}
}

// open is the part of the window that is there now: a connection that is down has
// none, and what is let through for it would leave later, in a burst.
func open(l Line) int {
	return max(l.Window*l.Up/max(l.Connections, 1), 1)
}

// quantum is how much of a second's segments may leave together: with it no tenth
// of a second has more than 0.12 of the rate. Carriers count in tenths or seconds.
const quantum = 0.02

// Run is the inner one's.
func (l *Limited) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	return l.inner.Run(ctx, receive)
}

// Inner is the provider that is wrapped: questions to the carrier go by.
func (l *Limited) Inner() Provider { return l.inner }

// Line is the inner one's.
func (l *Limited) Line() Line { return l.inner.Line() }

// Submit offers msgs slice by slice, each when its turn has come. A slice has its
// places in the inner provider's window before it takes its turn, so that it never
// waits behind the pacer and leaves in a burst. What has not had its turn when ctx
// ends, or its campaign's time is over, is NotSent.
func (l *Limited) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	var running sync.WaitGroup
	var panicked atomic.Pointer[any]
	defer func() {
		running.Wait()
		if p := panicked.Load(); p != nil {
			panic(*p) // where the caller can do something about it
		}
	}()
	for len(msgs) > 0 {
		rate := l.pacer.Rate()
		if rate <= 0 {
			l.inner.Submit(ctx, msgs, acks)
			return
		}
		line := l.inner.Line()
		if line.Up == 0 && !line.Trial { // answers at once, and no turn is spent on it
			notSent(msgs, acks, sms.LineDown)
			return
		}
		// A quarter of the window, so that the next slice need not wait for the
		// last answer to this one.
		share := l.ease.hear(line.Congestion, time.Now())
		s := cut(msgs, max(int(rate*share*quantum), 1), max(open(line)/4, 1), max(line.Batch, 1))
		if err := l.turn(ctx, s, share, msgs[0].Envelope); err != nil {
			why := sms.None
			if msgs[0].Over(time.Now()) {
				why = sms.TooLate
			}
			notSent(msgs, acks, why)
			return
		}
		turn, answers := msgs[:s.messages], acks[:s.messages]
		msgs, acks = msgs[s.messages:], acks[s.messages:]
		running.Go(func() {
			if p := l.offer(ctx, turn, answers, s.pdus); p != nil {
				panicked.Store(&p)
			} else if complains(answers) {
				l.pacer.Throttled()
			}
		})
	}
}

// offer gives a slice to the inner provider and its places back to the gate. It is
// what the inner provider panicked with; nil: it did not.
func (l *Limited) offer(ctx context.Context, msgs []sms.Message, acks []sms.Ack, pdus int) (panicked any) {
	defer l.gate.leave(pdus)
	defer func() { panicked = recover() }()
	l.inner.Submit(ctx, msgs, acks)
	return nil
}

// turn waits for a slice's places in the window and its turn, but not longer than
// its campaign has time: an error says that it may not leave. At a share of the rate it
// takes the turns of others that would have left.
func (l *Limited) turn(ctx context.Context, s slice, share float64, e *sms.Envelope) error {
	if e != nil && !e.Expires.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, e.Expires)
		defer cancel()
	}
	if err := l.ease.wait(ctx); err != nil {
		return err
	}
	for {
		if err := l.gate.enter(ctx, s.pdus); err != nil {
			return err
		}
		if err := l.pacer.Wait(ctx, l.ease.turns(s.segments, share)); err != nil {
			l.gate.leave(s.pdus)
			return err
		}
		if !l.gate.over(s.pdus) {
			break
		}
		// A connection broke meanwhile, and the places were in its window: the turn is
		// given up, for what waits at another one leaves later, in a burst.
		l.gate.leave(s.pdus)
	}
	if e != nil && !e.Expires.IsZero() && time.Now().After(e.Expires) { // the pacer does not look at deadlines
		l.gate.leave(s.pdus)
		return context.DeadlineExceeded
	}
	return nil
}

// complains reports whether an answer says that the rate is too high.
func complains(acks []sms.Ack) bool {
	for i := range acks {
		if a := &acks[i]; a.Outcome == sms.NotNow && (a.Reason == sms.Throttled || a.Reason == sms.QueueFull) {
			return true
		}
	}
	return false
}

// notSent answers for messages that were never offered.
func notSent(msgs []sms.Message, acks []sms.Ack, why sms.Reason) {
	for i := range msgs {
		acks[i] = sms.Ack{Outcome: sms.NotSent, Reason: why, Done: msgs[i].Done}
	}
}

// A slice is the first messages of an offer that leave together.
type slice struct{ messages, segments, pdus int }

// cut takes messages while they have at most so many segments and PDUs together,
// one at least; batch is how many neighbours with the same text fit one PDU.
func cut(msgs []sms.Message, segments, pdus, batch int) slice {
	var s slice
	run := 0 // messages in the batch PDU so far
	for i := range msgs {
		m := &msgs[i]
		open := max(int(m.Content.Segments)-bits.OnesCount16(m.Done), 1)
		need := open
		if i > 0 && run < batch && joins(&msgs[i-1], m) {
			need = 0
		}
		if i > 0 && (s.segments+open > segments || s.pdus+need > pdus) {
			break
		}
		if run++; need > 0 {
			run = 1
		}
		s.messages++
		s.segments += open
		s.pdus += need
	}
	return s
}

// joins reports whether b may travel in a's batch PDU.
func joins(a, b *sms.Message) bool {
	return a.Done == b.Done && a.Envelope == b.Envelope && a.Content.Same(b.Content)
}
