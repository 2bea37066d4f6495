package simulator

import (
	"sync"
	"sync/atomic"
	"time"
)

// Stats are what a carrier has seen since New.
type Stats struct {
	Recipients int64 // messages taken: a long one counts with its first segment
	Segments   int64 // segments taken, one for each recipient
	Submits    int64 // submit PDUs read
	Refused    int64 // segments refused for their number
	Throttled  int64 // segments answered with throttled or queue full
	Silent     int64 // segments taken and never answered
	Cancelled  int64 // requests to take a message back that were in time

	ReceiptsSent         int64 // those sent again included
	ReceiptsAcknowledged int64
	ReceiptsAgain        int64 // went back unacknowledged, to be sent again
	ReceiptsWaiting      int   // due or not, on their way or parked, not acknowledged

	Connections int   // logged in now
	Binds       int64 // accepted
	Cuts        int64 // lines cut on purpose

	MaxPerSecond int // most segments taken in one second, in steps of 100 ms
	MaxPerTenth  int // most segments taken in 100 ms
}

// A counter is the live side of Stats.
type counter struct {
	recipients, segments, submits, refused, throttled, silent atomic.Int64
	sent, acknowledged, again, binds, cuts, cancelled         atomic.Int64
}

// A gate keeps the carrier's rate and knows the busiest moments.
type gate struct {
	rate, burst float64

	mu     sync.Mutex
	tokens float64
	filled int64 // when tokens was right, nanoseconds since 1970

	tenth     int64   // the current tenth of a second since 1970
	tenths    [10]int // segments in it and the nine before it
	maxTenth  int
	maxSecond int
}

// allow reports whether n segments fit the rate now, and spends them. A batch
// larger than what is left is let through when anything is left, and what
// follows waits for it.
func (g *gate) allow(n int, now int64) bool {
	if g.rate == 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now > g.filled {
		g.tokens = min(g.burst, g.tokens+float64(now-g.filled)/1e9*g.rate)
		g.filled = now
	}
	if g.tokens < 1 {
		return false
	}
	g.tokens -= float64(n)
	return true
}

// count adds n segments taken to the busiest moments.
func (g *gate) count(n int, now int64) {
	if n == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	tenth := now / int64(100*time.Millisecond)
	for gone := min(tenth-g.tenth, int64(len(g.tenths))); gone > 0; gone-- {
		g.tenths[(tenth-gone+1)%int64(len(g.tenths))] = 0
	}
	g.tenth = max(g.tenth, tenth)
	at := &g.tenths[g.tenth%int64(len(g.tenths))]
	*at += n
	sum := 0
	for _, k := range g.tenths {
		sum += k
	}
	g.maxTenth, g.maxSecond = max(g.maxTenth, *at), max(g.maxSecond, sum)
}

// Stats are the figures now.
func (c *Carrier) Stats() Stats {
	s := Stats{
		Recipients: c.counts.recipients.Load(), Segments: c.counts.segments.Load(),
		Submits: c.counts.submits.Load(), Refused: c.counts.refused.Load(),
		Throttled: c.counts.throttled.Load(), Silent: c.counts.silent.Load(), Cancelled: c.counts.cancelled.Load(),
		ReceiptsSent: c.counts.sent.Load(), ReceiptsAcknowledged: c.counts.acknowledged.Load(),
		ReceiptsAgain: c.counts.again.Load(), Binds: c.counts.binds.Load(), Cuts: c.counts.cuts.Load(),
	}
	if c.http != nil {
		c.http.count(&s)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for s2 := range c.sessions {
		if s2.account != nil {
			s.Connections++
			s.ReceiptsWaiting += s2.waiting()
		}
	}
	for _, a := range c.accounts {
		s.ReceiptsWaiting += len(a.parked)
	}
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	s.MaxPerSecond, s.MaxPerTenth = c.gate.maxSecond, c.gate.maxTenth
	return s
}
