package dispatcher

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
	"tocsin/providers/smpp"
)

// taken counts, by campaign, what carriers took from one time to before another.
func (w *world) taken(from, to time.Time) map[string]int {
	w.t.Helper()
	n := map[string]int{}
	for _, e := range w.entries() {
		if !e.Time.Before(from) && e.Time.Before(to) {
			key, _, _ := strings.Cut(e.Text, "!")
			n[key]++
		}
	}
	return n
}

// span is when the first and the last of a campaign were taken.
func (w *world) span(mark string) (first, last time.Time) {
	w.t.Helper()
	for _, e := range w.entries() {
		if strings.HasPrefix(e.Text, mark+"!") {
			if first.IsZero() {
				first = e.Time
			}
			last = e.Time
		}
	}
	return first, last
}

func TestAnEmergencyHasTheWholeRateUntilItIsThrough(t *testing.T) {
	const measured = 8 * time.Second // many chunks, whose answers come together
	for _, c := range []struct {
		name                       string
		connections, window, batch int
		rate, floor                float64
		latency                    time.Duration
	}{
		{"one by one", 2, 50, 1, 200, 0, 50 * time.Millisecond},
		{"batches, and a floor that is off", 2, 10, 100, 1000, 0.05, 20 * time.Millisecond},
		{"slow answers", 2, 200, 1, 200, 0.05, 700 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.simulate("mobile", account(c.connections, c.window, c.batch), c.rate, simulator.Config{Latency: c.latency}).floor = c.floor
				w.start()
				routine := people(30*int(c.rate), "class: routine\nreceipts: {wanted: false}\n")
				r := w.plan(routine)
				time.Sleep(2*time.Second + measured)
				begun := time.Now()
				people := int(10 * c.rate) // three pages at least: some are held by workers, some wait
				w.plan(campaign{key: "b", first: 8613517263544, recipients: people, text: "leave the house", yaml: "class: emergency\nreceipts: {wanted: false}\n"})
				w.until("the emergency is out", time.Minute, func() bool { return w.tally("b").Accepted == people })
				time.Sleep(10 * time.Second)
				w.setState(r.ID, ledger.Cancelled)
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				first, last := w.span("b")
				if d := first.Sub(begun); d > time.Second {
					t.Errorf("the first left after %v, want a second at most", d)
				}
				// What was offered before, a second's worth, leaves; then nothing of the routine one.
				settled := begun.Add(2 * time.Second)
				if n := w.taken(settled, last)["a"]; n != 0 {
					t.Errorf("got %d routine messages while the emergency had people waiting, want none", n)
				}
				// Slow answers are slow for all: the line as it was before is the measure.
				alone := float64(w.taken(begun.Add(-measured), begun)["a"]) / measured.Seconds()
				if got := float64(w.taken(settled, last)["b"]) / last.Sub(settled).Seconds(); got < 0.97*alone || alone < 0.7*c.rate {
					t.Errorf("the emergency had %.0f segments/s, want the %.0f that the routine one had before it", got, alone)
				}
				if n := w.taken(last, last.Add(8*time.Second))["a"]; n == 0 {
					t.Error("the routine campaign did not go on within 8 s")
				}
				w.auditRates(w.entries())
			})
		})
	}
}

func TestARoutineLaneKeepsItsFloorBesideAnUrgentOneAndLosesItToAnEmergency(t *testing.T) {
	slow(t)
	for _, c := range []struct {
		floor, rate float64
		batch       int
		least, most float64 // share of the rate that the routine one gets
	}{
		{0, 400, 1, 0, 0},
		{0.05, 400, 1, 0.03, 0.055},
		{0.05, 2000, 10, 0.03, 0.055},
		{0.25, 400, 1, 0.2, 0.26},
	} {
		t.Run(fmt.Sprintf("floor %v of %v", c.floor, c.rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.simulate("mobile", account(2, 50, c.batch), c.rate, simulator.Config{Latency: 30 * time.Millisecond}).floor = c.floor
				w.start()
				routine := w.plan(people(20*int(c.rate), "class: routine\nreceipts: {wanted: false}\n"))
				urgent := w.plan(campaign{key: "b", first: 8613517263544, recipients: 60 * int(c.rate), text: "close the windows", yaml: "class: urgent\nreceipts: {wanted: false}\n"})
				time.Sleep(10 * time.Second)
				from := time.Now()
				time.Sleep(20 * time.Second)
				emergency := time.Now()
				w.plan(campaign{key: "c", first: 8613617263544, recipients: 15 * int(c.rate), text: "leave the house", yaml: "class: emergency\nreceipts: {wanted: false}\n"})
				time.Sleep(20 * time.Second)
				w.setState(routine.ID, ledger.Cancelled)
				w.setState(urgent.ID, ledger.Cancelled)
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				beside := w.taken(from, emergency)
				if got := float64(beside["a"]) / 20 / c.rate; got < c.least || got > c.most {
					t.Errorf("the routine lane had %.3f of the rate, want %.3f to %.3f", got, c.least, c.most)
				}
				if all := float64(beside["a"]+beside["b"]) / 20 / c.rate; all < 0.97 {
					t.Errorf("both lanes together had %.3f of the rate, want all of it", all)
				}
				_, last := w.span("c")
				if during := w.taken(emergency.Add(2*time.Second), last); during["a"]+during["b"] != 0 {
					t.Errorf("got %d routine and %d urgent messages during an emergency, want none", during["a"], during["b"])
				}
				w.auditRates(w.entries())
			})
		})
	}
}

// The promise, at its size: 900,000 routine recipients in flight at 3,000 segments/s,
// and an emergency that is approved.
func TestBeside900000AnEmergencysFirstLeavesWithinASecondOfItsApprovalAndTheEndMoves(t *testing.T) {
	if testing.Short() {
		t.Skip("it plans 900,000 recipients")
	}
	synctest.Test(t, func(t *testing.T) {
		const rate, crowd, few = 3000, 900_000, 30_000
		w := newWorld(t)
		w.simulate("mobile", account(4, 100, 100), rate, simulator.Config{Latency: 30 * time.Millisecond}).floor = 0.05
		w.start()
		w.plan(people(crowd, "class: routine\nreceipts: {wanted: false}\n"))
		w.planAs(campaign{key: "b", first: 8615017263544, recipients: few, text: "leave the house", yaml: "class: emergency\nreceipts: {wanted: false}\n"}, ledger.Submitted)
		time.Sleep(3 * time.Second)
		if got := w.tally("a"); got.Sum() != crowd || got.Accepted < rate || got.Waiting < crowd-5*rate {
			t.Fatalf("got %+v, want 900,000 with some seconds' worth sent", got.Recipients)
		}
		end := func() time.Time {
			r, err := ledger.OpenReader(ledger.Options{Dir: w.dir})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			report, err := r.Report(context.Background(), "a")
			if err != nil {
				t.Fatal(err)
			}
			f, err := r.Finish(context.Background(), report, map[string]ledger.Pace{"mobile": {Rate: rate, Floor: 0.05}})
			if err != nil {
				t.Fatal(err)
			}
			return f.At
		}
		before := end()
		approved := time.Now()
		if _, err := w.node.ledger.Do(context.Background(), ledger.Command{Key: "b", Verb: "approve", Who: "li", Why: "test"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		// Overtaken by 30,000 at 3,000 a second.
		if moved := end().Sub(before); moved < 9*time.Second || moved > 12*time.Second {
			t.Errorf("the routine campaign's end moved by %v, want some 10 s", moved)
		}
		w.until("the emergency is out", time.Minute, func() bool { return w.tally("b").Accepted == few })
		if took := time.Since(approved); took > 12*time.Second {
			t.Errorf("the emergency took %v, want 10 s and little more", took)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		first, last := w.span("b")
		if d := first.Sub(approved); d > time.Second {
			t.Errorf("the first left %v after the approval, want a second at most", d)
		}
		if n := w.taken(approved.Add(2*time.Second), last)["a"]; n != 0 {
			t.Errorf("got %d routine messages meanwhile, want none", n)
		}
		w.auditRates(w.entries())
	})
}

// A few of an emergency whom the carrier puts off for ever do not keep all others from
// it, and another emergency does not wait for them.
func TestAFewWhomTheCarrierNeverTakesDoNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		w.script("mobile", account(1, 10, 1), 100, func(conn net.Conn) {
			s := newScripted(conn)
			s.talk(func(h smpp.Header, to string) bool {
				if strings.HasPrefix(to, "86135") {
					s.refuse(h, 0x08)
					return true
				}
				id, _ := shelf.take(to)
				s.taken(h, id)
				return true
			})
		})
		w.start()
		w.plan(campaign{key: "b", first: 8613517263544, recipients: 3, text: "leave the house", yaml: "class: emergency\nreceipts: {wanted: false}\n"})
		time.Sleep(30 * time.Second)
		begun := time.Now()
		w.plan(campaign{key: "c", first: 8613617263544, recipients: 50, text: "leave the house", yaml: "class: emergency\nreceipts: {wanted: false}\n"})
		w.until("the second emergency is out", time.Minute, func() bool { return w.tally("c").Accepted == 50 })
		if d := shelf.times[0].Sub(begun); d > 1500*time.Millisecond {
			t.Errorf("the second emergency's first left after %v, want a trial's time at most", d)
		}
		w.plan(people(3000, "class: routine\nreceipts: {wanted: false}\n"))
		// 30 s at the whole rate.
		w.until("the routine campaign is out", 5*time.Minute, func() bool { return w.tally("a").Accepted == 3000 })
		if got := w.tally("b"); got.Waiting+got.Offered != 3 {
			t.Errorf("got %+v, want the three still tried", got.Recipients)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}
