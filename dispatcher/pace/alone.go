package pace

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// alone grants a lease without Redis, at this process's part of the rate, once nobody else
// can be sending on it. It returns 0, or when to try again. Under lock.
func (p *Pacer) alone(n float64) int64 {
	now := p.now()
	owners := p.owners(now)
	from := now
	if p.o.Redis != nil && owners > 1 { // nor before the others know of it
		from = max(p.contact+p.over(now), spread)
	}
	if from > now {
		return max(min(from, p.askAt), now+retryRefused)
	}
	rate := p.o.Rate * p.cut.inForce(now, &p.o) / float64(owners)
	if from = max(p.lease.next, p.lease.end, p.cut.since); from < now-late {
		from = now
	}
	p.lease = lease{next: from, end: from + span(n, rate), rate: rate, fresh: true}
	return 0
}

// over is how long after Redis last heard this process nothing is sent on its part by
// others, with 50 ms for clocks that go differently. Under lock.
func (p *Pacer) over(now int64) int64 {
	slice := span(p.most*float64(p.owners(now)), p.o.Rate*p.cut.inForce(now, &p.o))
	return quiet + ahead + max(longest, slice) + leeway
}

// learn takes over what Redis says about time, cuts and the others. A deeper cut of its own
// stays: Redis may have been flushed, or away when the carrier complained. Under lock.
func (p *Pacer) learn(a answer) {
	now := p.now()
	if p.gone {
		p.o.Logger.Info("rates are shared again", "provider", p.o.Provider)
	}
	p.gone, p.found, p.contact, p.server, p.told = false, false, now, a.server, int(a.owners)
	p.part = float64(a.part) / 1e6
	p.clock.see(a.now*1000, now)
	told := cut{share: float64(a.share) / 1e6, since: now + (a.since-a.now)*1000}
	if told.inForce(now, &p.o) <= p.cut.inForce(now, &p.o) {
		p.cut = told
	}
}

// lose notes that Redis is gone. Under lock.
func (p *Pacer) lose(err error) {
	now := p.now()
	if !p.gone {
		p.o.Logger.Warn("rates are not shared while redis is gone: this process keeps to its part",
			"provider", p.o.Provider, "owners", p.owners(now), "err", err)
	}
	p.gone, p.found = true, false
	p.waitToAsk(now)
}

// waitToAsk puts the next question to Redis off, not for long while this process may not
// send without it. Under lock.
func (p *Pacer) waitToAsk(now int64) {
	p.askAt = now + retryEvery
	if p.contact != never && now < p.contact+p.over(now) {
		p.askAt = now + retrySoon
	}
}

// probe looks whether Redis takes what is written to it, when it is time to, and lets the
// line go on meanwhile. It says nothing of this process, which still has turns to come.
// Under lock.
func (p *Pacer) probe() {
	if p.o.Redis == nil || p.probing || p.now() < p.askAt {
		return
	}
	p.probing = true
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		defer cancel()
		err := p.o.Redis.PExpire(ctx, p.key(), time.Hour).Err()
		p.lock <- struct{}{}
		defer p.unlock()
		p.probing, p.found = false, err == nil && p.gone
		p.waitToAsk(p.now())
	}()
}

// Run lets Redis hear of this process until ctx ends, also while it has nothing to send:
// the others leave the part of one that is not heard to it, for it may be alone.
func (p *Pacer) Run(ctx context.Context) error {
	if p.o.Redis == nil {
		return nil
	}
	tick := time.NewTicker(time.Duration(beatEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			p.leave(ctx)
			return nil
		case <-tick.C:
			p.beat(ctx)
		}
	}
}

// beat asks for nothing, if nothing has been asked for a while.
func (p *Pacer) beat(ctx context.Context) {
	p.lock <- struct{}{}
	defer p.unlock()
	now := p.now()
	switch {
	case p.o.Rate <= 0 || p.owners(now) == 1:
		return
	case p.gone && !p.found:
		p.probe()
		return
	case p.gone && p.lease.end > now:
		return
	case !p.gone && p.contact != never && now < p.contact+beatEvery/2:
		return
	}
	a, err := p.ask(ctx, reserveScript, 0)
	if err != nil {
		p.lose(err)
		return
	}
	p.learn(a)
}

// leave takes this process's part out of the account, so that the others need not wait for
// it.
func (p *Pacer) leave(ctx context.Context) {
	p.lock <- struct{}{}
	defer p.unlock()
	if p.gone || p.contact == never {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	if err := p.o.Redis.HDel(ctx, p.key(), member+p.id).Err(); err != nil && err != redis.Nil {
		p.o.Logger.Debug("the others will wait for this process's part of the rate", "provider", p.o.Provider, "err", err)
	}
}
