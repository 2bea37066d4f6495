package providers

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"tocsin/providers/sms"
)

// Whatever a carrier says, the share is never more than all and never nothing, a word
// above 90 never raises it, and half a minute without one makes it whole.
func TestTheEaseNeverGoesAboveTheRateAndRecovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, now := newEase(), time.Now()
		last := 1.0
		for range rapid.IntRange(0, 50).Draw(t, "words") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			level := uint8(rapid.IntRange(0, 100).Draw(t, "level"))
			share := e.hear(level, now)
			switch {
			case share > 1 || share < easeLowest:
				t.Fatalf("got share %v", share)
			case level > laden && share > last:
				t.Fatalf("got share %v after %v at level %d", share, last, level)
			case level >= spare && level <= laden && share != last:
				t.Fatalf("got share %v after %v at level %d, want it held", share, last, level)
			case level < spare && share < last:
				t.Fatalf("got share %v after %v at level %d", share, last, level)
			}
			last = share
		}
		back := time.Duration(float64(easeEvery) / easeBack)
		if got := e.hear(0, now.Add(back)); got != 1 {
			t.Fatalf("got share %v after %v of peace, want 1", got, back)
		}
	})
}

func TestWhatACarrierSaysOfItself(t *testing.T) {
	for _, tt := range []struct {
		name   string
		levels []uint8 // a second apart
		want   float64
	}{
		{"nothing", nil, 1},
		{"idle, low, medium, high", []uint8{0, 29, 49, 79}, 1},
		{"where it should be", []uint8{80, 85, 90}, 1},
		{"a little above", []uint8{91}, 0.95},
		{"nearly congested", []uint8{99}, 0.55},
		{"congested", []uint8{100}, 0.5},
		{"congested twice", []uint8{100, 100}, 0.25},
		{"congested for ever", []uint8{100, 100, 100, 100, 100, 100, 100}, easeLowest},
		{"congested, then where it should be", []uint8{100, 85, 85}, 0.5},
		{"congested, then with room", []uint8{100, 79, 10}, 0.6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, now, got := newEase(), time.Now(), 1.0
			for _, level := range tt.levels {
				now = now.Add(time.Second)
				got = e.hear(level, now)
			}
			if math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("got share %v, want %v", got, tt.want)
			}
		})
	}
}

// steering is an airline that says how congested it is.
type steering struct {
	*airline
	level atomic.Uint32
}

func (s *steering) Line() Line {
	l := s.airline.Line()
	l.Congestion = uint8(s.level.Load())
	return l
}

func TestACarrierSteersThePace(t *testing.T) {
	const rate = 300
	synctest.Test(t, func(t *testing.T) {
		a := &steering{airline: &airline{window: 100, batch: 1, trip: 20 * time.Millisecond}}
		m := &metronome{rate: rate}
		l := NewLimited(a, m)
		begin := time.Now()
		go func() {
			for _, step := range []struct {
				at    time.Duration
				level uint32
			}{{10 * time.Second, 95}, {12 * time.Second, 85}, {20 * time.Second, 100}, {21 * time.Second, 0}} {
				time.Sleep(time.Until(begin.Add(step.at)))
				a.level.Store(step.level)
			}
		}()
		msgs := texts(rate*60, 1)
		acks := make([]sms.Ack, len(msgs))
		var wg sync.WaitGroup
		for i := range 4 {
			n := len(msgs) / 4
			wg.Go(func() { l.Submit(t.Context(), msgs[i*n:(i+1)*n], acks[i*n:(i+1)*n]) })
		}
		wg.Wait()
		in := func(from, to time.Duration) float64 {
			n := 0
			for _, d := range a.left {
				if at := d.at.Sub(begin); at >= from && at < to {
					n += d.segments
				}
			}
			return float64(n) / (to - from).Seconds() / rate
		}
		for _, w := range []struct {
			what     string
			from, to time.Duration
			low, top float64
		}{
			{"at first", 0, 10 * time.Second, 0.98, 1.01},
			// 95 cuts a quarter, and a quarter of that a second later: at 12 s it is heard no more.
			{"held where it was cut to", 13 * time.Second, 20 * time.Second, 0.54, 0.58},
			{"in the pause", 20200 * time.Millisecond, 20900 * time.Millisecond, 0, 0.02},
			{"half of that after it", 21200 * time.Millisecond, 22 * time.Second, 0.25, 0.40},
			{"all of it again", 40 * time.Second, 50 * time.Second, 0.98, 1.01},
		} {
			if got := in(w.from, w.to); got < w.low || got > w.top {
				t.Errorf("%s: got %.3f of the rate, want %v to %v", w.what, got, w.low, w.top)
			}
		}
		if got, most := a.most(time.Second), int(1.02*rate); got > most {
			t.Errorf("got %d segments in a second, want at most %d", got, most)
		}
		if m.slow != 0 {
			t.Errorf("got %d complaints to the pacer, want none", m.slow)
		}
		for i := range acks {
			if acks[i].Outcome != sms.Taken {
				t.Fatalf("message %d: got %v", i, acks[i])
			}
		}
	})
}
