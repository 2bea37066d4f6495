package dispatcher

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
)

func TestACampaignGoesOutWholeInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 5, 10), 0, simulator.Config{Receipts: true, Latency: 20 * time.Millisecond, ReceiptDelay: 2 * time.Second})
		w.start()
		w.plan(campaign{key: "a", first: 8613917263544, recipients: 2300, dirt: 5, text: "flood", yaml: "receipts: {wait: 1m}"})
		w.finish(10 * time.Minute)
		if got := w.tally("a").Recipients; got != (ledger.Recipients{Delivered: 2300}) {
			t.Errorf("got %+v, want all delivered", got)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
	})
}

// A line that dies with the last segment of an offer: the offer is over and its
// memory used again before another line looks for more to send.
func TestOffersThatEndWithTheirLineAreNotLookedAtAgain(t *testing.T) {
	slow(t)
	for cut := 3; cut < 15; cut++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.simulate("mobile", account(3, 1, 1), 0, simulator.Config{Latency: 5 * time.Millisecond, CutAfter: cut, CutAgain: true})
			w.start()
			c := people(150, "receipts: {wanted: false}\nin_doubt: hold\n")
			c.text, c.longNames = "stay, ((name))", true
			w.plan(c)
			w.finish(time.Hour)
			if err := w.stop(); err != nil {
				t.Error(err)
			}
			w.audit()
		})
	}
}
