// Package pace keeps segments per second: exact, steady, and shared through Redis
// by all processes that use one account. It knows no carrier and no campaign.
package pace

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options is one provider's rate.
type Options struct {
	Provider string
	Rate     float64 // segments per second
	Owners   int     // processes that share it, for when Redis is gone; at least 1
	Redis    redis.UniversalClient
	Logger   *slog.Logger
}

// reserve takes n segments' worth of time: KEYS[1] the account, ARGV n and the
// rate. It returns how many microseconds from now its time begins. The key holds
// the time, in microseconds, at which everything reserved so far will have left.
var reserve = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local tat = tonumber(redis.call('GET', KEYS[1]) or '0')
if tat < now then tat = now end
local start = tat - now
redis.call('SET', KEYS[1], string.format('%.0f', tat + ARGV[1] * 1000000 / ARGV[2]), 'PX', 60000)
return math.floor(start)
`)

const (
	lease   = 0.2             // seconds of the rate taken from Redis at once
	hold    = time.Second     // nothing leaves for so long after a throttle answer
	creep   = 5 * time.Second // between steps up
	step    = 0.05            // of the cap
	lowest  = 0.05            // of the cap: a line is never cut to nothing
	timeout = 500 * time.Millisecond
)

// A Pacer spends leases at exact spacing.
type Pacer struct {
	o   Options
	log *slog.Logger

	mu     sync.Mutex
	rate   float64 // in force
	next   time.Time
	left   float64 // segments of the lease not spent
	raised time.Time
	cut    time.Time
	gone   bool
}

// New makes a Pacer.
func New(o Options) *Pacer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Owners = max(o.Owners, 1)
	return &Pacer{o: o, log: o.Logger, rate: o.Rate}
}

// Rate is what is in force now.
func (p *Pacer) Rate() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recover(time.Now())
	return p.rate
}

// Throttled halves the rate, at most once a second, and holds everything back
// for a second: carriers want a pause, then less.
func (p *Pacer) Throttled() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.cut) < hold {
		return
	}
	p.cut, p.raised = now, now.Add(hold)
	p.rate = max(p.rate/2, p.o.Rate*lowest)
	p.left = 0
	if until := now.Add(hold); p.next.Before(until) {
		p.next = until
	}
	p.log.Warn("the carrier throttles: slower", "provider", p.o.Provider, "segments_per_second", p.rate)
}

// recover lets the rate creep back to the cap. Under mu.
func (p *Pacer) recover(now time.Time) {
	for p.rate < p.o.Rate && now.Sub(p.raised) >= creep {
		p.raised = p.raised.Add(creep)
		p.rate = min(p.rate+step*p.o.Rate, p.o.Rate)
	}
}

// Wait returns when so many segments may leave.
func (p *Pacer) Wait(ctx context.Context, segments int) error {
	p.mu.Lock()
	at := p.take(ctx, float64(segments))
	p.mu.Unlock()
	d := time.Until(at)
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take spends n segments and says when they may leave. Under mu.
func (p *Pacer) take(ctx context.Context, n float64) time.Time {
	now := time.Now()
	p.recover(now)
	if p.left < n {
		p.renew(ctx, now, n)
	}
	if p.next.Before(now) {
		p.next = now // what was not used is lost: no bursts
	}
	at := p.next
	p.left -= n
	p.next = at.Add(time.Duration(n / p.rate * float64(time.Second)))
	return at
}

// renew takes another lease; without Redis this process has its share.
func (p *Pacer) renew(ctx context.Context, now time.Time, n float64) {
	want := max(p.rate*lease, n)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wait, err := reserve.Run(ctx, p.o.Redis, []string{"tocsin:pace:{" + p.o.Provider + "}"}, want, p.rate).Int64()
	if err != nil {
		if !p.gone && ctx.Err() == nil {
			p.log.Warn("rates are not shared while redis is gone: this process keeps to its share", "provider", p.o.Provider)
		}
		p.gone = true
		if p.o.Owners > 1 { // the others may be sending too
			p.next = later(p.next, now).Add(time.Duration(want / p.rate * float64(p.o.Owners-1) * float64(time.Second)))
		}
		p.left = want
		return
	}
	p.gone = false
	p.left = want
	p.next = later(p.next, now.Add(time.Duration(wait)*time.Microsecond))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
