package providers

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"tocsin/providers/sms"
)

// When a carrier is ill, and how it is tried again.
const (
	// illInARow offers without one good answer open the circuit, illEvery apart at
	// least: a line that is cut fails many offers in one instant, and that is one.
	illInARow = 3
	// lostInARow of them open it when they were not answered at all: each leaves
	// recipients in doubt.
	lostInARow = 2
	illEvery   = time.Second
	// fullFor is how long nothing but a full queue is the pace's business.
	fullFor = 30 * time.Second
	// Between two trials: openFirst, doubled up to openMost.
	openFirst = 5 * time.Second
	openMost  = 30 * time.Second
	// few recipients may be what is ill, not the carrier: then it is tried each
	// openFew, so that others wait no longer than that.
	few     = 10
	openFew = time.Second
	// Trial is how many messages are offered to a carrier that was ill: what may
	// be in doubt when it still is.
	Trial = 5
)

// A Breaker is a Provider that keeps work from another one's carrier while that is
// ill: it answers nothing, has system errors, a queue that stays full or lines that
// drop at each offer. Refusals and throttling are no illness. While the circuit is
// open nothing is offered and Line has no connection up, so that what waits stays as
// it is; now and then it lets a few messages through, and is closed by one good answer.
type Breaker struct {
	inner   Provider
	log     *slog.Logger
	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]

	ill  atomic.Bool // the circuit is not closed
	sick atomic.Bool // there were bad answers since the last good one

	mu        sync.Mutex
	lost      int       // offers in a row that were not answered
	counted   time.Time // when an ill offer was last counted
	fullSince time.Time
	why       sms.Reason
	whom      map[sms.Number]struct{} // few of those it did badly by since the last good answer
	trials    int                     // in a row that failed
	next      time.Time               // no trial before
	trying    bool
}

// NewBreaker wraps inner. All that goes to the carrier must go through the one
// Breaker. logger may be nil.
func NewBreaker(inner Provider, logger *slog.Logger) *Breaker {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	b := &Breaker{inner: inner, log: logger, whom: map[sms.Number]struct{}{}}
	b.circuit = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:       openFew, // the rest is next's
		ReadyToTrip:   b.tooMany,
		OnStateChange: b.change,
		IsExcluded:    func(err error) bool { return errors.Is(err, errNoSign) },
	})
	return b
}

// Inner is the provider that is wrapped: questions to the carrier go by.
func (b *Breaker) Inner() Provider { return b.inner }

// Run is the inner one's.
func (b *Breaker) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	return b.inner.Run(ctx, receive)
}

// Line is the inner one's; while the circuit is open it has nothing up.
func (b *Breaker) Line() Line {
	l := b.inner.Line()
	if !b.ill.Load() {
		return l
	}
	state := b.circuit.State() // it becomes half open by being asked
	b.mu.Lock()
	defer b.mu.Unlock()
	l.Ill = true
	l.Trial = l.Up > 0 && state == gobreaker.StateHalfOpen && !b.trying && !time.Now().Before(b.next)
	if l.Up > 0 {
		l.Fault = "the carrier is ill: " + illness[b.why]
	}
	l.Up = 0
	return l
}

// illness is what a carrier has, in words.
var illness = map[sms.Reason]string{
	sms.NoAnswer: "it does not answer", sms.CarrierFault: "system errors", sms.QueueFull: "its queue stays full",
	sms.LineDown: "its lines drop",
}

// Submit passes msgs on while the carrier is well. While it is ill they are NotSent
// and LineDown, all but the few of a trial.
func (b *Breaker) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if len(msgs) == 0 {
		return
	}
	if b.ill.Load() {
		b.try(ctx, msgs, acks)
		return
	}
	b.inner.Submit(ctx, msgs, acks)
	why, sign := judge(ctx, acks)
	switch {
	case sign == nil && b.sick.Load(): // the one thing a well carrier costs is looking
		b.recovered()
	case errors.Is(sign, errIll):
		b.complain(why, msgs, acks)
	}
}

// try offers the first messages if it is time for a trial.
func (b *Breaker) try(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	b.mu.Lock()
	due := !b.trying && !time.Now().Before(b.next)
	b.trying = b.trying || due
	b.mu.Unlock()
	if !due {
		notSent(msgs, acks, sms.LineDown)
		return
	}
	defer func() {
		b.mu.Lock()
		b.trying = false
		b.mu.Unlock()
	}()
	done, err := b.circuit.Allow()
	if err != nil {
		notSent(msgs, acks, sms.LineDown)
		return
	}
	n := min(len(msgs), Trial)
	notSent(msgs[n:], acks[n:], sms.LineDown)
	sign := errIll // unless it returns
	defer func() { done(sign) }()
	b.inner.Submit(ctx, msgs[:n], acks[:n])
	if _, sign = judge(ctx, acks[:n]); errors.Is(sign, errIll) {
		b.remember(msgs[:n], acks[:n])
	}
}

var (
	errIll    = errors.New("the carrier is ill")
	errNoSign = errors.New("nothing is learned of the carrier")
)

// judge is what answers say of the carrier's health: nil that it is well, errIll and
// why, or errNoSign. A well one answers in its first message mostly.
func judge(ctx context.Context, acks []sms.Ack) (why sms.Reason, sign error) {
	sign = errNoSign
	for i := range acks {
		switch a := &acks[i]; a.Outcome {
		case sms.Taken, sms.Refused:
			return sms.None, nil
		case sms.NotNow:
			switch a.Reason {
			case sms.Throttled: // the carrier is busy with the likes of us, so it works
				return sms.None, nil
			case sms.QueueFull, sms.CarrierFault:
				sign, why = errIll, a.Reason
			}
		case sms.Unknown:
			if ctx.Err() == nil { // nobody waited for it otherwise
				sign, why = errIll, a.Reason
			}
		}
	}
	return why, sign
}

// recovered forgets what was counted.
func (b *Breaker) recovered() {
	b.mu.Lock()
	b.forget()
	b.mu.Unlock()
	b.tell(nil)
}

// forget is recovered under b.mu.
func (b *Breaker) forget() {
	b.lost, b.counted, b.fullSince = 0, time.Time{}, time.Time{}
	clear(b.whom)
	b.sick.Store(false)
}

// remember notes a few of those the carrier did badly by.
func (b *Breaker) remember(msgs []sms.Message, acks []sms.Ack) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range acks {
		if len(b.whom) >= few {
			return
		}
		if o := acks[i].Outcome; o == sms.NotNow || o == sms.Unknown {
			b.whom[msgs[i].To] = struct{}{}
		}
	}
}

// complain counts an offer that says the carrier is ill.
func (b *Breaker) complain(why sms.Reason, msgs []sms.Message, acks []sms.Ack) {
	b.remember(msgs, acks)
	now := time.Now()
	b.mu.Lock()
	b.sick.Store(true)
	counts := now.Sub(b.counted) >= illEvery
	if why != sms.QueueFull {
		b.fullSince = time.Time{}
	} else if b.fullSince.IsZero() {
		b.fullSince = now
	}
	counts = counts && (why != sms.QueueFull || now.Sub(b.fullSince) >= fullFor)
	if counts {
		b.counted, b.why = now, why
		if why == sms.NoAnswer || why == sms.LineDown {
			b.lost++
		}
	}
	b.mu.Unlock()
	if counts {
		b.tell(errIll)
	}
}

// tell lets the circuit know; when it is open already it is not interested.
func (b *Breaker) tell(sign error) {
	if done, err := b.circuit.Allow(); err == nil {
		done(sign)
	}
}

// tooMany reports whether the circuit opens.
func (b *Breaker) tooMany(c gobreaker.Counts) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost >= lostInARow || c.ConsecutiveFailures >= illInARow
}

// change takes note of the circuit's state. It is called with the circuit locked.
func (b *Breaker) change(_ string, from, to gobreaker.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case to == gobreaker.StateOpen && from == gobreaker.StateClosed:
		b.ill.Store(true)
		b.trials = 0
		b.next = time.Now().Add(b.pause())
		b.log.Warn("the carrier is ill: nothing is offered to it but a few messages now and then", "why", illness[b.why])
	case to == gobreaker.StateOpen:
		b.trials++
		b.next = time.Now().Add(b.pause())
	case to == gobreaker.StateClosed:
		b.forget()
		b.ill.Store(false)
		b.log.Info("the carrier is well again")
	}
}

// pause is how long it is until the next trial. Under b.mu.
func (b *Breaker) pause() time.Duration {
	if len(b.whom) < few {
		return openFew
	}
	return min(openFirst<<min(b.trials, 8), openMost)
}
