package pace

import (
	"context"
	"math"
)

// take spends n segments and says when they may leave; false: there is no turn yet, and at
// is when to ask again. Under lock.
func (p *Pacer) take(ctx context.Context, n float64) (at int64, ok bool) {
	p.most = max(p.most, n)
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
				return max(from, now), true
			}
			if due := p.due(); due > now {
				return due, false
			}
		}
		if at := p.renew(ctx, n); at > now {
			return at, false
		}
	}
}

// due is when the next lease is asked for. Under lock.
func (p *Pacer) due() int64 {
	if p.gone { // nothing of its own may lie ahead when it shares again
		return p.lease.end
	}
	return p.lease.end - early
}

// span is the time of n segments, rounded up: a second shall not hold one more.
func span(n, rate float64) int64 { return int64(math.Ceil(n / rate * 1e9)) }

// renew gets a lease of n segments or more. It returns 0, or when to try again.
// Under lock.
func (p *Pacer) renew(ctx context.Context, n float64) int64 {
	now := p.now()
	// A lease all used up asks for a longer one; one that ran out asks for no more
	// than is needed, for what is not used is lost to all.
	used := p.lease.rate > 0 && p.lease.next >= now-early
	rate := p.o.Rate * p.cut.inForce(now, &p.o)
	if p.size = max(p.size*2, n); !used {
		p.size = n
	}
	p.size = max(min(p.size, rate*p.part*float64(longest)/1e9), n)
	if p.gone && !p.found {
		p.probe()
		return p.alone(n)
	}
	a, err := p.ask(ctx, reserveScript, float64(int64(p.size/n))*n)
	if err != nil {
		p.lose(err)
		return p.alone(n)
	}
	p.learn(a)
	if a.start == a.end { // a caller that waits is heard
		now = p.now()
		return min(max(p.clock.own(a.start*1000), now+retryRefused), now+quiet/2)
	}
	p.grant(lease{
		next: p.clock.own(a.start * 1000), end: p.clock.own(a.end * 1000),
		rate: p.o.Rate * float64(a.inForce) / 1e6 * float64(a.part) / 1e6, fresh: true,
	})
	return 0
}

// grant makes l the lease, or lengthens the one there is when l goes on where it
// ends. Turns never go back in time. Under lock.
func (p *Pacer) grant(l lease) {
	old := p.lease
	gap := l.next - old.end
	if math.Abs(old.rate/l.rate-1) < 1e-6 && gap > -touching && gap < touching && old.next >= p.now()-late {
		l.next, l.fresh = old.next, false
	}
	l.next = max(l.next, old.next, p.cut.since)
	p.lease = l
}
