package dispatcher

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
)

// TestManyCampaignsLeaveNothingBehind: goroutines and descriptors are as many after many
// campaigns as after a few.
func TestManyCampaignsLeaveNothingBehind(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 40
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 0, simulator.Config{Receipts: true, LoseReceipts: 0.1, CutAfter: 100, CutAgain: true})
		w.start()
		count := func() (goroutines, descriptors int) {
			synctest.Wait()
			runtime.GC()
			open, err := os.ReadDir("/proc/self/fd")
			if err != nil {
				t.Skip("there is no /proc here")
			}
			return runtime.NumGoroutine(), len(open)
		}
		var goroutines, descriptors int
		for n := range rounds {
			c := people(40, "receipts: {wait: 1s}\nin_doubt: hold\n")
			c.key, c.first = fmt.Sprintf("k%d", n), 8613800000000+uint64(n)*1000
			w.plan(c)
			w.until("it is over", time.Minute, func() bool { return w.state(c.key) == ledger.Finished })
			if n == 10 {
				goroutines, descriptors = count()
			}
		}
		g, d := count()
		if g > goroutines+10 || d > descriptors+5 {
			t.Errorf("got %d goroutines and %d descriptors after %d campaigns, %d and %d after ten", g, d, rounds, goroutines, descriptors)
		}
		w.end()
	})
}
