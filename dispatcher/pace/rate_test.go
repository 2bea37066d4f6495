package pace

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// D14: a change of rate does not begin a new waiting time.
func TestChangesOfRateDoNotStopTheLine(t *testing.T) {
	for _, owners := range []int{1, 3} {
		for _, rates := range [][]float64{{1000, 900}, {1000, 100}, {10, 1000}, {5, 6}, {1, 2}} {
			t.Run(fmt.Sprintf("%d sharers at %v", owners, rates), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					const calm, long = 10 * time.Second, 22 * time.Second
					pacers := sharers(t, newStore(t), owners, rates[0])
					ctx, cancel := context.WithTimeout(t.Context(), long)
					defer cancel()
					l := &line{start: time.Now()}
					running := send(ctx, l, max(int(min(rates[0], rates[1])*0.02), 1), pacers...)
					running.Go(func() {
						time.Sleep(calm)
						for i := 1; ctx.Err() == nil; i++ {
							time.Sleep(100 * time.Millisecond)
							for _, p := range pacers {
								p.SetRate(rates[i%2])
							}
						}
					})
					running.Wait()
					least := min(rates[0], rates[1])
					if got, want := l.total(calm, long), int(0.9*least*(long-calm).Seconds())-1; got < want {
						t.Errorf("got %d segments in %v, want at least %d", got, long-calm, want)
					}
					if got, most := l.gap(calm, long), time.Duration(1.1*float64(owners)/least*1e9)+300*time.Millisecond; got > most {
						t.Errorf("nothing left for %v, want at most %v", got, most)
					}
					if got, most := l.most(time.Second, 0, long), int(1.02*max(rates[0], rates[1]))+1; got > most {
						t.Errorf("got %d segments in a second, want at most %d", got, most)
					}
				})
			})
		}
	}
}

// gap is the longest time in which nothing left.
func (l *line) gap(from, end time.Duration) (longest time.Duration) {
	l.most(time.Second, 0, end) // sorts
	before := from
	for _, s := range l.sent {
		if s.at < from {
			continue
		}
		longest = max(longest, s.at-before)
		before = s.at
	}
	return max(longest, end-before)
}
