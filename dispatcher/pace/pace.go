package pace

import (
	"context"
	"crypto/rand"
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
	// 5681: the method by which processes that share a limit find it.
	Hold  time.Duration
	Step  float64
	Every time.Duration
}

const (
	// longest is the longest lease, but for a slice that takes longer: what is lost when a
	// process dies.
	longest = int64(100 * time.Millisecond)
	// ahead is how far in the future a lease may begin.
	ahead = int64(100 * time.Millisecond)
	// early is how long before its lease ends a process asks for the next.
	early = int64(50 * time.Millisecond)
	// beatEvery is how often a process that has nothing to send is heard.
	beatEvery = int64(250 * time.Millisecond)
	// quiet is how long a process may not have been heard and still has its part in what
	// all share.
	quiet = int64(750 * time.Millisecond)
	// leeway is for clocks that go differently.
	leeway = int64(50 * time.Millisecond)
	// over is how long after a process was last heard nothing is sent on its part by
	// others, where no slice takes longer than a lease.
	over = quiet + ahead + longest + leeway
	// strangers is how long a Redis that has just begun keeps the parts of processes that
	// it has not heard, which may be alone. After that they are not of this account.
	strangers = int64(5 * time.Second)
	// spread is how long it takes until the others know of a new process.
	spread = int64(3 * time.Second)
	// forget is how long the part of a process that is not heard any more is kept.
	forget = int64(15 * time.Second)

	lowest = 0.05 // of the cap: a line is never cut to nothing
	// late is how late a caller may come and still have its turn, for timers and
	// schedulers are not exact. It lets 0.005 of a second's segments catch up.
	late = int64(5 * time.Millisecond)
	// exact is how far apart two times may be that are the same: Redis counts µs.
	exact = int64(2 * time.Microsecond)
	// touching leases are one: the clocks' difference is known no better.
	touching = int64(time.Millisecond)
	// retryEvery is how often Redis is asked by a process that is alone, and retrySoon by
	// one that has just lost it.
	retryEvery = int64(2 * time.Second)
	retrySoon  = int64(50 * time.Millisecond)
	// retryRefused is the least that one waits which Redis had nothing for.
	retryRefused = int64(time.Millisecond)
	// never is a time that has not been.
	never = math.MinInt64 / 2
	// member is how the field of a process begins.
	member = "m:"
)

// A Pacer gives turns. Its methods may be called from several goroutines.
type Pacer struct {
	o    Options
	base time.Time // when this process began; times are ns since then, monotonic
	id   string    // this process's for Redis

	// lock guards what follows. A channel, so that waiting for it ends with a
	// context and counts as waiting where time is simulated.
	lock    chan struct{}
	lease   lease
	size    float64 // segments of the lease to come, if all of this one is used
	most    float64 // segments of the largest slice so far
	cut     cut
	clock   clock
	changed chan struct{} // closed when turns already given are void

	gone    bool    // Redis does not answer, or did not until just now
	askAt   int64   // when to look for it again
	probing bool    // that is being done
	found   bool    // it is back, and is to be asked
	contact int64   // when Redis last answered; never: it has not
	server  string  // which it was
	told    int     // how many share the account, as Redis said at contact
	part    float64 // of the rate that those have who are not alone

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
		cut: cut{share: 1}, gone: o.Redis == nil, id: rand.Text(), contact: never, part: 1,
	}
}

// owners is how many processes share the account: as they say themselves, or as Redis
// said, which may have heard of a new one sooner.
func (p *Pacer) owners(now int64) int {
	n := max(p.o.Owners(), 1)
	if p.contact != never && now-p.contact < strangers {
		n = max(n, p.told)
	}
	return n
}

func (p *Pacer) now() int64 { return int64(time.Since(p.base)) }

// Rate is the rate in force, in segments per second, as far as this process knows:
// the cap, less after throttle answers, only a part of it while Redis, or one that shares it, is gone. 0: no
// limit.
func (p *Pacer) Rate() float64 {
	p.lock <- struct{}{}
	defer p.unlock()
	if p.o.Rate <= 0 {
		return 0
	}
	rate := p.o.Rate * p.cut.inForce(p.now(), &p.o)
	if p.gone {
		return rate / float64(p.owners(p.now()))
	}
	return rate * p.part
}

func (p *Pacer) unlock() { <-p.lock }

// Wait returns nil when so many segments may leave, together and at once, or ctx's
// error: then none may. The turns before it, here and in the processes that share
// the account, take their time first. A turn that was waited for and then given up
// is lost.
func (p *Pacer) Wait(ctx context.Context, segments int) error {
	_, err := p.turn(ctx, segments)
	return err
}

// turn is Wait, and says for which time the turn is: the caller has it then, or at most late
// after, if the machine is not too slow for it.
func (p *Pacer) turn(ctx context.Context, segments int) (at int64, err error) {
	if segments <= 0 {
		return 0, ctx.Err()
	}
	end, ends := ctx.Deadline()
	for {
		select {
		case p.lock <- struct{}{}:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if err := ctx.Err(); err != nil {
			p.unlock()
			return 0, err
		}
		if p.o.Rate <= 0 {
			p.unlock()
			return 0, nil
		}
		at, ok := p.take(ctx, float64(segments))
		changed := p.changed
		p.unlock()
		if ends && ok && !p.base.Add(time.Duration(at)).Before(end) { // its turn comes too late
			<-ctx.Done()
			return 0, ctx.Err()
		}
		if at > p.now() {
			t := time.NewTimer(time.Duration(at - p.now()))
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return 0, ctx.Err()
			case <-changed: // the carrier throttles: the turn is void
				t.Stop()
				ok = false
			}
		}
		if ok {
			return at, nil
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

// SetRate changes the cap, for this process: the caller tells the other processes that
// share the account. 0 or less: no limit.
func (p *Pacer) SetRate(segmentsPerSecond float64) {
	p.lock <- struct{}{}
	defer p.unlock()
	old := p.o.Rate
	if p.o.Rate = segmentsPerSecond; old <= 0 || segmentsPerSecond <= 0 {
		p.void()
		return
	}
	// What has been waited for stays waited for: the turns to come of the lease are
	// spaced anew, those given are less than the horizon away.
	p.lease.rate *= segmentsPerSecond / old
}

// void takes back the turns that have been given and have not come. Under lock.
func (p *Pacer) void() {
	p.lease, p.size = lease{}, 0
	close(p.changed)
	p.changed = make(chan struct{})
}
