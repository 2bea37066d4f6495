package dispatcher

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"tocsin/providers"
	"tocsin/providers/sms"
)

// A Line is one provider as the dispatcher uses it.
type Line struct {
	// Name is the provider's name in configuration, routes and the ledger.
	Name string
	// Provider sends. Pace and metrics are wrapped around it already.
	Provider providers.Provider
	// Rate is the configured cap in segments per second; 0: none.
	Rate float64
	// SetRate changes the cap that Provider keeps to; nil: it keeps to none.
	SetRate func(segmentsPerSecond float64)
	// Elsewhere says that other processes log in with this account: Provider is nil, and
	// this one only feeds its lanes and gives its pages to fall-backs.
	Elsewhere bool
	// Alphabet is what the carrier takes texts in.
	Alphabet sms.Alphabet
}

// line is a Line at work.
type line struct {
	Line
	budget   *semaphore.Weighted // recipients offered and not settled
	spare    *semaphore.Weighted // one chunk more, for who overtakes; nil: not needed
	most     int64               // the budget's size
	chunk    atomic.Int64        // recipients offered at once
	rate     float64             // the cap in force
	workers  int                 // pages worked on at once
	slots    chan struct{}       // one for each page being worked on
	pressing atomic.Int32        // 1 + the highest class that has pages ready; 0: none
}

// pageSize is the most recipients of a page.
const pageSize = 1000

// ahead is how many seconds of the rate are offered and not settled at most. It
// bounds what a carrier that answers late can be sent: above a second's delay the
// rate is not reached.
const ahead = 1.0

// newLine sizes the work by the provider's window: at most two windows are
// offered and unanswered, so that one is in flight while the next one's intent
// is written; that bounds what a crash leaves in doubt.
func newLine(l Line) *line {
	if l.Elsewhere {
		return &line{Line: l, rate: l.Rate}
	}
	state := l.Provider.Line()
	batch := max(state.Batch, 1)
	window := max(state.Window, 1) * batch
	most := 2 * window
	chunk := l.chunkAt(l.Rate)
	var spare *semaphore.Weighted
	if l.Rate > 0 {
		// What waits for the pace need not be offered yet: all of it would have to
		// leave before anybody can overtake, and is in doubt after a crash.
		most = max(min(most-chunk, int(l.Rate*ahead)), chunk)
		spare = semaphore.NewWeighted(int64(chunk))
	}
	workers := min(most/pageSize+2, 16)
	made := &line{
		spare: spare,
		Line:  l, budget: semaphore.NewWeighted(int64(most)), most: int64(most), rate: l.Rate,
		workers: workers, slots: make(chan struct{}, workers),
	}
	made.chunk.Store(int64(chunk))
	return made
}

// chunkAt is how many recipients are offered at once at a rate; 0: there is none.
func (l *Line) chunkAt(rate float64) int {
	state := l.Provider.Line()
	batch := max(state.Batch, 1)
	chunk := max(max(state.Window, 1)*batch/max(state.Connections, 1), 1)
	if rate > 0 {
		chunk = min(chunk, max(int(rate/4), 1)) // a quarter second at the provider's rate
	}
	if chunk > batch {
		chunk -= chunk % batch
	}
	return min(chunk, pageSize)
}

// setRate changes the cap. Work goes on in smaller chunks when it falls; they grow
// no larger than the line was made for.
func (l *line) setRate(rate float64) {
	l.rate = rate
	l.chunk.Store(int64(min(l.chunkAt(rate), l.chunkAt(l.Rate))))
	l.SetRate(rate)
}

// usable reports whether the provider can send now.
func (l *line) usable() bool { return !l.Elsewhere && l.Provider.Line().Up > 0 }

// overtaken reports whether a higher class than c has pages ready on this line.
func (l *line) overtaken(c sms.Class) bool { return l.pressing.Load() > int32(c)+1 }

// enter takes a worker's slot; it reports false when ctx ended first.
func (l *line) enter(ctx context.Context) bool {
	select {
	case l.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *line) leave() { <-l.slots }

// full reports whether every worker's slot is taken.
func (l *line) full() bool { return len(l.slots) == cap(l.slots) }
