package ledger

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// many are the ledgers of n processes over one database; one over a file is alone.
func many(t *testing.T, n int) []*Ledger {
	t.Helper()
	dir := t.TempDir()
	if options(t, dir).URL == "" {
		t.Skip("about several processes: see TestEverythingHoldsOnPostgreSQL")
	}
	all := make([]*Ledger, n)
	for i := range all {
		all[i] = open(t, dir)
		t.Cleanup(func() { all[i].Close() })
	}
	return all
}

func sync1(t *testing.T, l *Ledger) {
	t.Helper()
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatOneProcessPlansTheOthersSee(t *testing.T) {
	l := many(t, 2)
	c := plan(t, l[0], "k", 10, 4)
	sync1(t, l[1])
	got, err := l[1].Campaign("k")
	if err != nil || got.State != Running || len(l[1].Ready("a", sms.Routine, 10)) != 3 {
		t.Fatalf("got %+v, %v with %d pages ready, want it running with 3", got, err, len(l[1].Ready("a", sms.Routine, 10)))
	}
	become(t, l[1], c.ID, Paused)
	sync1(t, l[0])
	if got := l[0].Ready("a", sms.Routine, 10); len(got) != 0 {
		t.Errorf("got %d pages ready of a campaign that another process has paused, want none", len(got))
	}
}

func TestWhatAnotherProcessHasMadeOfACampaignStays(t *testing.T) {
	l := many(t, 2)
	c := plan(t, l[0], "k", 10, 4)
	sync1(t, l[1])
	become(t, l[1], c.ID, Paused)
	// The first has not looked since.
	if done, err := l[0].SetState(c.ID, Running, Finished); done || err != nil {
		t.Errorf("got it finished: %v, %v", done, err)
	}
	if done, err := l[0].Hold(c.ID, Running, "late"); done || err != nil {
		t.Errorf("got it held: %v, %v", done, err)
	}
	for i := range l {
		sync1(t, l[i])
		if got, err := l[i].Campaign("k"); err != nil || got.State != Paused || got.Finished != 0 || got.Note != "" {
			t.Errorf("process %d: got %+v, %v, want it paused", i, got, err)
		}
	}
}

func TestALookThatWasOvertakenByACommitChangesNothing(t *testing.T) {
	l := many(t, 1)[0]
	c := plan(t, l, "k", 10, 4)
	before := l.lives
	old, err := l.readLives(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	become(t, l, c.ID, Paused)
	if _, ok := l.overtake(before, old); ok {
		t.Error("an old look was taken for a new one")
	}
	if _, ok := l.overtake(l.lives+1, old); ok {
		t.Error("a look was taken while a transaction was under way")
	}
	if got, err := l.Campaign("k"); err != nil || got.State != Paused {
		t.Errorf("got %+v, %v, want it paused", got, err)
	}
	if _, ok := l.overtake(l.lives, old); !ok {
		t.Error("a look between two transactions was not taken")
	}
}

func TestACampaignIsPlannedOnceByWhoeverIsFirst(t *testing.T) {
	l := many(t, 2)
	plan(t, l[0], "k", 10, 4)
	// The second has not looked since.
	_, err := l[1].Plan(t.Context(), Draft{Key: "k", Title: "Test", Hash: "h"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		return nil, s.AddBatch(&campaigns.Batch{Route: "a", Numbers: []sms.Number{first}, Lines: []uint32{1}})
	})
	if !errors.Is(err, ErrKnown) {
		t.Errorf("got %v, want %v", err, ErrKnown)
	}
	sync1(t, l[1])
	if got, err := l[1].Campaign("k"); err != nil || got.Planned != 10 {
		t.Errorf("got %+v, %v, want the first one's plan", got, err)
	}
}

func TestOfManyProcessesThatClaimAPageOneGetsIt(t *testing.T) {
	const processes, pages = 4, 60
	l := many(t, processes)
	plan(t, l[0], "k", pages, 1)
	for _, one := range l[1:] {
		sync1(t, one)
	}
	var mu sync.Mutex
	won := map[int64]int{}
	var all sync.WaitGroup
	for _, one := range l {
		all.Go(func() {
			for _, task := range one.Ready("a", sms.Routine, pages) {
				_, err := one.Claim(t.Context(), task.Page, task.Epoch)
				switch {
				case err == nil:
					mu.Lock()
					won[task.Page]++
					mu.Unlock()
				case !errors.Is(err, ErrTaken):
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for page, n := range won {
		if n != 1 {
			t.Errorf("page %d was claimed by %d processes, want 1", page, n)
		}
	}
	if len(won) != pages {
		t.Errorf("got %d pages claimed, want %d", len(won), pages)
	}
}

func TestAReceiptFindsItsPageThroughAnyProcess(t *testing.T) {
	l := many(t, 2)
	plan(t, l[0], "k", 4, 4)
	k, err := l[0].Claim(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint16(2) {
		if err := l[0].Offer(k, []uint16{i}, []uint8{1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l[0].Settle(k, []uint16{0}, taken("r0")); err != nil {
		t.Fatal(err)
	}
	sync1(t, l[1])
	// One is accepted; the other is offered, and its answer comes behind its receipt.
	got, err := l[1].Receive("a", []sms.Receipt{
		{To: first, Ref: []byte("r0"), State: sms.Delivered}, {To: first + 2, Ref: []byte("r1"), State: sms.Delivered},
	}, nil)
	if err != nil || got.Delivered != 2 {
		t.Fatalf("got %+v, %v, want two delivered", got, err)
	}
	if err := l[0].Settle(k, []uint16{1}, taken("r1")); err != nil {
		t.Fatal(err)
	}
	if err := l[0].Offer(k, []uint16{2}, []uint8{1}); err != nil {
		t.Fatal(err)
	}
	if err := l[0].Release(k); err != nil {
		t.Fatal(err)
	}
	for i, one := range l {
		r, err := one.Report(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		if want := (Recipients{Waiting: 1, InDoubt: 1, Delivered: 2}); r.Recipients != want || !r.Balanced || r.Segments != 2 {
			t.Errorf("process %d: got %+v balanced %v, %d segments, want %+v", i, r.Recipients, r.Balanced, r.Segments, want)
		}
	}
}

// A process takes a receipt before the answer that it belongs to, and ends: another settles
// it, and not only one that starts later.
func TestAReceiptThatAnEndedProcessHadParkedIsSettledByAnother(t *testing.T) {
	l := many(t, 2)
	plan(t, l[0], "k", 1, 1)
	k, err := l[0].Claim(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l[0].Offer(k, []uint16{0}, []uint8{2}); err != nil {
		t.Fatal(err)
	}
	sync1(t, l[1])
	var refs sms.Refs
	for _, ref := range []string{"A", "B"} { // which segment each means, the answer says
		receive(t, l[1], 0, ref, sms.Delivered)
		refs = sms.AppendRef(refs, []byte(ref))
	}
	if n := l[1].Orphans(); n != 2 {
		t.Fatalf("got %d receipts parked, want 2", n)
	}
	look := func() {
		t.Helper()
		if err := errors.Join(l[0].beat(t.Context()), l[0].takeParked(t.Context()), l[0].Tidy()); err != nil {
			t.Fatal(err)
		}
	}
	look() // both are at work
	if err := l[1].Close(); err != nil {
		t.Fatal(err)
	}
	if err := l[0].Settle(k, []uint16{0}, []sms.Ack{{Outcome: sms.Taken, Done: 3, Refs: refs}}); err != nil {
		t.Fatal(err)
	}
	expect(t, l[0], "k", Recipients{Accepted: 1})
	look()
	expect(t, l[0], "k", Recipients{Delivered: 1})
	if n := l[0].Orphans(); n != 0 {
		t.Errorf("got %d receipts without a recipient, want none", n)
	}
}

func TestThePagesOfAProcessThatIsGoneGoToAnotherAndItsWordsCountNoMore(t *testing.T) {
	l := many(t, 2)
	plan(t, l[0], "k", 4, 4)
	k, err := l[0].Claim(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l[0].Offer(k, []uint16{0, 1}, []uint8{1, 1}); err != nil {
		t.Fatal(err)
	}
	if err := l[1].takeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l[1].Claim(t.Context(), 1, k.Epoch); !errors.Is(err, ErrTaken) {
		t.Errorf("got %v for a page of a process that lives, want %v", err, ErrTaken)
	}
	// Ten seconds of silence.
	if _, err := l[0].db.Exec(`UPDATE owner SET beat = beat - 11000 WHERE id = $1`, l[0].owner); err != nil {
		t.Fatal(err)
	}
	if err := l[1].takeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := l[1].Claim(t.Context(), 1, k.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	if want := []uint16{2, 3}; !slices.Equal(other.Waiting, want) {
		t.Errorf("got %v waiting, want %v: the others are in doubt", other.Waiting, want)
	}
	for name, err := range map[string]error{
		"offer": l[0].Offer(k, []uint16{2}, []uint8{1}), "settle": l[0].Settle(k, []uint16{0}, taken("r")), "release": l[0].Release(k),
	} {
		if !errors.Is(err, ErrStale) {
			t.Errorf("%s by who was taken for gone: got %v, want %v", name, err, ErrStale)
		}
	}
	r, err := l[0].Report(t.Context(), "k")
	if want := (Recipients{Waiting: 2, InDoubt: 2}); err != nil || r.Recipients != want {
		t.Errorf("got %+v, %v, want %+v", r.Recipients, err, want)
	}
}

func TestOneProcessLeadsAndAnotherWhenItHasGone(t *testing.T) {
	l := many(t, 2)
	if !l[0].Leads() || l[1].Leads() {
		t.Fatalf("got %v and %v, want the first to lead", l[0].Leads(), l[1].Leads())
	}
	if err := l[0].leave(); err != nil {
		t.Fatal(err)
	}
	if err := l[1].beat(t.Context()); err != nil || !l[1].Leads() {
		t.Errorf("got %v, leads %v, want the second to lead", err, l[1].Leads())
	}
}

// TestAReceiptFindsAPageThatAnotherProcessIsWriting: what is known here of the page
// is older than what the database has.
func TestAReceiptFindsAPageThatAnotherProcessIsWriting(t *testing.T) {
	l := many(t, 2)
	plan(t, l[0], "k", 4, 4)
	k := claim(t, l[0])
	offer(t, l[0], k, 0, 1)
	sync1(t, l[1])
	settle(t, l[0], k, []sms.Ack{{Outcome: sms.Taken, Refs: sms.AppendRef(nil, []byte("x"))}}, 0)
	got, err := l[1].Receive("a", []sms.Receipt{{Ref: []byte("x"), To: first, State: sms.Delivered}}, nil)
	if err != nil || got.Delivered != 1 {
		t.Fatalf("got %+v, %v, want it delivered", got, err)
	}
	settle(t, l[0], k, []sms.Ack{{Outcome: sms.Taken, Refs: sms.AppendRef(nil, []byte("y"))}}, 1)
	if n, err := l[1].Resend(k.Campaign.ID, 0); err != nil || n != 0 {
		t.Errorf("got %d, %v for a campaign that another process is sending, want nobody resent", n, err)
	}
	sync1(t, l[0])
	if got := l[0].Tally(k.Campaign.ID); got.Delivered != 1 || got.Accepted != 1 || got.Waiting != 2 {
		t.Errorf("got %+v, want one delivered, one accepted and two waiting", got.Recipients)
	}
}

// TestAProcessThatWasSilentForTooLongSendsNothingMore: it was stopped, and is woken
// while the database is well.
func TestAProcessThatWasSilentForTooLongSendsNothingMore(t *testing.T) {
	l := many(t, 2)
	plan(t, l[0], "k", 4, 4)
	k := claim(t, l[0])
	offer(t, l[0], k, 0)
	l[0].confirm(time.Now().Add(-silentFor))
	if err := l[0].Offer(k, []uint16{1}, []uint8{1}); !errors.Is(err, errSilent) {
		t.Errorf("offer: got %v, want %v", err, errSilent)
	}
	if err := l[0].Run(t.Context()); !errors.Is(err, errSilent) {
		t.Errorf("run: got %v, want %v", err, errSilent)
	}
	if err := l[0].Err(); !errors.Is(err, errSilent) {
		t.Errorf("got %v, want %v", err, errSilent)
	}
}

// TestADatabaseThatHangsStopsSendingWithinTheSilence: no answer comes to anything that
// was asked, not even a refusal.
func TestADatabaseThatHangsStopsSendingWithinTheSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("waits out six seconds of silence: in make test, not in make check")
	}
	l := many(t, 1)[0]
	plan(t, l, "k", 4, 4)
	k := claim(t, l)
	ran := make(chan error, 1)
	go func() { ran <- l.Run(t.Context()) }()
	locked, err := l.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Rollback()
	// Beats, looks and reads of pages wait for this to end.
	if _, err := locked.Exec(`LOCK TABLE owner, campaign, content IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	if err := <-ran; !errors.Is(err, errSilent) {
		t.Errorf("got %v, want %v", err, errSilent)
	}
	if err := l.Offer(k, []uint16{0}, []uint8{1}); !errors.Is(err, errSilent) {
		t.Errorf("offer: got %v, want %v", err, errSilent)
	}
}

// TestWhatWasCommittedLongAfterItWasWrittenIsSeen: a transaction's commit may take any
// time, and others go on meanwhile.
func TestWhatWasCommittedLongAfterItWasWrittenIsSeen(t *testing.T) {
	l := many(t, 2)
	plan(t, l[0], "k", 8, 4)
	for _, one := range l {
		sync1(t, one)
	}
	slow, err := l[0].db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Rollback()
	if _, err := slow.Exec(`UPDATE page SET owner = 'gone', epoch = epoch + 1, version = version + 1, stamp = pg_current_xact_id()::text::bigint WHERE id = 2`); err != nil {
		t.Fatal(err)
	}
	for range 3 { // younger ones are written and seen
		k := claim(t, l[0])
		if err := l[0].Release(k); err != nil {
			t.Fatal(err)
		}
		sync1(t, l[1])
	}
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	sync1(t, l[1])
	if got := l[1].pages[2].owner; got != "gone" {
		t.Errorf("got the page's owner %q, want the one that was committed late", got)
	}
}

// TestThePageOfADeadProcessThatNobodyHasSeenIsTaken: its owner died with its last word
// on the page unseen here.
func TestThePageOfADeadProcessThatNobodyHasSeenIsTaken(t *testing.T) {
	l := many(t, 2)
	plan(t, l[0], "k", 4, 4)
	sync1(t, l[1])
	k := claim(t, l[0])
	offer(t, l[0], k, 0)
	l[1].seen = 1 << 60 // no look will find it
	if _, err := l[0].db.Exec(`DELETE FROM owner WHERE id = $1`, l[0].owner); err != nil {
		t.Fatal(err)
	}
	if err := l[1].takeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l[1].Tally(k.Campaign.ID); got.InDoubt != 1 || got.Waiting != 3 {
		t.Errorf("got %+v, want one in doubt and three waiting", got.Recipients)
	}
	if _, err := l[1].Claim(t.Context(), k.Page, k.Epoch); err != nil {
		t.Errorf("claim: %v", err)
	}
}
