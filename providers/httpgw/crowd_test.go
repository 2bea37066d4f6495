package httpgw

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers/sms"
)

func TestWhoComesToAFullHouseWaitsInLine(t *testing.T) {
	for _, tt := range []struct {
		name   string
		then   func(c *crowd, stop context.CancelFunc)
		in     bool
		within time.Duration
	}{
		{"somebody leaves", func(c *crowd, _ context.CancelFunc) { c.leave() }, true, time.Second},
		{"nobody leaves", func(*crowd, context.CancelFunc) {}, false, linePatience + time.Second},
		{"the caller hangs up", func(_ *crowd, stop context.CancelFunc) { stop() }, false, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				c := newCrowd()
				for range mostInside {
					if !c.enter(ctx) {
						t.Fatal("sent away from a house that is not full")
					}
				}
				start, in := time.Now(), make(chan bool)
				go func() { in <- c.enter(ctx) }()
				synctest.Wait()
				time.Sleep(time.Second / 2)
				tt.then(c, stop)
				if got := <-in; got != tt.in || time.Since(start) > tt.within {
					t.Errorf("got in: %v after %v, want %v within %v", got, time.Since(start), tt.in, tt.within)
				}
				if got := len(c.all); got != mostInside {
					t.Errorf("got %d inside and in line, want %d", got, mostInside)
				}
			})
		})
	}
}

func TestALineThatIsTooLongSendsAwayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		c := newCrowd()
		var waiting sync.WaitGroup
		for range mostInside + mostInLine {
			waiting.Go(func() { c.enter(ctx) })
		}
		synctest.Wait()
		start := time.Now()
		if c.enter(ctx) || time.Since(start) != 0 {
			t.Errorf("got in, or waited %v", time.Since(start))
		}
		stop()
		waiting.Wait()
	})
}

// A carrier that calls for hundreds of receipts at a time, and asks for none again, loses
// none of them.
func TestACrowdOfCallersIsServedWhole(t *testing.T) {
	const callers = 4 * mostInside
	d := &desk{}
	full, open := make(chan struct{}, callers), make(chan struct{})
	address := calledBy(t, func(receipts []sms.Receipt, incoming []sms.Incoming) error {
		full <- struct{}{}
		<-open
		return d.receive(receipts, incoming)
	}, nil)
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if status, said := post(t, address+"/receipts?key=back", "application/json", `{"list":[{"to":"13800138000","id":"1","state":"DELIVRD"}]}`, nil); status != http.StatusOK {
				t.Errorf("got %d %s", status, said)
			}
		})
	}
	for range mostInside {
		<-full
	}
	close(open)
	all.Wait()
	if got := d.has(); got != callers {
		t.Errorf("got %d receipts, want %d", got, callers)
	}
}
