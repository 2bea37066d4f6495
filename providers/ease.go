package providers

import (
	"context"
	"math"
	"sync"
	"time"
)

// An ease keeps less than the rate while the carrier says that it has too much to do.
// It follows Line.Congestion as SMPP 5.0 means it: below 80 faster, from 80 to 90 as
// it is, above 90 more slowly, at 100 not at all for a moment. It only ever takes from
// the rate. What the carrier does not say again is forgotten, so that it recovers.
type ease struct {
	mu    sync.Mutex
	share float64   // of the rate
	heard time.Time // the last word
	cut   time.Time // when the share last fell
	until time.Time // nothing leaves before
	owed  float64   // turns, below 1
}

// Where congestion_state begins to mean something: SMPP 5.0, section 2.9.
const (
	spare  = 80 // below it there is room for more
	laden  = 90 // above it there is too much
	choked = 100
)

// How an ease moves. The carrier's next word is on what was sent at the rate before:
// a cut is given easeEvery to be felt.
const (
	easeEvery  = time.Second
	easeBack   = 0.05 // of the rate comes back in each easeEvery
	easeLowest = 0.05 // of the rate: a carrier that is choked for ever still gets something to answer
	easePause  = time.Second
)

func newEase() *ease { return &ease{share: 1} }

// hear takes in what the carrier says now, and is the share of the rate to keep to:
// easeLowest to 1.
func (e *ease) hear(congestion uint8, now time.Time) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	since := now.Sub(e.heard)
	e.heard = now
	switch {
	case congestion < spare && e.share < 1:
		e.share = min(e.share+float64(since)/float64(easeEvery)*easeBack, 1)
	case congestion <= laden || now.Sub(e.cut) < easeEvery:
	case congestion < choked: // a twentieth for each step above laden
		e.share = max(e.share*(1-float64(congestion-laden)/20), easeLowest)
		e.cut = now
	default:
		e.share = max(e.share/2, easeLowest)
		e.cut, e.until = now, now.Add(easePause)
	}
	return e.share
}

// wait returns when the pause is over, or with ctx's error.
func (e *ease) wait(ctx context.Context) error {
	e.mu.Lock()
	d := time.Until(e.until)
	e.mu.Unlock()
	if d <= 0 {
		return nil
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

// turns is how many turns so many segments take at a share of the rate: fractions add
// up to whole ones.
func (e *ease) turns(segments int, share float64) int {
	if share >= 1 {
		return segments
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.owed += float64(segments) / share
	whole := math.Floor(e.owed)
	e.owed -= whole
	return int(whole)
}
