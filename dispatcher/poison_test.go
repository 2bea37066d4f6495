package dispatcher

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/providers"
	"tocsin/providers/simulator"
	"tocsin/providers/sms"
)

// The row 6 of the matrix of faults: what cannot be written or offered costs its
// own recipients and nobody else.

// alter makes the dispatcher write other texts than those that were planned, as a
// program would that reads definitions in another way.
func (w *world) alter(c ledger.Campaign, texts ...campaigns.Text) {
	w.t.Helper()
	o, err := w.node.dispatcher.orders.of(&c)
	if err != nil {
		w.t.Fatal(err)
	}
	d := *o.definition
	d.Texts = texts
	renderer, err := campaigns.NewRenderer(&d, c.Columns)
	if err != nil {
		w.t.Fatal(err)
	}
	o.renderer = renderer
}

func TestARecipientWhoseTextCannotBeWrittenFailsAloneAfterThreeAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 1), 0, simulator.Config{Receipts: true})
		w.start()
		made := w.plan(campaign{key: "a", first: 8613917263544, recipients: 1500, longName: 700, text: "stay"})
		w.alter(made, campaigns.Text{Text: "a!stay ((name))"})
		w.ends(10*time.Minute, ledger.Recipients{Delivered: 1499, Failed: 1})
		failed := 0
		for n, who := range w.export("a") {
			if who.state != "failed" {
				continue
			}
			failed++
			if who.reason != sms.Poison.String() || n != w.planned["a"].recipients[700] {
				t.Errorf("got reason %q, want poison for the one with the long name", who.reason)
			}
		}
		if failed != 1 {
			t.Errorf("got %d failed, want 1", failed)
		}
		w.audit()
	})
}

func TestAPanicWhileWritingTextsTakesNeitherTheProcessNorOtherCampaigns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 1), 0, simulator.Config{})
		w.start()
		made := w.plan(people(1500, "receipts: {wanted: false}\n"))
		w.alter(made) // no text at all: an index out of range
		w.plan(campaign{key: "b", first: 8613517263544, recipients: 100, text: "stay", yaml: "receipts: {wanted: false}"})
		w.finish(10 * time.Minute)
		if got := w.tally("b").Recipients; got != (ledger.Recipients{Accepted: 100}) {
			t.Errorf("got %+v of the other campaign, want all accepted", got)
		}
		w.ends(time.Minute, ledger.Recipients{Failed: 1500})
		w.audit()
	})
}

// touchy is a Provider that panics when it is to send to one number.
type touchy struct {
	providers.Provider
	number sms.Number
}

func (p touchy) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if slices.ContainsFunc(msgs, func(m sms.Message) bool { return m.To == p.number }) {
		panic("provider: internal error: somebody's secret")
	}
	p.Provider.Submit(ctx, msgs, acks)
}

func TestAPanicOfAProviderLeavesOnlyItsChunkInDoubt(t *testing.T) {
	for _, rate := range []float64{0, 500} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			c := w.simulate("mobile", account(1, 10, 1), rate, simulator.Config{})
			c.wrap = func(p providers.Provider) providers.Provider { return touchy{p, 8613917263544 + 7*500} }
			w.start()
			w.plan(people(1500, "receipts: {wanted: false}\nin_doubt: resend\n"))
			w.finish(10 * time.Minute)
			got := w.tally("a").Recipients
			if got.InDoubt < 1 || got.InDoubt > 10 || got.Accepted+got.InDoubt != 1500 {
				t.Errorf("got %+v, want 1 to 10 in doubt and all others accepted", got)
			}
			if w.told("secret") || !w.told("a provider panicked") {
				t.Error("want the log to tell of the panic and not what it said")
			}
			if err := w.stop(); err != nil {
				t.Error(err)
			}
			w.audit()
		})
	}
}
