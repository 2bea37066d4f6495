package ledger

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tocsin/providers/sms"
)

func TestCommandsFitTheStateOrChangeNothing(t *testing.T) {
	allowed := map[string]string{ // by state
		Submitted: "approve cancel", Approved: "pause cancel resend leave mark", Scheduled: "pause cancel resend leave mark",
		Running: "pause cancel resend leave mark", Paused: "resume cancel resend leave mark", Finished: "resend leave mark", Cancelled: "mark",
	}
	o := options(t, t.TempDir())
	l := openWith(t, o)
	plan(t, l, "k", 4, 4)
	c, err := l.Campaign("k")
	if err != nil {
		t.Fatal(err)
	}
	given := 0
	for state, verbsOf := range allowed {
		for _, verb := range []string{"approve", "pause", "resume", "cancel", "resend", "leave", "mark"} {
			become(t, l, c.ID, state)
			_, err := l.Do(t.Context(), Command{Key: "k", Verb: verb, Who: "li", Why: "test", As: "failed"})
			got, _ := l.Campaign("k")
			switch {
			case slices.Contains(strings.Fields(verbsOf), verb):
				given++
				if err != nil {
					t.Errorf("%s of a campaign that is %s: got %v, want none", verb, state, err)
				}
			case !errors.Is(err, ErrNotAllowed) || got.State != state:
				t.Errorf("%s of a campaign that is %s: got %v and %s, want %v and nothing changed", verb, state, err, got.State, ErrNotAllowed)
			}
		}
	}
	if _, err := l.Do(t.Context(), Command{Key: "other", Verb: "pause", Who: "li", Why: "test"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v for a campaign that is not there, want %v", err, ErrNotFound)
	}
	l.Close()
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := r.Commands(t.Context(), "k")
	if err != nil || len(all) != given || all[0].Who != "li" || all[0].Why != "test" || all[0].At == 0 {
		t.Errorf("got %d commands written down, %v, want %d with who, why and when", len(all), err, given)
	}
}

func TestAResendTakesDoubtBackOnceAndReopensAFinishedCampaign(t *testing.T) {
	l := open(t, t.TempDir())
	defer func() { l.Close() }()
	plan(t, l, "k", 4, 4)
	k := claim(t, l)
	offer(t, l, k, 0, 1)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	c, err := l.Campaign("k")
	if err != nil {
		t.Fatal(err)
	}
	become(t, l, c.ID, Finished)
	e, err := l.Do(t.Context(), Command{Key: "k", Verb: "resend", Who: "li", Why: "nobody answered"})
	if err != nil || e.Prevented != 2 || e.State != Approved {
		t.Errorf("got %+v, %v, want two sent again by a campaign that goes on", e, err)
	}
	if got, _ := l.Campaign("k"); got.Finished != 0 {
		t.Error("a campaign that goes on has an end")
	}
	become(t, l, c.ID, Running)
	k = claim(t, l)
	offer(t, l, k, 0)
	settle(t, l, k, []sms.Ack{{Outcome: sms.Unknown}}, 0)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	if e, err := l.Do(t.Context(), Command{Key: "k", Verb: "resend", Who: "li", Why: "again"}); err != nil || e.Prevented != 0 {
		t.Errorf("got %+v, %v, want nobody sent a third time", e, err)
	}
}

func TestATestOfAProviderIsWrittenDownAndChangesNothing(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	if _, err := l.Do(t.Context(), Command{Key: "mobile", Verb: "drain", Who: "wang", Why: "the carrier asks"}); err != nil {
		t.Fatal(err)
	}
	before := l.Provider("mobile")
	e, err := l.Do(t.Context(), Command{Key: "mobile", Verb: "test", Who: "li", Why: "about to send"})
	if err != nil || e.State != Draining || l.Provider("mobile") != before {
		t.Errorf("got %+v, %v and %+v, want it draining as before", e, err, l.Provider("mobile"))
	}
	if _, err := l.Do(t.Context(), Command{Verb: "test", Who: "li", Why: "about to send"}); !errors.Is(err, ErrIncomplete) {
		t.Errorf("got %v for no provider, want %v", err, ErrIncomplete)
	}
	l.Close()
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := r.Commands(t.Context(), "mobile")
	if err != nil || len(all) != 2 || all[1].Verb != "test" || all[1].Who != "li" || all[1].Why != "about to send" {
		t.Errorf("got %+v, %v, want it written down", all, err)
	}
}
