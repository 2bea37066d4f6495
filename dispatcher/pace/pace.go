package pace

import (
	"context"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options is one provider's rate.
type Options struct {
	Provider string
	Rate     float64               // the agreed cap, segments per second; 0 or less: no limit
	Owners   func() int            // processes that share it, for when Redis is gone; nil: this one alone
	Redis    redis.UniversalClient // nil: the rate is not shared, this process has its part of it
	Logger   *slog.Logger          // nil: nothing is logged

	// What a throttle answer does: the rate is halved, nothing leaves for Hold
	// (1 s; some contracts ask for 60 s), then Step (0.05 of the cap) comes back
	// every Every (5 s). Additive increase and multiplicative decrease, as in RFC
	// 5681: the way that lets those who share a limit find it.
	Hold  time.Duration
	Step  float64
	Every time.Duration
}

const (
	longest = 0.2  // s of the rate in one lease: what others may wait for, and what is lost when a process dies
	lowest  = 0.05 // of the cap: a line is never cut to nothing
	// late is how late a caller may come and still have its turn, for timers and
	// schedulers are not exact. It lets 0.005 of a second's segments catch up.
	late = int64(5 * time.Millisecond)
	// exact is how far apart two times may be that are the same: Redis counts µs.
	exact = int64(2 * time.Microsecond)
	// touching leases are one: the clocks' difference is known no better.
	touching = int64(time.Millisecond)
	// retryEvery is how often Redis is asked while it is gone.
	retryEvery = int64(5 * time.Second)
)

// A Pacer gives turns. Its methods may be called from several goroutines.
type Pacer struct {
	o    Options
	base time.Time // times are ns since then, monotonic

	// lock guards what follows. A channel, so that waiting for it ends with a
	// context and counts as waiting where time is simulated.
	lock    chan struct{}
	lease   lease
	size    float64 // segments of the lease to come, if all of this one is used
	cut     cut
	clock   clock
	changed chan struct{} // closed when turns already given are void

	gone     bool  // Redis does not answer, or did not until just now
	askAt    int64 // when to ask it again
	reserved int64 // until then others may have leases

	cuts atomic.Int64 // how often the carrier's complaints have cut the rate
}

// A lease is a stretch of the account's time that is this process's alone.
type lease struct {
	next, end int64   // what is left of it
	rate      float64 // segments per second in it
	fresh     bool    // nothing of it is spent
}

// New makes a Pacer.
func New(o Options) *Pacer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Owners == nil {
		o.Owners = func() int { return 1 }
	}
	if o.Hold <= 0 {
		o.Hold = time.Second
	}
	if o.Step <= 0 {
		o.Step = 0.05
	}
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	return &Pacer{
		o: o, base: time.Now(), lock: make(chan struct{}, 1), changed: make(chan struct{}),
		cut: cut{share: 1}, gone: o.Redis == nil,
	}
}

func (p *Pacer) owners() int { return max(p.o.Owners(), 1) }

func (p *Pacer) now() int64 { return int64(time.Since(p.base)) }

// Rate is the rate in force, in segments per second, as far as this process knows:
// the cap, less after throttle answers, only a part of it while Redis is gone. 0: no
// limit.
func (p *Pacer) Rate() float64 {
	p.lock <- struct{}{}
	defer p.unlock()
	if p.o.Rate <= 0 {
		return 0
	}
	rate := p.o.Rate * p.cut.inForce(p.now(), &p.o)
	if p.gone {
		rate /= float64(p.owners())
	}
	return rate
}

func (p *Pacer) unlock() { <-p.lock }

// Wait returns nil when so many segments may leave, together and at once, or ctx's
// error: then none may. The turns before it, here and in the processes that share
// the account, take their time first. A turn that was waited for and then given up
// is lost.
func (p *Pacer) Wait(ctx context.Context, segments int) error {
	if segments <= 0 {
		return ctx.Err()
	}
	for {
		select {
		case p.lock <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := ctx.Err(); err != nil {
			p.unlock()
			return err
		}
		if p.o.Rate <= 0 {
			p.unlock()
			return nil
		}
		d := time.Duration(p.take(ctx, float64(segments)) - p.now())
		changed := p.changed
		p.unlock()
		if d <= 0 {
			return nil
		}
		t := time.NewTimer(d)
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-changed: // the carrier throttles: the turn is void
			t.Stop()
		}
	}
}

// Throttled says that the carrier complained about the rate: it is halved for all
// who share the account, and nothing leaves for a while. During that while more
// complaints change nothing. It returns within a quarter of a second.
func (p *Pacer) Throttled() {
	p.lock <- struct{}{}
	defer p.unlock()
	if p.o.Rate <= 0 {
		return
	}
	now := p.now()
	if now < p.cut.since {
		return
	}
	p.cut = p.cut.deepen(now, &p.o)
	p.cuts.Add(1)
	if !p.gone {
		if a, err := p.ask(context.Background(), cutScript, millionths(lowest), p.o.Hold.Microseconds()); err == nil {
			p.learn(a)
		} else {
			p.lose(err)
		}
	}
	p.reserved = max(p.reserved, p.cut.since)
	p.void()
	p.o.Logger.Warn("the carrier throttles: slower", "provider", p.o.Provider,
		"segments_per_second", math.Round(p.o.Rate*p.cut.share*10)/10, "hold", p.o.Hold)
}

// Cuts is how often the carrier's complaints have cut the rate here so far.
func (p *Pacer) Cuts() int64 { return p.cuts.Load() }

// Begin lets the rate in force be so many segments per second now, if that is less:
// what the carrier took before this process started. It creeps back to the cap as
// after a complaint.
func (p *Pacer) Begin(segmentsPerSecond float64) {
	p.lock <- struct{}{}
	defer p.unlock()
	if p.o.Rate <= 0 || segmentsPerSecond <= 0 {
		return
	}
	now := p.now()
	begin := cut{share: max(segmentsPerSecond/p.o.Rate, lowest), since: now}
	if begin.inForce(now, &p.o) < p.cut.inForce(now, &p.o) {
		p.cut = begin
		p.void()
	}
}

// SetRate changes the cap, for this process: whoever shares the account is to be
// told too. 0 or less: no limit. Turns that have not come yet are given anew.
func (p *Pacer) SetRate(segmentsPerSecond float64) {
	p.lock <- struct{}{}
	defer p.unlock()
	if p.o.Rate == segmentsPerSecond {
		return
	}
	p.o.Rate = segmentsPerSecond
	p.void()
}

// void takes back the turns that have been given and have not come. Under lock.
func (p *Pacer) void() {
	p.lease, p.size = lease{}, 0
	close(p.changed)
	p.changed = make(chan struct{})
}

// take spends n segments and says when they may leave. Under lock.
func (p *Pacer) take(ctx context.Context, n float64) int64 {
	for {
		now := p.now()
		l := &p.lease
		if l.rate > 0 {
			from := l.next
			if !l.fresh { // a fresh one is good however long Redis took to answer
				from = max(from, now-late)
			}
			if until := from + span(n, l.rate); l.fresh || until <= l.end+exact {
				l.next, l.fresh = until, false
				return max(from, now)
			}
		}
		p.renew(ctx, n)
	}
}

// span is the time of n segments, rounded up: a second shall not hold one more.
func span(n, rate float64) int64 { return int64(math.Ceil(n / rate * 1e9)) }

// renew gets a lease of n segments or more. Under lock.
func (p *Pacer) renew(ctx context.Context, n float64) {
	now := p.now()
	// A lease all used up asks for a longer one; one that ran out asks for no more
	// than is needed, for what is not used is lost to all.
	used := p.lease.rate > 0 && p.lease.next >= now-late
	rate := p.o.Rate * p.cut.inForce(now, &p.o)
	if p.size = max(p.size*2, n); !used {
		p.size = n
	}
	p.size = max(min(p.size, rate*longest), n)
	segments := float64(int64(p.size/n)) * n
	if p.gone && !p.back(ctx, now) {
		p.alone(n)
		return
	}
	a, err := p.ask(ctx, reserveScript, segments, p.o.Rate, millionths(rate/p.o.Rate))
	if err != nil {
		p.lose(err)
		p.alone(n)
		return
	}
	p.learn(a)
	p.grant(lease{
		next: p.clock.own(a.start * 1000), end: p.clock.own(a.end * 1000),
		rate: p.o.Rate * float64(a.inForce) / 1e6, fresh: true,
	})
}

// grant makes l the lease, or lengthens the one there is when l goes on where it
// ends. Turns never go back in time. Under lock.
func (p *Pacer) grant(l lease) {
	old := p.lease
	gap := l.next - old.end
	if old.rate == l.rate && gap > -touching && gap < touching && old.next >= p.now()-late {
		l.next, l.fresh = old.next, false
	}
	l.next = max(l.next, old.next, p.cut.since)
	p.lease = l
	p.reserved = max(p.reserved, l.end)
}

// alone grants n segments without Redis, at this process's part of the rate. Under lock.
func (p *Pacer) alone(n float64) {
	rate := p.o.Rate * p.cut.inForce(p.now(), &p.o) / float64(p.owners())
	from := max(p.reserved, p.lease.next, p.cut.since)
	if now := p.now(); from < now-late {
		from = now
	}
	p.lease = lease{next: from, end: from + span(n, rate), rate: rate, fresh: true}
	p.reserved = max(p.reserved, p.lease.end)
}

// learn takes over what Redis says about time and cuts. A deeper cut of its own
// stays: Redis may have been flushed, or away when the carrier complained. Under lock.
func (p *Pacer) learn(a answer) {
	now := p.now()
	p.clock.see(a.now*1000, now)
	told := cut{share: float64(a.share) / 1e6, since: now + (a.since-a.now)*1000}
	if told.inForce(now, &p.o) <= p.cut.inForce(now, &p.o) {
		p.cut = told
	}
}

// lose notes that Redis is gone. What the other owners have reserved may lie ahead,
// a lease each, and passes first. Under lock.
func (p *Pacer) lose(err error) {
	now := p.now()
	if !p.gone {
		p.o.Logger.Warn("rates are not shared while redis is gone: this process keeps to its part",
			"provider", p.o.Provider, "owners", p.owners(), "err", err)
		p.reserved = max(p.reserved, now) + int64(float64(p.owners()-1)*longest*1e9)
	}
	p.gone, p.askAt = true, now+retryEvery
}

// back asks Redis, while it is gone and it is time to, and reports whether to share
// again. Several owners do at the same instant, late enough for all to know:
// one that shares and one that keeps to its part would be too much together.
// Under lock.
func (p *Pacer) back(ctx context.Context, now int64) bool {
	if p.o.Redis == nil || now < p.askAt {
		return false
	}
	if p.owners() > 1 {
		a, err := p.ask(ctx, resumeScript, (retryEvery+int64(time.Second))/1000)
		if err != nil {
			p.lose(err)
			return false
		}
		p.learn(a)
		if p.askAt = p.clock.own(a.start * 1000); now < p.askAt {
			return false
		}
	}
	p.gone = false
	p.o.Logger.Info("rates are shared again", "provider", p.o.Provider)
	return true
}
