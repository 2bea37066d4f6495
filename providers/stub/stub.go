// Package stub is a provider without a network, for trying Tocsin out on one
// machine and for tests of what is above the providers. It keeps the contract of
// providers.Provider and decides by a seed: the same number meets the same fate
// in every run. It knows no protocol; package simulator has those.
package stub

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tocsin/providers"
	"tocsin/providers/sms"
)

// A Config says how the stub behaves. The zero Config takes everything at once
// and gives a receipt for everything that asks for one.
type Config struct {
	Latency time.Duration // from offer to answer
	Rate    int           // segments a second; above it messages are throttled; 0: no limit

	// Shares of numbers, 0 to 1.
	Refuse   float64 // refused for good, as an unknown number
	Throttle float64 // throttled the first time they are offered, then taken
	Unknown  float64 // never answered; half of these were taken all the same

	ReceiptDelay time.Duration // from the answer to the receipt
	LoseReceipts float64       // share of receipts that never come
	FailReceipts float64       // share of receipts that say it failed

	Seed uint64
}

// Validate reports a share that is not between 0 and 1 or a negative quantity.
func (c *Config) Validate() error {
	for _, s := range []struct {
		name  string
		share float64
	}{
		{"refuse", c.Refuse},
		{"throttle", c.Throttle},
		{"unknown", c.Unknown},
		{"lose_receipts", c.LoseReceipts},
		{"fail_receipts", c.FailReceipts},
	} {
		if !(s.share >= 0 && s.share <= 1) {
			return fmt.Errorf("stub: %s is %v, want a share from 0 to 1", s.name, s.share)
		}
	}
	if c.Latency < 0 || c.Rate < 0 || c.ReceiptDelay < 0 {
		return fmt.Errorf("stub: latency, rate and receipt_delay cannot be negative")
	}
	return nil
}

// A Provider answers from its Config. Make one with New.
type Provider struct {
	config Config

	mu        sync.Mutex
	up        bool
	inFlight  int
	second    int64 // the second whose segments are counted
	segments  int   // offered in it
	throttled map[sms.Number]struct{}
	due       queue
	wake      chan struct{} // has room for one word: due was empty and is not
}

var _ providers.Provider = (*Provider)(nil)

// New makes a stub. Its error is that of Config.Validate.
func New(config Config) (*Provider, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Provider{config: config, throttled: map[sms.Number]struct{}{}, wake: make(chan struct{}, 1)}, nil
}

// Submit answers after the latency. When ctx ends before, what was offered is
// Unknown.
func (p *Provider) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	p.mu.Lock()
	if !p.up || ctx.Err() != nil {
		reason := sms.NoAnswer
		if !p.up {
			reason = sms.LineDown
		}
		p.mu.Unlock()
		for i := range msgs {
			acks[i] = sms.Ack{Outcome: sms.NotSent, Reason: reason, Done: msgs[i].Done}
		}
		return
	}
	p.inFlight += len(msgs)
	p.mu.Unlock()

	answered := p.wait(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight -= len(msgs)
	now := time.Now()
	refs := make(sms.Refs, 0, len(msgs)*(1+refDigits)) // one allocation for all
	for i := range msgs {
		refs = p.answer(&msgs[i], &acks[i], refs, now)
		if !answered {
			acks[i] = sms.Ack{Outcome: sms.Unknown, Reason: sms.NoAnswer, Done: msgs[i].Done}
		}
	}
}

// wait lets the latency pass and reports whether it did before ctx ended.
func (p *Provider) wait(ctx context.Context) bool {
	if p.config.Latency == 0 {
		return true
	}
	t := time.NewTimer(p.config.Latency)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer decides what becomes of m. The references of its segments are appended
// to refs.
func (p *Provider) answer(m *sms.Message, ack *sms.Ack, refs sms.Refs, now time.Time) sms.Refs {
	*ack = sms.Ack{Done: m.Done}
	all := uint16(1)<<m.Content.Segments - 1
	if p.overRate(m, all, now) || p.throttles(m.To) {
		ack.Outcome, ack.Reason = sms.NotNow, sms.Throttled
		return refs
	}
	if p.chance(m.To, saltRefuse) < p.config.Refuse {
		ack.Outcome, ack.Reason = sms.Refused, sms.InvalidNumber
		return refs
	}
	unknown := p.chance(m.To, saltUnknown) < p.config.Unknown
	if unknown {
		ack.Outcome, ack.Reason = sms.Unknown, sms.NoAnswer
		if p.chance(m.To, saltTaken) < 0.5 {
			return refs
		}
	}
	start := len(refs)
	for s := range m.Content.Segments {
		if m.Done&(1<<s) != 0 {
			refs = append(refs, 0)
			continue
		}
		ref := p.reference(m, s)
		refs = append(refs, refDigits)
		refs = appendHex(refs, ref)
		if m.Envelope.Receipt {
			p.expect(m.To, ref, now)
		}
	}
	if !unknown {
		ack.Outcome, ack.Done, ack.Refs = sms.Taken, all, refs[start:len(refs):len(refs)]
	}
	return refs
}

// overRate counts the segments of m and reports whether they are too many for
// this second.
func (p *Provider) overRate(m *sms.Message, all uint16, now time.Time) bool {
	if p.config.Rate == 0 {
		return false
	}
	if s := now.Unix(); s != p.second {
		p.second, p.segments = s, 0
	}
	for left := all &^ m.Done; left != 0; left &= left - 1 {
		p.segments++
	}
	return p.segments > p.config.Rate
}

// throttles reports whether n is throttled now: the first of two offers.
func (p *Provider) throttles(n sms.Number) bool {
	if p.chance(n, saltThrottle) >= p.config.Throttle {
		return false
	}
	if _, again := p.throttled[n]; again {
		delete(p.throttled, n)
		return false
	}
	p.throttled[n] = struct{}{}
	return true
}

// Line is one connection, up while Run runs.
func (p *Provider) Line() providers.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := providers.Line{Connections: 1, InFlight: p.inFlight, Window: 1000, Batch: 1, Fault: "not running"}
	if p.up {
		l.Up, l.Fault = 1, ""
	}
	return l
}
