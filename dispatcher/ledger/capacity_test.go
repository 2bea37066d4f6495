package ledger

import (
	"errors"
	"testing"
	"time"

	"tocsin/providers/sms"
)

func TestWhatACarrierTookIsKeptByTheHourSmoothedAndForgotten(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	took := func(want int) {
		t.Helper()
		if got, err := l.Capacity(t.Context(), "a"); err != nil || got != want {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
	}
	took(0)
	for _, c := range []struct{ sample, want int }{{1000, 1000}, {500, 850}, {0, 596}} {
		if err := l.Measured("a", c.sample); err != nil {
			t.Fatal(err)
		}
		took(c.want)
	}
	if got, err := l.Capacity(t.Context(), "b"); err != nil || got != 0 {
		t.Errorf("got %d, %v of another provider, want 0", got, err)
	}
	// A sample of another day is replaced, and one of another hour is none of now.
	if err := l.commit(func(c *commit) error {
		c.do(`UPDATE provider_hour SET at = at - $1`, (24 * time.Hour).Milliseconds())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Measured("a", 700); err != nil {
		t.Fatal(err)
	}
	took(700)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openWith(t, o) // another process
	took(700)
	if err := l.commit(func(c *commit) error {
		c.do(`UPDATE provider_hour SET hour = (hour + 1) % 24`)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	took(0)
	if err := l.Measured("a", 300); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := r.Standings(t.Context(), []string{"a", "b"})
	if err != nil || len(all) != 2 || len(all[0].Hours) != 2 || len(all[1].Hours) != 0 {
		t.Errorf("got %+v, %v, want two hours of a", all, err)
	}
	if err := l.Unmeasured("a"); err != nil {
		t.Fatal(err)
	}
	took(0)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestHowLinesStandIsSaidUntilTheProcessEnds(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lines := func() []LineState {
		t.Helper()
		all, err := r.Standings(t.Context(), []string{"a"})
		if err != nil || len(all) != 1 {
			t.Fatalf("got %+v, %v", all, err)
		}
		return all[0].Lines
	}
	if got := lines(); len(got) != 0 {
		t.Errorf("got %+v before anything was said", got)
	}
	for _, s := range []string{LineDown, LineUp, LineIll, LineStopped} {
		if err := l.NoteLines([]LineState{{Provider: "a", State: s, Fault: "why\x00"}}); err != nil {
			t.Fatal(err)
		}
		got := lines()
		if len(got) != 1 || got[0].State != s || got[0].Fault != "why\uFFFD" || got[0].Since == 0 {
			t.Errorf("got %+v, want one that is %s", got, s)
		}
		standing := Standing{Lines: got}
		if up, said := standing.Up(); !said || up != (s == LineUp) {
			t.Errorf("a line that is %s: got up %v, %v", s, up, said)
		}
	}
	if l.shared { // who is gone is not asked; a ledger in a file has no other process
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	} else {
		crash(l)
		l = openWith(t, o)
		if got := lines(); len(got) != 0 {
			t.Errorf("got %+v of a process that was killed", got)
		}
		if err := l.NoteLines([]LineState{{Provider: "a", State: LineUp}}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := lines(); len(got) != 0 {
		t.Errorf("got %+v after the process has ended", got)
	}
}

func TestOnlyWhoWaitsGoesToTheFallbackAndTheReportSaysWhoWentBefore(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	plan(t, l, "k", 10, 10)
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2, 3)
	settle(t, l, k, taken("A1", "A2"), 0, 1) // two more are in doubt
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	b := func(name string) bool { return name == "b" }
	pages, people, err := l.Reroute("a", func(route sms.Route, class sms.Class) bool {
		if route != "a,b" || class != sms.Routine {
			t.Errorf("asked for route %q and class %v", route, class)
		}
		return false
	}, b)
	if err != nil || pages+people != 0 {
		t.Errorf("got %d pages and %d people moved against the policy, %v", pages, people, err)
	}
	if pages, people, err = l.Reroute("a", anywhere, b); err != nil || pages != 1 || people != 6 {
		t.Errorf("got %d pages and %d people moved, %v, want 1 and 6", pages, people, err)
	}
	expect(t, l, "k", Recipients{Waiting: 6, Accepted: 2, InDoubt: 2})
	tasks := l.Ready("b", sms.Routine, 1)
	if len(tasks) != 1 {
		t.Fatalf("got %+v, want the page", tasks)
	}
	if k, err = l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch); err != nil || len(k.Waiting) != 6 || k.Waiting[0] != 4 {
		t.Fatalf("got %+v, %v, want the six who wait", k, err)
	}
	// The first provider's receipt settles the doubt of who stayed.
	if got := receive(t, l, 2, "A3", sms.Delivered); got.Delivered != 1 {
		t.Errorf("got %+v, want the doubt settled", got)
	}
	r, err := l.Report(t.Context(), "k")
	if err != nil || len(r.Moved) != 1 || r.Moved[0] != (Hop{From: "a", To: "b", Recipients: 6, Stayed: 4}) {
		t.Errorf("got %+v, %v, want six moved and four who stayed", r.Moved, err)
	}
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAHigherClassPressesUntilTheLastIsAnswered(t *testing.T) {
	l := open(t, t.TempDir())
	defer func() { l.Close() }()
	presses := func(want sms.Class, wantOK bool) {
		t.Helper()
		if got, ok := l.Pressing("a"); got != want || ok != wantOK {
			t.Errorf("got %v, %v, want %v, %v", got, ok, want, wantOK)
		}
	}
	presses(0, false)
	plan(t, l, "r", 4, 4)
	presses(sms.Routine, true)
	urgent := plan(t, l, "u", 2, 2)
	l.mu.Lock()
	for _, k := range l.campaigns {
		if k.ID == urgent.ID {
			k.Class = sms.Urgent
		}
	}
	l.mu.Unlock()
	presses(sms.Urgent, true)
	tasks := l.Ready("a", sms.Urgent, 1)
	if len(tasks) != 1 || l.ClassOf(tasks[0].Page) != sms.Urgent {
		t.Fatalf("got %+v", tasks)
	}
	k, err := l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch)
	if err != nil {
		t.Fatal(err)
	}
	presses(sms.Routine, true) // held, and put off for all we know
	offer(t, l, k, 0, 1)
	presses(sms.Urgent, true) // on its way
	settle(t, l, k, taken("A", "B"), 0, 1)
	presses(sms.Routine, true)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Do(t.Context(), Command{Key: "a", Verb: "disable", Who: "li", Why: "test"}); err != nil {
		t.Fatal(err)
	}
	presses(0, false)
}

func TestALedgerWhoseMakingWasCutShortIsNoneToRead(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openWith(t, o)
	if err := l.commit(func(c *commit) error {
		c.do(`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	crash(l)
	if r, err := OpenReader(o); !errors.Is(err, ErrNoLedger) {
		t.Errorf("got %v, %v, want %v", r, err, ErrNoLedger)
	}
}

func TestProcessesLearnTogetherWhatACarrierTakes(t *testing.T) {
	l := many(t, 2)
	for i, sample := range []int{800, 600} {
		if err := l[i].Measured("a", sample); err != nil {
			t.Fatal(err)
		}
	}
	for i := range l {
		if got, err := l[i].Capacity(t.Context(), "a"); err != nil || got != 740 {
			t.Errorf("process %d: got %d, %v, want 740: seven tenths of the first sample, three of the second", i, got, err)
		}
	}
}
