package providers

import (
	"context"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/providers/sms"
)

// Metered is a Provider that counts what goes through another one; Metrics.Wrap
// makes it. It counts once a call, not once a message.
type Metered struct {
	inner    Provider
	attempts [outcomes]prometheus.Counter
	receipts [len(receiptStates)]prometheus.Counter
	duration prometheus.Observer
	incoming prometheus.Counter
	segments [codings]prometheus.Counter // nil: of a coding there is not
	took     atomic.Int64
}

// Took is how many segments the carrier has taken so far.
func (m *Metered) Took() int64 { return m.took.Load() }

// Submit is the inner one's, counted.
func (m *Metered) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if len(msgs) == 0 {
		return
	}
	start := time.Now()
	m.inner.Submit(ctx, msgs, acks)
	m.duration.Observe(time.Since(start).Seconds())
	var counts [outcomes]int
	var segments [codings]int
	for i := range msgs {
		counts[label(&acks[i])]++
		segments[msgs[i].Content.Coding%codings] += taken(&msgs[i], &acks[i])
	}
	for k, n := range counts {
		add(m.attempts[k], n)
	}
	all := 0
	for coding, n := range segments {
		add(m.segments[coding], n)
		all += n
	}
	m.took.Add(int64(all))
}

// add adds n to the counter unless n is 0.
func add(c prometheus.Counter, n int) {
	if n > 0 {
		c.Add(float64(n))
	}
}

// taken is how many segments the carrier took in this offer.
func taken(m *sms.Message, a *sms.Ack) int {
	if a.Outcome == sms.Taken {
		return max(int(m.Content.Segments)-bits.OnesCount16(m.Done), 0)
	}
	return bits.OnesCount16(a.Done &^ m.Done)
}

// label is the outcome that an ack is counted as.
func label(a *sms.Ack) int {
	switch a.Outcome {
	case sms.Taken:
		return accepted
	case sms.Unknown:
		return timeout
	case sms.NotSent:
		return unsent
	case sms.NotNow:
		if a.Reason == sms.Throttled || a.Reason == sms.QueueFull {
			return throttled
		}
	case sms.Refused:
		if a.Reason == sms.InvalidNumber || a.Reason == sms.Blocked || a.Reason == sms.Unreachable {
			return recipientRejected
		}
	}
	return providerError
}

// Run is the inner one's. Receipts and incoming messages count when receive has
// taken them.
func (m *Metered) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	return m.inner.Run(ctx, func(receipts []sms.Receipt, incoming []sms.Incoming) error {
		if err := receive(receipts, incoming); err != nil {
			return err // the inner one says it again: it is not counted yet
		}
		for k, state := range receiptStates {
			n := 0
			for i := range receipts {
				if receipts[i].State == state {
					n++
				}
			}
			add(m.receipts[k], n)
		}
		add(m.incoming, len(incoming))
		return nil
	})
}

// Inner is the provider that is wrapped: questions to the carrier go by.
func (m *Metered) Inner() Provider { return m.inner }

// Line is the inner one's.
func (m *Metered) Line() Line { return m.inner.Line() }
