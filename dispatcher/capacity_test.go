package dispatcher

import (
	"testing"
	"time"
)

func TestAMeterSeesWhatWasTakenInTheSecondBeforeAComplaint(t *testing.T) {
	for _, c := range []struct {
		name string
		took []int64 // in each tenth of a second
		rate float64
		want float64
		ok   bool
	}{
		{"kept busy", []int64{9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, 100, 100, true},
		{"only the last second counts", []int64{500, 500, 500, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, 100, 100, true},
		{"a second less one tenth", []int64{10, 10, 10, 10, 0, 10, 10, 10, 10, 10, 10}, 100, 90, true},
		{"it had not begun a second ago", []int64{10, 10, 10, 10, 10}, 100, 0, false},
		{"idle for half of it", []int64{10, 10, 10, 10, 10, 10, 0, 0, 0, 0, 0, 10}, 100, 0, false},
		{"a slow line takes one now and then", []int64{0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, 2, 2, true},
		{"nothing was taken", []int64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m meter
			now, sum, cuts := time.Unix(0, 0), int64(0), int64(0)
			for i, n := range c.took {
				now, sum = now.Add(meterEvery), sum+n
				if i == len(c.took)-1 {
					cuts++
				}
				got, complained, ok := m.look(now, sum, cuts, c.rate)
				if complained != (cuts > 0) {
					t.Errorf("look %d: got a complaint: %v", i, complained)
				}
				if i == len(c.took)-1 && (got != c.want || ok != c.ok) {
					t.Errorf("got %v, %v, want %v, %v", got, ok, c.want, c.ok)
				}
			}
		})
	}
}
