package dispatcher

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

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
	// Floor is the share of the rate that routine lanes keep while urgent ones work,
	// 0 to below 1. It is off while an emergency works. Without a rate it means nothing.
	Floor float64
	// Pace is what Provider keeps to, and Took how many segments the carrier has taken
	// so far; nil: what the carrier takes is not measured.
	Pace Pace
	Took func() int64
}

// line is a Line at work.
type line struct {
	Line
	budget   *semaphore.Weighted // recipients offered and not settled
	spare    *semaphore.Weighted // one chunk more, for work that overtakes; nil: not needed
	most     int64               // the budget's size
	chunk    atomic.Int64        // recipients offered at once
	rate     float64             // the cap in force
	workers  int                 // pages worked on at once
	slots    chan struct{}       // one for each page being worked on
	pressing atomic.Int32        // 1 + the highest class that has somebody waiting or offered; 0: none
	trial    *semaphore.Weighted // the few messages of a trial
	floor    *floor              // nil: there is none

	pressed time.Time    // when that class last had; of feed alone
	wasUp   bool         // of feed alone
	everUp  bool         // the same: before it was up the first time no task has slept
	freed   atomic.Int64 // when lower classes, or all, could go on, ns since 1970

	meter    meter // of attend alone
	measured bool  // the ledger keeps what the carrier took at this hour; of attend alone
}

// A floor is what routine lanes keep of a line while urgent ones work on it.
type floor struct {
	budget *semaphore.Weighted
	chunk  int           // recipients offered at once
	turns  *rate.Limiter // segments
}

// floorAhead is how many seconds of a floor are offered and not settled at most: each
// of its chunks waits for its turn behind up to a second of the urgent ones.
const floorAhead = 3.0

func newFloor(share, perSecond float64, chunk int) *floor {
	own := share * perSecond
	if own <= 0 {
		return nil
	}
	chunk = min(chunk, max(int(own/4), 1))
	return &floor{
		budget: semaphore.NewWeighted(int64(max(int(own*floorAhead), chunk))), chunk: chunk,
		turns: rate.NewLimiter(rate.Limit(own), chunk*sms.MaxSegments),
	}
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
		workers: workers, slots: make(chan struct{}, workers), trial: semaphore.NewWeighted(providers.Trial),
		floor: newFloor(l.Floor, l.Rate, chunk),
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
func (l *line) setRate(perSecond float64) {
	l.rate = perSecond
	l.chunk.Store(int64(min(l.chunkAt(perSecond), l.chunkAt(l.Rate))))
	if l.floor != nil {
		l.floor.turns.SetLimit(rate.Limit(l.Floor * perSecond))
	}
	l.SetRate(perSecond)
}

// usable reports whether the provider can send now.
func (l *line) usable() bool { return !l.Elsewhere && l.Provider.Line().Up > 0 }

// onTrial reports whether the carrier is ill and is to be tried now.
func (l *line) onTrial() bool { return !l.Elsewhere && l.Provider.Line().Trial }

// overtaken reports whether recipients of a higher class than c are waiting or offered on this line.
func (l *line) overtaken(c sms.Class) bool { return l.pressing.Load() > int32(c)+1 }

// linger is how long a class presses after it was last seen to: it has nothing offered
// for an instant between two chunks.
const linger = 300 * time.Millisecond

// press notes the highest class with waiting or offered recipients.
func (l *line) press(class sms.Class, any bool) {
	now, level := time.Now(), int32(0)
	if any {
		level = int32(class) + 1
	}
	if level < l.pressing.Load() && now.Sub(l.pressed) < linger {
		return
	}
	up := l.usable()
	if level < l.pressing.Load() || up && !l.wasUp && l.everUp {
		l.freed.Store(now.UnixNano())
	}
	l.wasUp, l.everUp = up, l.everUp || up
	l.pressing.Store(level)
	l.pressed = now
}

// asleep is how long tasks that could not go may sleep in the queue: its longest delay,
// and a bit.
const asleep = 6 * time.Second

// justFreed reports whether tasks of pages that can go may still sleep in the queue.
func (l *line) justFreed() bool { return time.Since(time.Unix(0, l.freed.Load())) < asleep }

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
