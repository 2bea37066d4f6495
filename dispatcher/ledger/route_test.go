package ledger

import (
	"fmt"
	"testing"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// alike are accounts whose names stand in one another: each with one whose name it does
// not contain, as a control.
var alike = []struct{ page, other string }{
	{"mobile-b", "mobile"},    // prefix
	{"my-mobile", "mobile"},   // suffix
	{"my-mobile-b", "mobile"}, // infix
	{"mobile", "mob"},
	{"mobile", "bile"},
	{"mobile", "mobile-b"},
	{"mobile", "my-mobile"},
	{"mobile.1", "mobile"},
	{"backup,mobile-b", "mobile"},
	{"mobile-b,backup", "mobile"},
	{"a,mobile-b,c", "mobile"},
	{"a,b", "a,b"}, // no account has such a name
	{"mobile-b", ""},
	{"mobile-b", "telecom"},
}

// on stores a campaign of one recipient whose page has the route, offers the recipient
// and settles it with the carrier's answer.
func on(t *testing.T, l *Ledger, key string, route sms.Route, ack sms.Ack) {
	t.Helper()
	c, err := l.Plan(t.Context(), Draft{Key: key, Title: "Test", Class: sms.Routine, Hash: key}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		b := &campaigns.Batch{Route: route, Numbers: []sms.Number{first}, Lines: []uint32{2}, Segments: 1}
		return &campaigns.Summary{Rows: 1, Planned: 1}, s.AddBatch(b)
	})
	if err != nil {
		t.Fatal(err)
	}
	become(t, l, c.ID, Running)
	tasks := l.Ready(route.First(), sms.Routine, 1)
	if len(tasks) != 1 {
		t.Fatalf("got no page of %s for %s", key, route.First())
	}
	k, err := l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch)
	if err != nil {
		t.Fatal(err)
	}
	offer(t, l, k, 0)
	settle(t, l, k, []sms.Ack{ack}, 0)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
}

// tell receives one receipt for the recipient.
func tell(t *testing.T, l *Ledger, provider, ref string) {
	t.Helper()
	if _, err := l.Receive(provider, []sms.Receipt{{To: first, Ref: []byte(ref), State: sms.Delivered}}, nil); err != nil {
		t.Fatal(err)
	}
}

// A2, 1: the receipt is no word about a page of another account.
func TestAReceiptOfAnAccountSettlesNobodyOfOneWhoseNameContainsIt(t *testing.T) {
	for _, c := range alike {
		t.Run(fmt.Sprintf("%s hears %s", c.page, c.other), func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			route := sms.Route(c.page)
			on(t, l, "k", route, sms.Ack{Outcome: sms.Unknown})
			tell(t, l, c.other, "foreign")
			expect(t, l, "k", Recipients{InDoubt: 1})
			crash(l)
			l = open(t, dir)
			defer l.Close()
			expect(t, l, "k", Recipients{InDoubt: 1})
			for name := range route.Names() { // any account of the route may tell
				tell(t, l, name, "own")
				break
			}
			expect(t, l, "k", Recipients{Delivered: 1})
		})
	}
}

// A2, 1: every account of a route is heard, not the first alone.
func TestAReceiptOfEveryAccountOfTheRouteIsHeard(t *testing.T) {
	for _, provider := range []string{"mob", "mobile", "mobile-b"} {
		t.Run(provider, func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			on(t, l, "k", "mob,mobile,mobile-b", sms.Ack{Outcome: sms.Unknown})
			tell(t, l, provider, "own")
			expect(t, l, "k", Recipients{Delivered: 1})
		})
	}
}

// A2, 2: the same number in two campaigns, in doubt in one and accepted in a batch in the
// other, whose receipt names another reference of the batch.
func TestAReceiptIsNotAmbiguousForAnAccountWhoseNameContainsIts(t *testing.T) {
	for _, c := range alike[:len(alike)-3] {
		t.Run(fmt.Sprintf("%s beside %s", c.page, c.other), func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			on(t, l, "a", sms.Route(c.page), sms.Ack{Outcome: sms.Unknown})
			on(t, l, "b", sms.Route(c.other), sms.Ack{
				Outcome: sms.Taken, Done: 1, Batch: true, Refs: sms.AppendRef(nil, []byte("first of the batch")),
			})
			expect(t, l, "b", Recipients{Accepted: 1})
			tell(t, l, c.other, "second of the batch")
			expect(t, l, "b", Recipients{Delivered: 1})
			expect(t, l, "a", Recipients{InDoubt: 1})
			if n := l.Orphans(); n != 0 {
				t.Errorf("got %d orphans, want none", n)
			}
		})
	}
}

// Who waits goes to another account of the route by its whole name, and the page's own
// place in the route is found by it.
func TestARerouteTellsAccountsApartByWholeNames(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	defer l.Close()
	_, err := l.Plan(t.Context(), Draft{Key: "k", Title: "Test", Class: sms.Routine, Hash: "k"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		b := &campaigns.Batch{Route: "mobile-b,mobile", Numbers: []sms.Number{first, first + 2}, Lines: []uint32{2, 3}, Segments: 2}
		return &campaigns.Summary{Rows: 2, Planned: 2}, s.AddBatch(b)
	})
	if err != nil {
		t.Fatal(err)
	}
	become(t, l, 1, Running)
	k, err := l.Claim(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	offer(t, l, k, 0)
	settle(t, l, k, taken("B1"), 0)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	move := func(from, to string) {
		t.Helper()
		d := Command{Key: from, Verb: "reroute", Who: "li", Why: "slow", To: to}
		if e, err := l.Do(t.Context(), d); err != nil || e.Moved != 1 {
			t.Fatalf("got %+v, %v, want the one who waits moved", e, err)
		}
	}
	move("mobile-b", "") // to the next of the route
	byProvider(t, o, "k", map[string]Recipients{"mobile-b": {Accepted: 1}, "mobile": {Waiting: 1}})
	move("mobile", "mob") // it is not of the route yet, though its name is in both
	byProvider(t, o, "k", map[string]Recipients{"mobile-b": {Accepted: 1}, "mob": {Waiting: 1}})
	tasks := l.Ready("mob", sms.Routine, 1)
	if len(tasks) != 1 {
		t.Fatal("got no page for the account that it went to")
	}
	if k, err = l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch); err != nil {
		t.Fatal(err)
	}
	offer(t, l, k, 1)
	settle(t, l, k, []sms.Ack{{Outcome: sms.Unknown}}, 1)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Receive("mob", []sms.Receipt{{To: first + 2, Ref: []byte("M1"), State: sms.Delivered}}, nil); err != nil {
		t.Fatal(err)
	}
	byProvider(t, o, "k", map[string]Recipients{"mobile-b": {Accepted: 1}, "mob": {Delivered: 1}})
}

// A name with a comma would be two accounts of a route.
func TestAnAccountWhoseNameHasACommaIsGivenNothing(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "k", 2, 2)
	if e, err := l.Do(t.Context(), reroute("b,c")); err == nil {
		t.Errorf("got %+v, want it refused", e)
	}
	expect(t, l, "k", Recipients{Waiting: 2})
}
