package ledger

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tocsin/providers/sms"
)

// whenever calls fn each time that l gathers the request that is made next: with 1, and
// with 2 and more when what was gathered before was refused and the request is asked
// again. It stands for what another process writes in exactly this moment.
func whenever(l *Ledger, fn func(attempt int)) {
	attempt := 0
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, &request{done: make(chan struct{}, 1), apply: func(*commit) error {
		attempt++
		fn(attempt)
		return nil
	}})
}

// interruptions is how many times in a row another process writes to the page before a
// request is through: more are not possible, for then the page is held.
const interruptions = holdAfter

// interrupted makes another process write a receipt to the page of the first campaign
// each time that l gathers its next request: to recipients from, from+1 and so on, who
// are accepted. It returns how often that has happened.
func interrupted(t *testing.T, l, other *Ledger, from int) *int {
	t.Helper()
	n := 0
	t.Cleanup(func() {
		if n == 0 {
			t.Error("the other process has written nothing")
		}
	})
	whenever(l, func(attempt int) {
		if attempt > interruptions {
			return
		}
		n++
		if got := receive(t, other, from+attempt-1, fmt.Sprint("r", from+attempt-1), sms.Delivered); got.Delivered != 1 {
			t.Errorf("got %+v of a receipt through the other process, want one delivered", got)
		}
	})
	return &n
}

// twoAtWork are two processes and the first one's claim on a page of size recipients,
// of whom the first done were accepted under the references r0, r1 and so on.
func twoAtWork(t *testing.T, size, done int) ([]*Ledger, *Claim) {
	t.Helper()
	l := many(t, 2)
	plan(t, l[0], "k", size, size)
	k := claim(t, l[0])
	for i := range done {
		offer(t, l[0], k, uint16(i))
		settle(t, l[0], k, taken(fmt.Sprint("r", i)), uint16(i))
	}
	sync1(t, l[1])
	return l, k
}

// agreed checks that all processes and the database tell the same of campaign k.
func agreed(t *testing.T, l []*Ledger, want Recipients) {
	t.Helper()
	for i, one := range l {
		sync1(t, one)
		r, err := one.Report(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		if c, err := one.Campaign("k"); err != nil || one.Tally(c.ID).Recipients != want || r.Recipients != want || !r.Balanced {
			t.Errorf("process %d: got %+v in memory and %+v on disk, balanced %v, %v, want %+v",
				i, one.Tally(c.ID).Recipients, r.Recipients, r.Balanced, err, want)
		}
	}
}

func TestAnIntentIsNotedWhateverReceiptsAnotherProcessWrites(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	n := interrupted(t, l[0], l[1], 0)
	if err := l[0].Offer(k, []uint16{20, 21}, []uint8{1, 1}); err != nil {
		t.Fatalf("after %d receipts through the other process: %v", *n, err)
	}
	agreed(t, l, Recipients{Waiting: 8, Offered: 2, Accepted: 20 - *n, Delivered: *n})
}

func TestAnswersAreNotedWhateverReceiptsAnotherProcessWrites(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	offer(t, l[0], k, 20, 21)
	n := interrupted(t, l[0], l[1], 0)
	if err := l[0].Settle(k, []uint16{20, 21}, taken("r20", "r21")); err != nil {
		t.Fatalf("after %d receipts through the other process: %v", *n, err)
	}
	agreed(t, l, Recipients{Waiting: 8, Accepted: 22 - *n, Delivered: *n})
	for i := range *n { // whoever was settled by the other process stays so, and was sent to once
		if got := receive(t, l[0], i, fmt.Sprint("r", i), sms.Delivered); got.Repeated != 1 {
			t.Errorf("recipient %d: got %+v for a receipt that was said before", i, got)
		}
	}
	if r, err := l[1].Report(t.Context(), "k"); err != nil || r.Segments != 22 || r.Resent != 0 {
		t.Errorf("got %+v, %v, want 22 segments and nobody resent", r, err)
	}
}

func TestAPageIsGivenBackWhateverReceiptsAnotherProcessWrites(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	offer(t, l[0], k, 20)
	n := interrupted(t, l[0], l[1], 0)
	if err := l[0].Release(k); err != nil {
		t.Fatalf("after %d receipts through the other process: %v", *n, err)
	}
	agreed(t, l, Recipients{Waiting: 9, InDoubt: 1, Accepted: 20 - *n, Delivered: *n})
	if tasks := l[1].Ready("a", sms.Routine, 1); len(tasks) != 1 {
		t.Errorf("got tasks %+v, want the page free for the other process", tasks)
	}
}

func TestAPageIsClaimedWhateverReceiptsAnotherProcessWrites(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	if err := l[0].Release(k); err != nil {
		t.Fatal(err)
	}
	sync1(t, l[1])
	n := interrupted(t, l[0], l[1], 0)
	again, err := l[0].Claim(t.Context(), k.Page, k.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Waiting) != 10 {
		t.Errorf("got %d waiting, want 10", len(again.Waiting))
	}
	agreed(t, l, Recipients{Waiting: 10, Accepted: 20 - *n, Delivered: *n})
}

func TestReceiptsOfTwoProcessesForOnePageAreAllKept(t *testing.T) { // A1
	l, k := twoAtWork(t, 40, 40)
	if err := l[0].Release(k); err != nil {
		t.Fatal(err)
	}
	n := interrupted(t, l[0], l[1], 0)
	var receipts []sms.Receipt
	for i := 20; i < 30; i++ {
		receipts = append(receipts, sms.Receipt{To: first + sms.Number(2*i), Ref: []byte(fmt.Sprint("r", i)), State: sms.Delivered})
	}
	if got, err := l[0].Receive("a", receipts, nil); err != nil || got.Delivered != 10 {
		t.Fatalf("got %+v, %v, want ten delivered", got, err)
	}
	agreed(t, l, Recipients{Accepted: 30 - *n, Delivered: 10 + *n})
}

func TestAClaimThatIsLostWhileItIsWrittenIsOver(t *testing.T) { // A1
	for name, request := range map[string]func(l *Ledger, k *Claim) error{
		"offer":   func(l *Ledger, k *Claim) error { return l.Offer(k, []uint16{21}, []uint8{1}) },
		"settle":  func(l *Ledger, k *Claim) error { return l.Settle(k, []uint16{20}, taken("r20")) },
		"release": func(l *Ledger, k *Claim) error { return l.Release(k) },
	} {
		t.Run(name, func(t *testing.T) {
			l, k := twoAtWork(t, 30, 20)
			offer(t, l[0], k, 20)
			whenever(l[0], func(attempt int) {
				if attempt > 1 {
					return
				}
				if _, err := l[1].db.Exec(`UPDATE owner SET beat = 0 WHERE id = $1`, l[0].owner); err != nil {
					t.Error(err)
				}
				if err := l[1].takeOver(t.Context()); err != nil {
					t.Error(err)
				}
			})
			if err := request(l[0], k); err != ErrStale {
				t.Errorf("got %v, want %v", err, ErrStale)
			}
			agreed(t, l, Recipients{Waiting: 9, InDoubt: 1, Accepted: 20})
		})
	}
}

func TestWhoIsResentIsCountedOnceWhateverAnotherProcessWrites(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	offer(t, l[0], k, 20, 21, 22)
	if err := l[0].Release(k); err != nil {
		t.Fatal(err)
	}
	n := interrupted(t, l[0], l[1], 0)
	if resent, err := l[0].Resend(k.Campaign.ID, 0); err != nil || resent != 3 {
		t.Errorf("got %d resent, %v, want 3", resent, err)
	}
	agreed(t, l, Recipients{Waiting: 10, Accepted: 20 - *n, Delivered: *n})
}

// unreadable makes the recipients of pages unreadable for everybody, and returns what
// makes them readable again.
func unreadable(t *testing.T, l *Ledger) (mend func()) {
	t.Helper()
	if _, err := l.db.Exec(`ALTER TABLE status RENAME TO elsewhere`); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := l.db.Exec(`ALTER TABLE elsewhere RENAME TO status`); err != nil {
			t.Error(err)
		}
	}
}

func TestAnswersAndPagesOutliveAPageThatCannotBeReadForAMoment(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	offer(t, l[0], k, 20)
	for i, request := range []func() error{
		func() error { return l[0].Settle(k, []uint16{20}, taken("r20")) },
		func() error { return l[0].Release(k) },
	} {
		receive(t, l[1], i, fmt.Sprint("r", i), sms.Delivered)
		sync1(t, l[0]) // the page has to be read again
		mend, naps := unreadable(t, l[0]), 0
		l[0].nap = func(time.Duration) {
			if naps++; naps == 3 {
				mend()
			}
		}
		if err := request(); err != nil || naps != 3 {
			t.Errorf("got %v after %d naps, want nil after 3", err, naps)
		}
	}
	agreed(t, l, Recipients{Waiting: 9, Accepted: 19, Delivered: 2})
}

func TestAnAnswerIsGivenUpOnlyWithTheLedger(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	offer(t, l[0], k, 20)
	receive(t, l[1], 0, "r0", sms.Delivered)
	sync1(t, l[0])
	mend, naps := unreadable(t, l[0]), 0
	l[0].nap = func(time.Duration) {
		if naps++; naps == 3 {
			l[0].fail(errSilent) // as its heart would
		}
	}
	if err := l[0].Settle(k, []uint16{20}, taken("r20")); !errors.Is(err, errSilent) || naps != 3 {
		t.Errorf("got %v after %d naps, want %v after 3", err, naps, errSilent)
	}
	mend()
}

// TestARequestThatIsAlwaysTooLateIsPutFirst: another process writes to the page whenever
// this one is about to. After a few times it has to wait.
func TestARequestThatIsAlwaysTooLateIsPutFirst(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	offer(t, l[0], k, 20)
	var waiting sync.WaitGroup
	attempts := 0
	whenever(l[0], func(attempt int) {
		attempts = attempt
		write := func() { receive(t, l[1], attempt, fmt.Sprint("r", attempt), sms.Delivered) }
		if attempt <= holdAfter {
			write()
		} else {
			waiting.Go(write) // it is not through before the answer is
		}
	})
	if err := l[0].Settle(k, []uint16{20}, taken("r20")); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	if attempts != holdAfter+1 {
		t.Errorf("got %d attempts, want %d", attempts, holdAfter+1)
	}
	agreed(t, l, Recipients{Waiting: 9, Accepted: 21 - attempts, Delivered: attempts})
	for range 2 * holdAfter { // the pages are let go of
		offer(t, l[0], k, 21)
		settle(t, l[0], k, []sms.Ack{{Outcome: sms.NotNow}}, 21)
		receive(t, l[1], 10, "r10", sms.Delivered)
	}
}

// TestAPageThatIsHeldAndNotWrittenIsFree: the claim was lost in the meantime, so that
// there is nothing to write in the end.
func TestAPageThatIsHeldAndNotWrittenIsFree(t *testing.T) { // A1
	l, k := twoAtWork(t, 30, 20)
	offer(t, l[0], k, 20)
	whenever(l[0], func(attempt int) {
		switch {
		case attempt < holdAfter:
			receive(t, l[1], attempt, fmt.Sprint("r", attempt), sms.Delivered)
		case attempt == holdAfter:
			if _, err := l[1].db.Exec(`UPDATE owner SET beat = 0 WHERE id = $1`, l[0].owner); err != nil {
				t.Error(err)
			}
			if err := l[1].takeOver(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	if err := l[0].Settle(k, []uint16{20}, taken("r20")); err != ErrStale {
		t.Errorf("got %v, want %v", err, ErrStale)
	}
	receive(t, l[1], 10, "r10", sms.Delivered) // would wait for a page that is not let go of
	if _, err := l[0].Resend(k.Campaign.ID, time.Hour); err != nil {
		t.Error(err)
	}
	agreed(t, l, Recipients{Waiting: 9, InDoubt: 1, Accepted: 20 - holdAfter, Delivered: holdAfter})
}
