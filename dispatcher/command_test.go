package dispatcher

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
)

// took is how many segments a carrier has taken.
func (w *world) took(carrier string) int {
	n := 0
	for _, e := range w.entries() {
		if e.carrier == carrier {
			n++
		}
	}
	return n
}

// TestWhatIsReroutedByHandLeavesItsCarrierWithinASecond, the rest of the pages at work
// too, though its carrier is well and the other stands in no route.
func TestWhatIsReroutedByHandLeavesItsCarrierWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		well := simulator.Config{Receipts: true, Latency: 20 * time.Millisecond, ReceiptDelay: time.Second}
		w.simulate("mobile", account(1, 10, 10), 100, well)
		w.simulate("spare", account(1, 10, 10), 500, well)
		w.start()
		w.plan(people(3000, "receipts: {wait: 1m}"))
		time.Sleep(5 * time.Second)
		e, err := w.node.ledger.Do(t.Context(), ledger.Command{Key: "mobile", Verb: "reroute", To: "spare", Who: "li", Why: "it is slow"})
		if err != nil || e.Later == 0 || e.Moved+e.Later < 2000 || e.Stay > 0 {
			t.Fatalf("got %+v, %v, want most moved, some of them from a page at work", e, err)
		}
		time.Sleep(time.Second)
		left := w.took("mobile")
		if !w.finish(10 * time.Minute) {
			t.Fatal("it has not ended")
		}
		if got := w.took("mobile"); got != left || left+w.took("spare") != 3000 {
			t.Errorf("got %d taken by the carrier that was left after a second had it taken %d, and %d by the other, want none more", got, left, w.took("spare"))
		}
		if got := w.tally("a").Recipients; got != (ledger.Recipients{Delivered: 3000}) {
			t.Errorf("got %+v, want all delivered", got)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
	})
}

// TestACancelCountsEverybodyWhenItReturns: nobody is sent the message behind its back.
func TestACancelCountsEverybodyWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 10), 200, simulator.Config{Receipts: true, Latency: 20 * time.Millisecond, ReceiptDelay: time.Second})
		w.start()
		w.plan(people(3000, "receipts: {wait: 1m}"))
		time.Sleep(5 * time.Second)
		e, err := w.node.ledger.Do(t.Context(), ledger.Command{Key: "a", Verb: "cancel", Who: "li", Why: "the river fell"})
		if err != nil || e.Prevented+e.Out+e.InDoubt != 3000 || e.Prevented == 0 || e.Out == 0 {
			t.Fatalf("got %+v, %v, want three counts of 3000", e, err)
		}
		time.Sleep(10 * time.Second)
		if got := w.tally("a").Recipients; got.Cancelled != e.Prevented || w.took("mobile") != e.Out {
			t.Errorf("got %+v and %d taken, want it as %+v said", got, w.took("mobile"), e)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
	})
}
