package dispatcher

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
)

// occur plans occurrences as the program does.
func (w *world) occur(n *node) Occur {
	return func(ctx context.Context, parent ledger.Campaign, at time.Time) error {
		d, err := campaigns.Parse(parent.Path, []byte(parent.Definition))
		if err != nil {
			return err
		}
		_, err = n.ledger.Occur(ctx, parent, d.Schedule.Recurrence.OccurrenceKey(parent.Key, at), at, func(all campaigns.Earlier, sink campaigns.Sink) (*campaigns.Summary, error) {
			return d.PlanAgain(ctx, campaigns.PlanOptions{Router: routes(w.route), Country: "CN"}, all, sink)
		})
		return err
	}
}

// sentAt are the times at which carriers took messages, each once, to the minute.
func (w *world) sentAt() []string {
	var all []string
	for _, e := range w.entries() {
		all = append(all, e.Time.UTC().Format("01-02 15:04"))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestACampaignIsSentAgainAndAgainToItsAudience(t *testing.T) {
	slow(t)
	synctest.Test(t, func(t *testing.T) { // it begins on 2000-01-01 00:00 UTC
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 10), 0, simulator.Config{})
		w.start()
		c := w.plan(people(30, `receipts: {wanted: false}
schedule: {every: "*/20 * * * *", zone: UTC, lasts: 10m, tolerance: 5m}`))
		const period = 20 * time.Minute
		time.Sleep(2*period + period/2) // two times
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(period) // nobody is there at the third
		w.start()
		time.Sleep(period) // one time
		w.setState(c.ID, ledger.Paused)
		time.Sleep(period) // none
		w.setState(c.ID, ledger.Approved)
		time.Sleep(period) // one
		if got, want := w.sentAt(), []string{"01-01 00:20", "01-01 00:40", "01-01 01:20", "01-01 02:00"}; !slices.Equal(got, want) {
			t.Errorf("got messages at %v, want %v", got, want)
		}
		if n := len(w.entries()); n != 4*30 {
			t.Errorf("got %d messages, want four times everybody", n)
		}
		r, err := w.node.ledger.Report(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"a-20000101-0020", "a-20000101-0040", "a-20000101-0120", "a-20000101-0200"}; !slices.Equal(r.Occurrences, want) || r.Missed != 2 {
			t.Errorf("got the times %v, %d missed, want %v and two missed", r.Occurrences, r.Missed, want)
		}
		if r.State != ledger.Scheduled || r.Recipients.Waiting != 30 || !strings.Contains(r.Note, "the next time is 2000-01-01 02:20 UTC; 2 were missed") {
			t.Errorf("got %+v, want it to wait for the next time", r)
		}
		one, err := w.node.ledger.Report(t.Context(), "a-20000101-0040")
		if err != nil || one.OccurrenceOf != "a" || one.State != ledger.Finished || one.Recipients.Accepted != 30 {
			t.Errorf("got %+v, %v, want it finished", one, err)
		}
		if _, err := w.node.ledger.Do(t.Context(), ledger.Command{Key: "a", Verb: "cancel", Who: "li", Why: "the heat is over"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * period)
		if n := len(w.entries()); n != 4*30 {
			t.Errorf("got %d messages after it was cancelled, want no more", n)
		}
		w.end()
	})
}

// end stops the node and holds the books against each other, without a look at who got
// how many messages.
func (w *world) end() {
	w.t.Helper()
	if err := w.stop(); err != nil {
		w.t.Error(err)
	}
	w.checkBalance()
}

func TestATimeThatIsPlannedTwiceIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 10), 0, simulator.Config{})
		w.start()
		c := w.plan(people(30, "receipts: {wanted: false}\nschedule: {every: \"10 0 * * *\", zone: UTC, until: 2000-01-01 00:10}"))
		// As if this process had died between the plan and the note of it.
		at := time.Date(2000, 1, 1, 0, 10, 0, 0, time.UTC)
		if err := w.occur(w.node)(t.Context(), c, at); err != nil {
			t.Fatal(err)
		}
		if err := w.occur(w.node)(t.Context(), c, at); !errors.Is(err, ledger.ErrKnown) {
			t.Errorf("got %v, want %v", err, ledger.ErrKnown)
		}
		time.Sleep(20 * time.Minute)
		if n := len(w.entries()); n != 30 {
			t.Errorf("got %d messages, want one for each", n)
		}
		if got := w.state("a"); got != ledger.Finished {
			t.Errorf("got the campaign %s, want it finished: it has no time left", got)
		}
		w.end()
	})
}

func TestATimeThatLastsTooShortExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 10), 10, simulator.Config{})
		w.start()
		w.plan(people(1000, "receipts: {wanted: false}\nschedule: {every: \"10 * * * *\", zone: UTC, lasts: 1m}"))
		time.Sleep(20 * time.Minute)
		r, err := w.node.ledger.Report(t.Context(), "a-20000101-0010")
		if err != nil || r.Recipients.Accepted < 500 || r.Recipients.Accepted > 620 || r.Recipients.Expired+r.Recipients.Accepted != 1000 {
			t.Errorf("got %+v, %v, want a minute's worth accepted and the others expired", r, err)
		}
		w.end()
	})
}
