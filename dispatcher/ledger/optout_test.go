package ledger

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

func TestWhoOptsOutIsOfferedNothingFromThenOn(t *testing.T) {
	dir := t.TempDir()
	l := openWith(t, heeding(t, dir))
	ask(t, l, "k", "", 8, 4)
	k := claim(t, l)
	offer(t, l, k, 0)
	hear(t, l, from(0, "TD"), from(1, "退订"), from(5, "T"), from(6, "T恤"))
	// On a page that is claimed: before it is offered.
	if err := l.Offer(k, []uint16{1, 2}, []uint8{1, 1}); !errors.Is(err, ErrOptedOut) {
		t.Fatalf("got %v, want %v", err, ErrOptedOut)
	}
	left, err := l.Waits(k, []uint16{1, 2})
	if err != nil || len(left) != 1 || left[0] != 2 {
		t.Fatalf("got %v, %v, want who is left", left, err)
	}
	// A chunk that was cut before knows it too.
	if err := l.Offer(k, []uint16{1}, []uint8{1}); !errors.Is(err, ErrOptedOut) {
		t.Fatalf("got %v, want %v", err, ErrOptedOut)
	}
	offer(t, l, k, left...)
	settle(t, l, k, taken("r0"), 0)
	settle(t, l, k, taken("r2"), 2)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	// On a page that is not: when it is claimed.
	crash(l)
	l = openWith(t, heeding(t, dir))
	defer l.Close()
	if k = claim(t, l); len(k.Waiting) != 1 || k.Waiting[0] != 3 {
		t.Fatalf("got %v waiting on the first page, want the last of it", k.Waiting)
	}
	k = claim(t, l)
	if len(k.Waiting) != 3 || k.Waiting[1] != 2 {
		t.Fatalf("got %v waiting on the second page, want all but 1", k.Waiting)
	}
	expect(t, l, "k", Recipients{Waiting: 4, Accepted: 2, Cancelled: 2})
	r, err := l.Report(t.Context(), "k")
	if err != nil || r.OptedOut != 2 {
		t.Errorf("got %d opted out, %v, want 2", r.OptedOut, err)
	}
	suppressed, err := l.Suppressed(t.Context())
	if err != nil || !suppressed(first) || !suppressed(first+10) || suppressed(first+12) {
		t.Errorf("the list for later plans is not of those who opted out: %v", err)
	}
	sound(t, l, dir)
	var out strings.Builder
	reader, err := OpenReader(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Export(t.Context(), "k", &out); err != nil || strings.Count(out.String(), ",cancelled,opted_out,") != 2 {
		t.Errorf("got %v\n%s\nwant two cancelled because they opted out", err, out.String())
	}
}

// sound holds a ledger's rows against its recipients.
func sound(t *testing.T, l *Ledger, dir string) {
	t.Helper()
	r, err := OpenReader(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	checked, err := r.Check(context.Background())
	if err != nil || len(checked.Findings) > 0 {
		t.Errorf("got %+v, %v, want no findings", checked, err)
	}
}

func TestWhoIsInDoubtAndOptsOutIsNotSentItAgain(t *testing.T) {
	dir := t.TempDir()
	l := openWith(t, heeding(t, dir))
	defer l.Close()
	c := ask(t, l, "k", "", 4, 4)
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	hear(t, l, from(0, "TD"))
	if n, err := l.Resend(c.ID, 0); err != nil || n != 2 {
		t.Errorf("got %d resent, %v, want 2", n, err)
	}
	hear(t, l, from(1, "TD"))
	if k = claim(t, l); len(k.Waiting) != 2 {
		t.Errorf("got %v waiting, want the last two", k.Waiting)
	}
	expect(t, l, "k", Recipients{InDoubt: 1, Waiting: 2, Cancelled: 1})
	sound(t, l, dir)
}

func TestWhoOptsInAgainIsReachedByLaterCampaigns(t *testing.T) {
	l := openWith(t, heeding(t, t.TempDir()))
	defer l.Close()
	if _, err := l.List(t.Context(), Listing{Numbers: []sms.Number{first + 2}, Who: "li", Why: "a court"}); err != nil {
		t.Fatal(err)
	}
	hear(t, l, from(0, "TD"), from(1, "TD"))
	hear(t, l, from(0, "START"), from(1, "订阅"))
	ask(t, l, "k", "", 3, 3)
	k := claim(t, l)
	if len(k.Waiting) != 2 || k.Waiting[1] != 2 {
		t.Errorf("got %v waiting, want the first, who opted in, and not the second, whom somebody has listed", k.Waiting)
	}
	if n, err := l.List(t.Context(), Listing{Numbers: []sms.Number{first + 2, first + 4}, Off: true, Who: "li", Why: "the court"}); err != nil || n != 1 {
		t.Errorf("got %d changed, %v, want 1", n, err)
	}
	ask(t, l, "k2", "", 3, 3)
	if k = claim(t, l); len(k.Waiting) != 3 {
		t.Errorf("got %v waiting, want all", k.Waiting)
	}
}

func TestAnOverrideReachesWhoOptedOutAndSaysWhoLetIt(t *testing.T) {
	l := openWith(t, heeding(t, t.TempDir()))
	defer l.Close()
	c := ask(t, l, "dam", "the dam has broken", 4, 4)
	hear(t, l, from(0, "TD"))
	if k := claim(t, l); len(k.Waiting) != 4 {
		t.Errorf("got %v waiting, want all", k.Waiting)
	}
	become(t, l, c.ID, Submitted)
	if _, err := l.Do(t.Context(), Command{Key: "dam", Verb: "approve", Who: "wang", Why: "called the engineer"}); err != nil {
		t.Fatal(err)
	}
	r, err := l.Report(t.Context(), "dam")
	if err != nil {
		t.Fatal(err)
	}
	if o := r.Override; o == nil || o.Why != "the dam has broken" || o.By != "wang" || o.At == 0 {
		t.Errorf("got %+v, want who approved it and why", o)
	}
}

func TestAnOptOutIsKnownToEveryProcessOnceItHasLooked(t *testing.T) {
	l := many(t, 2)
	for _, one := range l {
		one.replies.Keywords = campaigns.NewKeywords(nil, nil)
	}
	ask(t, l[0], "k", "", 8, 4)
	sync1(t, l[1])
	k := claim(t, l[0])
	hear(t, l[1], from(0, "TD"), from(1, "TD"))
	hear(t, l[1], from(1, "START"))
	sync1(t, l[0])
	if err := l[0].Offer(k, []uint16{0, 1}, []uint8{1, 1}); !errors.Is(err, ErrOptedOut) {
		t.Fatalf("got %v, want %v", err, ErrOptedOut)
	}
	left, err := l[0].Waits(k, []uint16{0, 1})
	if err != nil || len(left) != 1 || left[0] != 1 {
		t.Fatalf("got %v, %v, want who opted in again", left, err)
	}
	offer(t, l[0], k, 1)
	if _, err := l[0].List(t.Context(), Listing{Numbers: []sms.Number{first}, Off: true, Who: "li", Why: "asked"}); err != nil {
		t.Fatal(err)
	}
	sync1(t, l[1])
	l[1].mu.Lock()
	defer l[1].mu.Unlock()
	if l[1].unwanted.has(first) {
		t.Error("got who was taken off the list by another process still on it")
	}
}

func TestTheListInMemoryIsTheOneThatItsChangesMake(t *testing.T) {
	var u unwanted
	want := map[sms.Number]bool{}
	for i := range 3 * mergeAt {
		n, on := first+sms.Number(i%(2*mergeAt)), i%3 != 0
		u.set([]sms.Number{n}, on)
		want[n] = on
	}
	for n, on := range want {
		if u.has(n) != on {
			t.Fatalf("got %v of a number, want %v", u.has(n), on)
		}
	}
	some := u.between(first+5, first+9)
	for n := first + 5; n <= first+9; n++ {
		if some.has(n) != want[n] {
			t.Errorf("between: got %v, want %v", some.has(n), want[n])
		}
	}
}
