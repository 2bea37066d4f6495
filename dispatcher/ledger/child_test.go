package ledger

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// again plans what it is given, all on one page.
func again(_ Campaign, e campaigns.Earlier, s campaigns.Sink) (*campaigns.Summary, error) {
	b := &campaigns.Batch{Route: "b"}
	for _, some := range e.Batches {
		b.Numbers, b.Lines = append(b.Numbers, some.Numbers...), append(b.Lines, some.Lines...)
	}
	n := len(b.Numbers)
	return &campaigns.Summary{Rows: n, Planned: n, Excluded: map[string]int{}, Columns: e.Columns}, s.AddBatch(b)
}

// spread plans a campaign of seven on one page and takes each recipient to another
// state: 0 and 1 failed, 2 delivered, 3 accepted, 4 in doubt, 5 and 6 wait.
func spread(t *testing.T, l *Ledger, key string) Campaign {
	t.Helper()
	c := plan(t, l, key, 7, 7)
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2, 3, 4)
	acks := append([]sms.Ack{{Outcome: sms.Refused, Reason: sms.Blocked}, {Outcome: sms.Refused, Reason: sms.Blocked}}, taken("2", "3")...)
	settle(t, l, k, append(acks, sms.Ack{Outcome: sms.Unknown}), 0, 1, 2, 3, 4)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	receive(t, l, 2, "2", sms.Delivered)
	return c
}

var retryOf = func(key string) Command { return Command{Key: key, Verb: "retry", Who: "li", Why: "they asked"} }

func TestARetryHasTheFailedAlone(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	c := spread(t, l, "k")
	if _, err := l.Retry(t.Context(), retryOf("k"), again); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("got %v for a campaign that runs, want %v", err, ErrNotAllowed)
	}
	if _, err := l.Do(t.Context(), Command{Key: "k", Verb: "cancel", Who: "li", Why: "enough"}); err != nil {
		t.Fatal(err)
	}
	child, err := l.Retry(t.Context(), retryOf("k"), again)
	if err != nil {
		t.Fatal(err)
	}
	if child.Key != "k-retry-1" || child.RetryOf != "k" || child.State != Submitted || child.Planned != 2 || child.Title != c.Title {
		t.Errorf("got %+v, want a submitted child of two", child)
	}
	page := l.campaignOf(child.ID).pages[0]
	if err := l.load(page); err != nil {
		t.Fatal(err)
	}
	if page.numbers[0] != first || page.numbers[1] != first+2 {
		t.Errorf("got %d recipients, want those who failed", page.size)
	}
	if lines, _, err := page.fieldsOf(t.Context(), &l.contents); err != nil || lines[0] != 2 || lines[1] != 3 {
		t.Errorf("got lines %v, %v, want those of the file", lines, err)
	}
	parent, err := l.Report(t.Context(), "k")
	if err != nil || len(parent.Retries) != 1 || parent.Retries[0] != "k-retry-1" {
		t.Errorf("got %+v, %v, want the parent's child named", parent, err)
	}
	if own, err := l.Report(t.Context(), "k-retry-1"); err != nil || own.RetryOf != "k" {
		t.Errorf("got %+v, %v, want the child's parent named", own, err)
	}
	if _, err := l.Retry(t.Context(), retryOf("k"), again); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("got %v beside a child that is not over, want %v", err, ErrNotAllowed)
	}
}

func TestALaterRetryLeavesOutWhomAnEarlierOneHasReached(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	spread(t, l, "k")
	over := func(key string) {
		t.Helper()
		if _, err := l.Do(t.Context(), Command{Key: key, Verb: "cancel", Who: "li", Why: "enough"}); err != nil {
			t.Fatal(err)
		}
	}
	over("k")
	child, err := l.Retry(t.Context(), retryOf("k"), again)
	if err != nil {
		t.Fatal(err)
	}
	become(t, l, child.ID, Running)
	tasks := l.Ready("b", sms.Routine, 1)
	k, err := l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch)
	if err != nil {
		t.Fatal(err)
	}
	offer(t, l, k, 0, 1)
	settle(t, l, k, append(taken("x"), sms.Ack{Outcome: sms.Refused}), 0, 1)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	over("k-retry-1")
	crash(l)
	l = open(t, dir)
	defer l.Close()
	for _, c := range []struct{ of, key string }{{"k", "k-retry-2"}, {"k-retry-1", "k-retry-1-retry-1"}} {
		made, err := l.Retry(t.Context(), retryOf(c.of), again)
		if err != nil || made.Key != c.key || made.Planned != 1 || made.RetryOf != c.of {
			t.Errorf("got %+v, %v, want %s for the one who has failed twice", made, err, c.key)
		}
		if _, err := l.Retry(t.Context(), retryOf("k-retry-1"), again); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("got %v while another of the family is open, want %v", err, ErrNotAllowed)
		}
		over(c.key)
	}
}

func TestARetryOfNobodyLeavesNothingBehind(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	c := plan(t, l, "k", 2, 2)
	become(t, l, c.ID, Finished)
	for name, tt := range map[string]struct {
		command Command
		make    func(Campaign, campaigns.Earlier, campaigns.Sink) (*campaigns.Summary, error)
		want    error
	}{
		"nobody has failed":         {retryOf("k"), again, ErrNobodyFailed},
		"there is no such campaign": {retryOf("other"), again, ErrNotFound},
		"nobody says who and why":   {Command{Key: "k"}, again, ErrIncomplete},
	} {
		if _, err := l.Retry(t.Context(), tt.command, tt.make); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	if all := l.Campaigns(); len(all) != 1 {
		t.Errorf("got %d campaigns, want no child", len(all))
	}
}

func TestOfRetriesAtOnceOneIsMade(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	defer l.Close()
	spread(t, l, "k")
	if _, err := l.Do(t.Context(), Command{Key: "k", Verb: "cancel", Who: "li", Why: "enough"}); err != nil {
		t.Fatal(err)
	}
	two := []*Ledger{l, l}
	if l.shared { // from two machines
		o.Visitor = true
		two[1] = openWith(t, o)
		defer two[1].Close()
	}
	const n = 4
	errs := make(chan error, n)
	for i := range n {
		go func() {
			_, err := two[i%2].Retry(context.Background(), retryOf("k"), again)
			errs <- err
		}()
	}
	made := 0
	for range n {
		switch err := <-errs; {
		case err == nil:
			made++
		case !errors.Is(err, ErrNotAllowed):
			t.Error(err)
		}
	}
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if made != 1 || len(l.Campaigns()) != 2 {
		t.Errorf("got %d children, want 1", made)
	}
}

func TestDoubtIsMarkedByHandAndALaterReceiptIsHeard(t *testing.T) {
	for _, as := range []sms.State{sms.Accepted, sms.Delivered, sms.Failed} {
		t.Run(as.String(), func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			plan(t, l, "k", 3, 3)
			k := claim(t, l)
			offer(t, l, k, 0, 1)
			settle(t, l, k, []sms.Ack{{Outcome: sms.Unknown}}, 0)
			if err := l.Release(k); err != nil {
				t.Fatal(err)
			}
			mark := Command{Key: "k", Verb: "mark", Who: "li", Why: "the carrier's list", As: as.String(), Provider: "b"}
			if e, err := l.Do(t.Context(), mark); err != nil || e.Marked != 0 {
				t.Errorf("got %+v, %v, want nobody of another provider", e, err)
			}
			mark.Provider = "a"
			e, err := l.Do(t.Context(), mark)
			if err != nil || e.Marked != 2 || e.State != Running {
				t.Errorf("got %+v, %v, want two marked", e, err)
			}
			crash(l)
			l = open(t, dir)
			defer l.Close()
			want := map[sms.State]Recipients{sms.Accepted: {Waiting: 1, Accepted: 2}, sms.Delivered: {Waiting: 1, Delivered: 2}, sms.Failed: {Waiting: 1, Failed: 2}}[as]
			expect(t, l, "k", want)
			segments := map[sms.State]int{sms.Accepted: 2, sms.Delivered: 2}[as]
			if r, err := l.Report(t.Context(), "k"); err != nil || r.Segments != segments {
				t.Errorf("got %d segments, %v, want %d", r.Segments, err, segments)
			}
			receive(t, l, 0, "late", sms.Delivered) // settles who is accepted, contradicts nobody
			if as == sms.Accepted {
				want.Accepted, want.Delivered = 1, 1
			}
			expect(t, l, "k", want)
		})
	}
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "k", 1, 1)
	for _, as := range []string{"", "waiting", "expired", "in_doubt", "lost"} {
		if _, err := l.Do(t.Context(), Command{Key: "k", Verb: "mark", Who: "li", Why: "test", As: as}); !errors.Is(err, ErrIncomplete) {
			t.Errorf("as %q: got %v, want %v", as, err, ErrIncomplete)
		}
	}
}

func TestCommandsAreKeptByTheCampaignsOrTheProvidersName(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	plan(t, l, "k", 4, 4)
	c := reroute("c")
	c.Campaign = "k"
	mark := Command{Key: "k", Verb: "mark", Who: "li", Why: "test", As: "failed", Provider: "a"}
	for _, d := range []Command{c, mark} {
		if _, err := l.Do(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, name := range []string{"k", "a"} {
		all, err := r.Commands(t.Context(), name)
		if err != nil || len(all) != 2 {
			t.Fatalf("%s: got %d commands, %v, want 2", name, len(all), err)
		}
		said := map[string]bool{}
		for _, g := range all {
			said[fmt.Sprint(g.Key, " ", g.Verb, " by ", g.Who)] = true
		}
		if !said["k reroute by li"] || !said["k mark failed by li"] {
			t.Errorf("%s: got %v", name, said)
		}
	}
}
