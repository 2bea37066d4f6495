package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
	"tocsin/campaigns"
	"tocsin/dispatcher/ledger/ledgertest"
	"tocsin/providers/sms"
)

// first is the lowest number of the test audience.
const first = sms.Number(8613800000000)

// blank are ledgers that hold nothing.
var blank = ledgertest.Blank{Make: func(dir string) error {
	l, err := Open(context.Background(), Options{Dir: dir, Owner: "test"})
	if err != nil {
		return err
	}
	return l.Close()
}}

func open(t *testing.T, dir string) *Ledger {
	t.Helper()
	o := options(t, dir)
	if o.URL == "" {
		blank.Fill(t, dir)
	}
	return openWith(t, o)
}

func openWith(t *testing.T, o Options) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// crash lets go of the ledger as a killed process would: nothing is folded.
func crash(l *Ledger) {
	if l.shared { // what its silence will say in ten seconds
		l.db.Exec(`UPDATE owner SET beat = 0 WHERE id = $1`, l.owner)
	}
	l.contents.close()
	l.store.close()
	l.db.Close()
}

// become takes a campaign to a state of its life.
func become(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, l *Ledger, id int64, state string,
) {
	t.Helper()
	l.mu.Lock()
	from := l.campaignOf(id).State
	l.mu.Unlock()
	if done, err := l.SetState(id, from, state); err != nil || !done {
		t.Fatalf("from %s to %s: %v, %v", from, state, done, err)
	}
}

// plan stores a campaign of n recipients in pages of size.
func plan(t testing.TB, l *Ledger, key string, n, size int) Campaign {
	t.Helper()
	c, err := l.Plan(t.Context(), Draft{Key: key, Title: "Test", Class: sms.Routine, Hash: "h"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		for at, k := 0, 0; at < n; at, k = at+size, k+1 {
			b := &campaigns.Batch{Sequence: k, Route: "a,b"}
			for i := at; i < min(at+size, n); i++ {
				b.Numbers = append(b.Numbers, first+sms.Number(2*i))
				b.Lines = append(b.Lines, uint32(i+2))
				b.Segments++
			}
			if err := s.AddBatch(b); err != nil {
				return nil, err
			}
		}
		return &campaigns.Summary{Rows: n + 3, Planned: n, Excluded: map[string]int{"invalid": 3}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	become(t, l, c.ID, Running)
	return c
}

func claim(t *testing.T, l *Ledger) *Claim {
	t.Helper()
	tasks := l.Ready("a", sms.Routine, 1)
	if len(tasks) != 1 {
		t.Fatal("got no page to claim")
	}
	k, err := l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func offer(t *testing.T, l *Ledger, k *Claim, indexes ...uint16) {
	t.Helper()
	if err := l.Offer(k, indexes, slices.Repeat([]uint8{1}, len(indexes))); err != nil {
		t.Fatal(err)
	}
}

func taken(refs ...string) []sms.Ack {
	var acks []sms.Ack
	for _, r := range refs {
		acks = append(acks, sms.Ack{Outcome: sms.Taken, Done: 1, Refs: sms.AppendRef(nil, []byte(r))})
	}
	return acks
}

func settle(t *testing.T, l *Ledger, k *Claim, acks []sms.Ack, indexes ...uint16) {
	t.Helper()
	if err := l.Settle(k, indexes, acks); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, l *Ledger, index int, ref string, state sms.State) Received {
	t.Helper()
	got, err := l.Receive("a", []sms.Receipt{{To: first + sms.Number(2*index), Ref: []byte(ref), State: state}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// expect compares the report, which is read from the database, with want.
func expect(t *testing.T, l *Ledger, key string, want Recipients) {
	t.Helper()
	r, err := l.Report(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if r.Recipients != want || !r.Balanced {
		t.Errorf("got %+v balanced %v, want %+v", r.Recipients, r.Balanced, want)
	}
}

func TestARecipientGoesFromPlanToDeliveredAndSurvivesEveryCrash(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 10, 4)
	reopen := func(want Recipients) {
		t.Helper()
		expect(t, l, "k", want)
		crash(l)
		l = open(t, dir)
		expect(t, l, "k", want)
	}
	reopen(Recipients{Waiting: 10})
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2)
	settle(t, l, k, taken("A1", "A2", "A3"), 0, 1, 2)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	reopen(Recipients{Waiting: 7, Accepted: 3})
	receive(t, l, 1, "A2", sms.Delivered)
	receive(t, l, 2, "A3", sms.Failed)
	reopen(Recipients{Waiting: 7, Accepted: 1, Delivered: 1, Failed: 1})
	if err := l.Fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	reopen(Recipients{Waiting: 7, Accepted: 1, Delivered: 1, Failed: 1})
	receive(t, l, 0, "A1", sms.Delivered)
	reopen(Recipients{Waiting: 7, Delivered: 2, Failed: 1})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasOfferedWhenTheProcessDiedIsInDoubt(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 10, 10)
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2, 7)
	crash(l)
	l = open(t, dir)
	defer l.Close()
	expect(t, l, "k", Recipients{Waiting: 6, InDoubt: 4})
	if err := l.Offer(k, []uint16{3}, []uint8{1}); !errors.Is(err, ErrStale) {
		t.Errorf("got %v from a claim of the dead process, want ErrStale", err)
	}
	// A receipt settles doubt though the reference was never learned.
	receive(t, l, 7, "whatever", sms.Delivered)
	expect(t, l, "k", Recipients{Waiting: 6, InDoubt: 3, Delivered: 1})
	if n, err := l.Resend(1, 0); n != 3 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	expect(t, l, "k", Recipients{Waiting: 9, Delivered: 1})
	k = claim(t, l)
	offer(t, l, k, 0, 1, 2)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Resend(1, 0); n != 0 || err != nil {
		t.Errorf("got %d resent a second time, %v, want none", n, err)
	}
	r, err := l.Report(t.Context(), "k")
	if err != nil || r.Resent != 3 {
		t.Errorf("got %d resent, %v, want 3", r.Resent, err)
	}
}

func TestReceipts(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, l *Ledger, k *Claim)
		want Recipients
	}{
		{"one that comes before the answer settles its recipient", func(t *testing.T, l *Ledger, k *Claim) {
			receive(t, l, 0, "1A", sms.Delivered)
			settle(t, l, k, taken("1A", "1B"), 0, 1)
		}, Recipients{Waiting: 2, Delivered: 1, Accepted: 1}},
		{"said twice it is nothing", func(t *testing.T, l *Ledger, k *Claim) {
			settle(t, l, k, taken("1A", "1B"), 0, 1)
			receive(t, l, 0, "1A", sms.Delivered)
			if got := receive(t, l, 0, "1A", sms.Delivered); got.Repeated != 1 {
				t.Errorf("got %+v, want it repeated", got)
			}
		}, Recipients{Waiting: 2, Delivered: 1, Accepted: 1}},
		{"a contradiction changes nothing", func(t *testing.T, l *Ledger, k *Claim) {
			settle(t, l, k, taken("1A", "1B"), 0, 1)
			receive(t, l, 0, "1A", sms.Failed)
			receive(t, l, 0, "1A", sms.Delivered)
		}, Recipients{Waiting: 2, Failed: 1, Accepted: 1}},
		{"a reference in decimal means the hexadecimal one", func(t *testing.T, l *Ledger, k *Claim) {
			settle(t, l, k, taken("1A", "1B"), 0, 1)
			receive(t, l, 0, "0026", sms.Delivered)
		}, Recipients{Waiting: 2, Delivered: 1, Accepted: 1}},
		{"another reference is kept as an orphan", func(t *testing.T, l *Ledger, k *Claim) {
			settle(t, l, k, taken("1A", "1B"), 0, 1)
			if got := receive(t, l, 0, "77", sms.Delivered); got.Orphans != 1 || l.Orphans() != 1 {
				t.Errorf("got %+v, want an orphan", got)
			}
		}, Recipients{Waiting: 2, Accepted: 2}},
		{"a batch's receipt with a reference of its own finds its recipient by number", func(t *testing.T, l *Ledger, k *Claim) {
			acks := taken("1A", "1A")
			acks[0].Batch, acks[1].Batch = true, true
			settle(t, l, k, acks, 0, 1)
			receive(t, l, 1, "other", sms.Delivered)
		}, Recipients{Waiting: 2, Delivered: 1, Accepted: 1}},
		{"one for a stranger is kept", func(t *testing.T, l *Ledger, k *Claim) {
			settle(t, l, k, taken("1A", "1B"), 0, 1)
			receive(t, l, 4711, "1A", sms.Delivered)
		}, Recipients{Waiting: 2, Accepted: 2}},
		{"one for somebody never sent to is kept", func(t *testing.T, l *Ledger, k *Claim) {
			settle(t, l, k, taken("1A", "1B"), 0, 1)
			receive(t, l, 3, "1A", sms.Delivered)
		}, Recipients{Waiting: 2, Accepted: 2}},
		{"an intermediate one settles doubt only", func(t *testing.T, l *Ledger, k *Claim) {
			settle(t, l, k, []sms.Ack{{Outcome: sms.Unknown}, {Outcome: sms.Taken, Done: 1}}, 0, 1)
			receive(t, l, 0, "x", sms.Accepted)
			receive(t, l, 1, "x", sms.Accepted)
		}, Recipients{Waiting: 2, Accepted: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			plan(t, l, "k", 4, 4)
			k := claim(t, l)
			offer(t, l, k, 0, 1)
			c.do(t, l, k)
			expect(t, l, "k", c.want)
			crash(l)
			l = open(t, dir)
			defer l.Close()
			expect(t, l, "k", c.want)
		})
	}
}

func TestAnOrphanThatFindsItsRecipientLaterIsAnOrphanNoMore(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "k", 2, 2)
	k := claim(t, l)
	if err := l.Offer(k, []uint16{0}, []uint8{2}); err != nil { // two segments
		t.Fatal(err)
	}
	receive(t, l, 0, "S2", sms.Delivered)
	if l.Orphans() != 1 {
		t.Fatalf("got %d orphans, want 1: nobody knows yet which segment it is", l.Orphans())
	}
	settle(t, l, k, []sms.Ack{{Outcome: sms.Taken, Done: 3, Refs: sms.AppendRef(sms.AppendRef(nil, []byte("S1")), []byte("S2"))}}, 0)
	if err := l.Tidy(); err != nil {
		t.Fatal(err)
	}
	expect(t, l, "k", Recipients{Waiting: 1, Accepted: 1})
	receive(t, l, 0, "S1", sms.Delivered)
	expect(t, l, "k", Recipients{Waiting: 1, Delivered: 1})
	if l.Orphans() != 0 {
		t.Errorf("got %d orphans, want 0", l.Orphans())
	}
}

func TestOnlyOneClaimOfATaskWins(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "k", 5, 5)
	task := l.Ready("a", sms.Routine, 1)[0]
	var won sync.Map
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if k, err := l.Claim(context.Background(), task.Page, task.Epoch); err == nil {
				won.Store(k, true)
			} else if !errors.Is(err, ErrTaken) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	won.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("got %d winners, want 1", n)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	aFile(t)
	dir := t.TempDir()
	l := open(t, dir)
	defer l.Close()
	if _, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
}

func TestTheDatabaseRefusesAPageThatDoesNotBalance(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 5, 5)
	if _, err := l.db.Exec(`UPDATE page SET delivered = delivered + 1`); err == nil || !strings.Contains(strings.ToUpper(err.Error()), "CHECK") {
		t.Errorf("got %v, want a CHECK to refuse it", err)
	}
	l.Close()
}

func TestAPlanThatFailsLeavesNothing(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	broken := errors.New("broken")
	_, err := l.Plan(t.Context(), Draft{Key: "k"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		if err := s.AddBatch(&campaigns.Batch{Route: "a", Numbers: []sms.Number{1}, Lines: []uint32{1}}); err != nil {
			return nil, err
		}
		return nil, broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	var n int
	if err := l.db.QueryRow(`SELECT (SELECT count(*) FROM page) + (SELECT count(*) FROM content) + (SELECT count(*) FROM campaign)`).Scan(&n); err != nil || n != 0 {
		t.Errorf("got %d rows, %v, want none", n, err)
	}
	plan(t, l, "k", 3, 3) // and the ledger goes on
}

func TestAnErrorOfTheDatabaseStopsEverything(t *testing.T) {
	l := open(t, t.TempDir())
	plan(t, l, "k", 5, 5)
	k := claim(t, l)
	if _, err := l.db.Exec(`DROP TABLE journal`); err != nil {
		t.Fatal(err)
	}
	if err := l.Offer(k, []uint16{0}, []uint8{1}); err == nil {
		t.Fatal("got no error, want the database's")
	}
	if err := l.Offer(k, []uint16{1}, []uint8{1}); err == nil || l.Err() == nil {
		t.Error("got the ledger to take more after an error of the database")
	}
	crash(l)
}

func TestThrottledSegmentsAreOfferedAloneTheNextTime(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "k", 1, 1)
	k := claim(t, l)
	if err := l.Offer(k, []uint16{0}, []uint8{3}); err != nil {
		t.Fatal(err)
	}
	settle(t, l, k, []sms.Ack{{Outcome: sms.NotNow, Reason: sms.Throttled, Done: 0b001, Refs: sms.AppendRef(nil, []byte("P1"))}}, 0)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	k = claim(t, l)
	if k.Done[0] != 0b001 {
		t.Fatalf("got done %b, want 1", k.Done[0])
	}
	if err := l.Offer(k, []uint16{0}, []uint8{3}); err != nil {
		t.Fatal(err)
	}
	late := sms.AppendRef(sms.AppendRef(sms.AppendRef(nil, nil), []byte("P2")), []byte("P3"))
	settle(t, l, k, []sms.Ack{{Outcome: sms.Taken, Done: 0b111, Refs: late}}, 0)
	for _, ref := range []string{"P3", "P1", "P2"} {
		receive(t, l, 0, ref, sms.Delivered)
	}
	expect(t, l, "k", Recipients{Delivered: 1})
	if r, _ := l.Report(t.Context(), "k"); r.Segments != 3 {
		t.Errorf("got %d segments, want 3", r.Segments)
	}
}

func TestIncomingMessagesAreKept(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	if _, err := l.Receive("a", nil, []sms.Incoming{{From: "8613800000000", To: "10690000", Text: "退订", Time: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := l.db.QueryRow(`SELECT text FROM incoming WHERE provider = 'a'`).Scan(&text); err != nil || text != "退订" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestExportHasEverybodyWithWhatBecameOfThem(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 3, 2)
	k := claim(t, l)
	offer(t, l, k, 0, 1)
	settle(t, l, k, append(taken("R=1"), sms.Ack{Outcome: sms.Refused, Reason: sms.InvalidNumber, Code: 11}), 0, 1)
	r, err := OpenReader(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.Export(t.Context(), "k", &out); err != nil {
		t.Fatal(err)
	}
	r.Close()
	l.Close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{"number,state,reason,code", fmt.Sprint(uint64(first)) + ",accepted,,,a,1,", fmt.Sprint(uint64(first)+2) + ",failed,invalid_number,11,a,1,", fmt.Sprint(uint64(first)+4) + ",waiting,,,a,,"} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("got line %q, want it to begin with %q", lines[i], want)
		}
	}
}

// TestEveryNumberIsOneRefInBothBases holds sameRef against big.Int, lengths of all kinds.
func TestEveryNumberIsOneRefInBothBases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.UintRange(1, 160).Draw(t, "bits")
		low := new(big.Int).Lsh(big.NewInt(1), bits-1)
		for _, n := range []*big.Int{low, new(big.Int).Sub(low, big.NewInt(1)), new(big.Int).Add(low, new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, int(bits-1)/8).Draw(t, "n")))} {
			hex, decimal := n.Text(16), n.Text(10)
			if !SameRef([]byte(hex), []byte(decimal)) || !SameRef([]byte(decimal), []byte(strings.ToUpper("00"+hex))) {
				t.Errorf("%s and %s: got two, want one", hex, decimal)
			}
			if other := new(big.Int).Add(n, big.NewInt(1)).Text(10); SameRef([]byte(hex), []byte(other)) && hex != other && !hexIsDecimal([]byte(other), []byte(hex)) {
				t.Errorf("%s and %s: got one, want two", hex, other)
			}
		}
	})
}

func TestSameRef(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1a2b", "1A2B", true},
		{"001a", "1A", true},
		{"1A", "26", true},
		{"26", "1a", true},
		{"26", "27", false},
		{"FFFFFFFFFFFFFFFFFF", "4722366482869645213695", true},
		{"", "0", true},
		{"xyz", "XYZ", true},
		{"xyz", "123", false},
		{"126e85a6edeca1a0202009931247956d4", "126E85A6EDECA1A0202009931247956D4", true},
	} {
		if got := SameRef([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("SameRef(%q, %q): got %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestTheLedgerIsForItsOwnerAlone(t *testing.T) {
	aFile(t)
	dir := t.TempDir()
	l := open(t, dir)
	defer l.Close()
	plan(t, l, "one", 10, 10)
	for _, name := range []string{"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("got mode %v of %s, want -rw-------", got, name)
		}
	}
}

func TestWhatHappensInACampaignsFirstInstantHasATime(t *testing.T) {
	p := &page{campaign: &Campaign{Created: 1_000}}
	for _, ms := range []int64{999, 1_000, 1_001, 1_009} {
		if got := p.ticks(ms); got != 1 || p.millis(got) != 1_000 {
			t.Errorf("got tick %d, %d ms for %d ms, want 1 and 1,000: tick 0 means never", got, p.millis(got), ms)
		}
	}
}
