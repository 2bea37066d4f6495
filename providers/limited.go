package providers

import (
	"context"
	"math/bits"
	"sync"

	"golang.org/x/sync/semaphore"

	"tocsin/providers/sms"
)

// A Pacer says when segments may leave.
type Pacer interface {
	// Wait returns when so many segments may leave, or ctx's error: then none may.
	Wait(ctx context.Context, segments int) error
	// Throttled says that the carrier complained about the rate.
	Throttled()
	// Rate is what is in force now, in segments per second; 0: no limit.
	Rate() float64
}

// Limited keeps a Provider to a Pacer's rate.
type Limited struct {
	Provider
	pacer Pacer
	slots *semaphore.Weighted // PDUs the inner provider takes without queueing
	most  int64
	batch int
}

// NewLimited wraps inner.
func NewLimited(inner Provider, pacer Pacer) *Limited {
	l := inner.Line()
	most := int64(max(l.Window, 1))
	return &Limited{inner, pacer, semaphore.NewWeighted(most), most, max(l.Batch, 1)}
}

// quantum is how much of a second's segments may leave together: with it no tenth
// of a second has more than 0.12 of the rate.
const quantum = 0.02

// Submit offers msgs slice by slice, each when its turn has come. A slice has a
// place in the inner provider's window before it takes its turn, so that it never
// waits there and then leaves in a burst.
func (l *Limited) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for len(msgs) > 0 {
		rate := l.pacer.Rate()
		if rate == 0 {
			l.Provider.Submit(ctx, msgs, acks)
			return
		}
		n, segments := cutSlice(msgs, max(int(rate*quantum), 1))
		pdus := min(int64(l.pdus(msgs[:n], segments)), l.most)
		if err := l.slots.Acquire(ctx, pdus); err != nil {
			leave(msgs, acks)
			return
		}
		if err := l.pacer.Wait(ctx, segments); err != nil {
			l.slots.Release(pdus)
			leave(msgs, acks)
			return
		}
		slice, answers := msgs[:n], acks[:n]
		msgs, acks = msgs[n:], acks[n:]
		wg.Go(func() {
			defer l.slots.Release(pdus)
			l.Provider.Submit(ctx, slice, answers)
			for i := range answers {
				if answers[i].Outcome == sms.NotNow && (answers[i].Reason == sms.Throttled || answers[i].Reason == sms.QueueFull) {
					l.pacer.Throttled()
					return
				}
			}
		})
	}
}

// cutSlice is how many messages have at most so many segments together, one at
// least, and how many segments those are.
func cutSlice(msgs []sms.Message, most int) (n, segments int) {
	for n < len(msgs) {
		s := max(int(msgs[n].Content.Segments), 1) - bits.OnesCount16(msgs[n].Done)
		if n > 0 && segments+s > most {
			break
		}
		segments += max(s, 0)
		n++
	}
	return n, max(segments, 1)
}

// pdus is how many PDUs a slice of so many segments takes: neighbours with one
// text travel together.
func (l *Limited) pdus(msgs []sms.Message, segments int) int {
	if l.batch == 1 || segments != len(msgs) {
		return segments
	}
	pdus, room := 0, 0
	for i := range msgs {
		if room == 0 || !msgs[i].Content.Same(msgs[i-1].Content) {
			pdus, room = pdus+1, l.batch
		}
		room--
	}
	return pdus
}

// leave answers for messages that were never offered.
func leave(msgs []sms.Message, acks []sms.Ack) {
	for i := range acks {
		acks[i] = sms.Ack{Outcome: sms.NotSent, Reason: sms.LineDown, Done: msgs[i].Done}
	}
}
