package dispatcher

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
)

// What operators and other campaigns do to a campaign under way: the rows 7, 54
// to 57 of the matrix of faults.

func TestACancelledCampaignStopsWithinASecondAndTheRestIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 200, simulator.Config{Latency: 100 * time.Millisecond})
		w.start()
		c := w.plan(people(2500, "receipts: {wanted: false}\nin_doubt: hold\n"))
		time.Sleep(5 * time.Second)
		w.setState(c.ID, ledger.Cancelled)
		cancelled := time.Now()
		w.until("nobody waits or is offered", 10*time.Second, func() bool {
			got := w.tally("a")
			return got.Waiting+got.Offered == 0
		})
		got := w.tally("a").Recipients
		if got.Accepted < 500 || got.Accepted > 1500 || got.Accepted+got.Cancelled != 2500 {
			t.Errorf("got %+v, want some 1000 accepted and all others cancelled", got)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
		all := w.entries()
		// Nothing is offered any more, but what is, a second's worth, leaves.
		if late := all[len(all)-1].Time.Sub(cancelled); late > 1100*time.Millisecond {
			t.Errorf("somebody was sent to %v after the campaign was cancelled, want 1.1s at most", late)
		}
	})
}

func TestAPausedCampaignGoesOnAfterTwoHours(t *testing.T) {
	slow(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 200, simulator.Config{Latency: 100 * time.Millisecond})
		w.start()
		c := w.plan(people(2500, "receipts: {wanted: false}\nin_doubt: hold\n"))
		time.Sleep(5 * time.Second)
		w.setState(c.ID, ledger.Paused)
		paused := time.Now()
		time.Sleep(10 * time.Second)
		before := w.tally("a").Recipients
		time.Sleep(2*time.Hour - 10*time.Second)
		if got := w.tally("a").Recipients; got != before || got.Offered != 0 {
			t.Errorf("got %+v after two hours of pause, want %+v as after ten seconds", got, before)
		}
		w.setState(c.ID, ledger.Running)
		w.ends(time.Minute, ledger.Recipients{Accepted: 2500})
		w.audit()
		for _, e := range w.entries() {
			if d := e.Time.Sub(paused); d > 1100*time.Millisecond && d < 2*time.Hour {
				t.Fatalf("somebody was sent to %v into the pause", d)
			}
		}
	})
}

func TestWhoWaitsThroughAPauseBeyondTheCampaignsTimeExpires(t *testing.T) {
	slow(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 200, simulator.Config{Latency: 100 * time.Millisecond})
		w.start()
		p := people(2500, "receipts: {wanted: false}\nin_doubt: hold\n")
		p.expires = time.Now().Add(time.Hour)
		c := w.plan(p)
		time.Sleep(5 * time.Second)
		w.setState(c.ID, ledger.Paused)
		time.Sleep(2 * time.Hour)
		w.setState(c.ID, ledger.Running)
		w.finish(time.Minute)
		if got := w.tally("a").Recipients; got.Expired < 1000 || got.Expired+got.Accepted != 2500 {
			t.Errorf("got %+v, want some 1500 expired and all others accepted", got)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
	})
}

// Whatever the shape of the line and the rate, an emergency does not wait for
// what a routine campaign has offered.
func TestAnEmergencysFirstMessageLeavesWithinASecond(t *testing.T) {
	for _, c := range []struct {
		name                       string
		connections, window, batch int
		rate                       float64
		latency                    time.Duration
		text                       string
	}{
		{"a fast line with batches", 2, 10, 100, 3000, 20 * time.Millisecond, "stay"},
		{"a slow line with a large window and batches", 2, 10, 100, 100, 20 * time.Millisecond, "stay"},
		{"a slow line with a large window, one by one", 4, 128, 1, 100, 20 * time.Millisecond, "((name)), stay"},
		{"a slow line with slow answers", 2, 100, 1, 200, 700 * time.Millisecond, "stay"},
		{"no rate but the window's", 1, 10, 1, 0, 200 * time.Millisecond, "stay"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.simulate("mobile", account(c.connections, c.window, c.batch), c.rate, simulator.Config{Latency: c.latency})
				w.start()
				routine := people(20_000, "class: routine\nreceipts: {wanted: false}\n")
				routine.text = c.text
				r := w.plan(routine)
				time.Sleep(4 * time.Second)
				before := w.tally("a")
				if before.Waiting == 0 {
					t.Fatalf("got %+v, want the routine campaign under way", before.Recipients)
				}
				planned := time.Now()
				w.plan(campaign{key: "b", first: 8613517263544, recipients: 30, text: "leave the house", yaml: "class: emergency\nreceipts: {wanted: false}\n"})
				w.until("the emergency is out", time.Minute, func() bool { return w.tally("b").Accepted == 30 })
				w.setState(r.ID, ledger.Cancelled)
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				for _, e := range w.entries() {
					if e.Text == "b!leave the house" {
						if d := e.Time.Sub(planned); d > time.Second {
							t.Errorf("the emergency's first message left after %v, want a second at most", d)
						}
						break
					}
				}
				w.auditRates(w.entries())
			})
		})
	}
}

func TestAllCarriersDownForAnHourLosesNobody(t *testing.T) {
	slow(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, name := range []string{"mobile", "spare"} {
			w.simulate(name, account(2, 10, 10), 200, simulator.Config{Latency: 100 * time.Millisecond, Receipts: true})
		}
		w.route = func(uint64) string { return "mobile,spare" }
		w.start()
		w.plan(people(2500, "in_doubt: hold\n"))
		time.Sleep(5 * time.Second)
		for _, c := range w.carriers {
			c.network.setDown(true)
		}
		time.Sleep(time.Hour)
		if got := w.tally("a"); got.Offered != 0 || got.Imbalance != 0 || got.Waiting == 0 {
			t.Errorf("got %+v after an hour without carriers, want nobody offered", got)
		}
		for _, c := range w.carriers {
			c.network.setDown(false)
		}
		w.finish(3 * time.Hour)
		got := w.tally("a").Recipients
		if got.Delivered+got.InDoubt != 2500 || got.InDoubt > 400 {
			t.Errorf("got %+v, want all delivered but a window in doubt", got)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
	})
}

func TestTheEndOfTheProcessLeavesNothingInDoubtWithinThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 300, simulator.Config{Latency: 300 * time.Millisecond, Receipts: true, ReceiptDelay: time.Second})
		w.start()
		w.plan(people(5000, "in_doubt: hold\nreceipts: {wait: 1m}\n"))
		for range 5 {
			time.Sleep(2 * time.Second)
			asked := time.Now()
			if err := w.stop(); err != nil {
				t.Error(err)
			}
			if took := time.Since(asked); took > 30*time.Second {
				t.Errorf("the end took %v, want 30 s at most", took)
			}
			w.start()
			if got := w.tally("a"); got.InDoubt+got.Offered != 0 || got.Imbalance != 0 {
				t.Errorf("got %+v after an orderly end, want nobody in doubt", got.Recipients)
			}
		}
		w.ends(time.Hour, ledger.Recipients{Delivered: 5000})
		w.audit()
	})
}

func TestTheEndOfTheProcessDoesNotWaitForACarrierThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 0, simulator.Config{Silent: 1})
		w.carriers[0].config.ResponseTimeout = time.Minute
		w.start()
		w.plan(people(1000, "in_doubt: hold\n"))
		time.Sleep(2 * time.Second)
		asked := time.Now()
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(asked); took > time.Minute {
			t.Errorf("the end took %v, want a minute at most", took)
		}
		w.start()
		if got := w.tally("a"); got.InDoubt != 200 || got.Waiting != 800 {
			t.Errorf("got %+v, want the window of 200 in doubt and all others waiting", got.Recipients)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
	})
}
