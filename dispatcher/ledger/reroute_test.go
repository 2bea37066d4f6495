package ledger

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"tocsin/providers/sms"
)

// byProvider holds the report's lines by provider against want, and their sum against its
// whole.
func byProvider(t *testing.T, o Options, key string, want map[string]Recipients) {
	t.Helper()
	reader, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r, err := reader.Report(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, n := range r.Providers {
		sum += n.Sum()
	}
	if !maps.Equal(r.Providers, want) || sum != r.Planned {
		t.Errorf("got %+v, %d in all, want %+v of %d", r.Providers, sum, want, r.Planned)
	}
}

// through are the export's lines of recipients, each as provider and state.
func through(t *testing.T, o Options, key string) string {
	t.Helper()
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if err := r.Export(t.Context(), key, &b); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n")[1:] {
		cells := strings.Split(line, ",")
		all = append(all, cells[4]+" "+cells[1])
	}
	return strings.Join(all, ", ")
}

func reroute(to string) Command {
	return Command{Key: "a", Verb: "reroute", Who: "li", Why: "the carrier is slow", To: to}
}

func TestWhoWaitsIsReroutedByHandAndWhoWasOfferedStays(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	plan(t, l, "k", 6, 3)
	k := claim(t, l)
	offer(t, l, k, 0, 1)
	settle(t, l, k, taken("A1"), 0)
	if err := l.Release(k); err != nil { // recipient 1 is in doubt, 2 waits
		t.Fatal(err)
	}
	e, err := l.Do(t.Context(), reroute("c"))
	if err != nil || e.Moved != 4 || e.Later+e.Stay != 0 {
		t.Fatalf("got %+v, %v, want the four who wait moved", e, err)
	}
	crash(l)
	want := "a accepted, a in_doubt, c waiting, c waiting, c waiting, c waiting"
	if got := through(t, o, "k"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	byProvider(t, o, "k", map[string]Recipients{"a": {Accepted: 1, InDoubt: 1}, "c": {Waiting: 4}})
	l = openWith(t, o)
	defer l.Close()
	if tasks := l.Ready("a", sms.Routine, 9); len(tasks) != 0 {
		t.Errorf("got %+v for the provider that was left", tasks)
	}
	tasks := l.Ready("c", sms.Routine, 9)
	if len(tasks) != 2 {
		t.Fatalf("got %+v for the other, want both pages", tasks)
	}
	k, err = l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch)
	if err != nil {
		t.Fatal(err)
	}
	offer(t, l, k, 2)
	settle(t, l, k, taken("C1"), 2)
	// The receipts of both find their recipients, also of the one whose answer never came.
	for _, r := range []struct {
		provider, ref string
		index         int
	}{{"a", "A1", 0}, {"a", "A2", 1}, {"c", "C1", 2}} {
		if _, err := l.Receive(r.provider, []sms.Receipt{{To: first + sms.Number(2*r.index), Ref: []byte(r.ref), State: sms.Delivered}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, l, "k", Recipients{Waiting: 3, Delivered: 3})
	if got, want := through(t, o, "k"), "a delivered, a delivered, c delivered, c waiting, c waiting, c waiting"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	byProvider(t, o, "k", map[string]Recipients{"a": {Delivered: 2}, "c": {Delivered: 1, Waiting: 3}})
}

func TestThePageOfAWorkerIsReroutedWhenItComesBack(t *testing.T) {
	for name, end := range map[string]func(l *Ledger, k *Claim) error{
		"given back":           func(l *Ledger, k *Claim) error { return l.Release(k) },
		"its process has died": nil,
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, t.TempDir())
			l := openWith(t, o)
			defer func() { l.Close() }()
			plan(t, l, "k", 4, 4)
			k := claim(t, l)
			offer(t, l, k, 0, 1)
			e, err := l.Do(t.Context(), reroute(""))
			if err != nil || e.Later != 2 || e.Moved+e.Stay != 0 {
				t.Fatalf("got %+v, %v, want two who move later", e, err)
			}
			if err := l.Offer(k, []uint16{2}, []uint8{1}); !errors.Is(err, ErrTaken) {
				t.Errorf("got %v from an offer of who is to be moved, want %v", err, ErrTaken)
			}
			settle(t, l, k, taken("A1"), 0) // what was offered is settled as ever
			if end == nil {
				crash(l)
				l = openWith(t, o)
			} else if err := end(l, k); err != nil {
				t.Fatal(err)
			}
			if len(l.Ready("a", sms.Routine, 9)) != 0 || len(l.Ready("b", sms.Routine, 9)) != 1 {
				t.Error("the page has not gone to the fall-back")
			}
			if got, want := through(t, o, "k"), "a accepted, a in_doubt, b waiting, b waiting"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestAReroutingThatCannotBeChangesNothing(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "k", 4, 4)
	done := plan(t, l, "done", 1, 1)
	become(t, l, done.ID, Finished)
	for _, name := range []string{"b", "d"} {
		if _, err := l.Do(t.Context(), Command{Key: name, Verb: "disable", Who: "li", Why: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	among := reroute("e")
	among.Among = []string{"a", "b"}
	of := func(campaign string) Command {
		c := reroute("c")
		c.Campaign = campaign
		return c
	}
	for name, tt := range map[string]struct {
		command Command
		want    error
	}{
		"to a provider that is disabled":         {reroute("d"), ErrNotAllowed},
		"to one that there is not":               {among, ErrNoProvider},
		"to itself":                              {reroute("a"), ErrIncomplete},
		"no fall-back is enabled":                {reroute(""), ErrNotAllowed},
		"of a campaign that is not there":        {of("other"), ErrNotFound},
		"of a campaign in which nobody can wait": {of("done"), ErrNotAllowed},
	} {
		if _, err := l.Do(t.Context(), tt.command); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	if len(l.Ready("a", sms.Routine, 9)) != 1 {
		t.Error("what was refused has moved a page")
	}
	if e, err := l.Do(context.Background(), of("k")); err != nil || e.Moved != 4 {
		t.Errorf("got %+v, %v, want the campaign's four moved", e, err)
	}
}

// TestNothingIsOfferedBehindAnothersBack: once the command has been given, on whatever
// machine, the worker that holds the page offers nothing more through the old provider.
func TestNothingIsOfferedBehindAnothersBack(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	defer l.Close()
	other := l
	if l.shared {
		visitor := o
		visitor.Visitor = true
		other = openWith(t, visitor)
		defer other.Close()
	}
	plan(t, l, "k", 4, 2)
	k := claim(t, l)
	offer(t, l, k, 0)
	e, err := other.Do(t.Context(), reroute("c"))
	if err != nil || e.Later != 1 || e.Moved != 2 {
		t.Fatalf("got %+v, %v, want one later and two moved", e, err)
	}
	if err := l.Offer(k, []uint16{1}, []uint8{1}); !errors.Is(err, ErrTaken) {
		t.Errorf("got %v, want %v", err, ErrTaken)
	}
	settle(t, l, k, taken("A"), 0)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := through(t, o, "k"), "a accepted, c waiting, c waiting, c waiting"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := len(l.Ready("c", sms.Routine, 9)); n != 2 {
		t.Errorf("got %d pages ready for the other, want 2", n)
	}
}
