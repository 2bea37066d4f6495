package ledger

import (
	"testing"
	"time"

	"tocsin/providers/sms"
)

// long puts recipient 0, whose text is of three segments, in doubt: the carrier
// answered for the segments in refs, empty for none.
func long(t *testing.T, l *Ledger, refs ...string) {
	t.Helper()
	longAnswered(t, l, sms.Ack{Outcome: sms.Unknown}, refs...)
}

// longAnswered is long with an answer, which gets the references and what they say is done.
func longAnswered(t *testing.T, l *Ledger, ack sms.Ack, refs ...string) {
	t.Helper()
	plan(t, l, "k", 1, 1)
	k := claim(t, l)
	if err := l.Offer(k, []uint16{0}, []uint8{3}); err != nil {
		t.Fatal(err)
	}
	for i, r := range refs {
		ack.Refs = sms.AppendRef(ack.Refs, []byte(r))
		if r != "" {
			ack.Done |= 1 << i
		}
	}
	settle(t, l, k, []sms.Ack{ack}, 0)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
}

func TestALongTextInDoubtIsDeliveredOnlyWhenEachSegmentIs(t *testing.T) {
	doubt, delivered := Recipients{InDoubt: 1}, Recipients{Delivered: 1}
	for _, c := range []struct {
		name  string
		known []string // references the carrier answered with
		heard []string // receipts, in order
		want  Recipients
	}{
		{"no reference is known", nil, []string{"A", "B", "C"}, delivered},
		{"one receipt three times is one segment", nil, []string{"A", "A", "A"}, doubt},
		{"two receipts twice are two segments", nil, []string{"A", "A", "B", "B", "A"}, doubt},
		{"one receipt in two notations is one segment", nil, []string{"255", "ff", "00FF"}, doubt},
		{"the first reference is known and its receipt comes last", []string{"A", "", ""}, []string{"B", "C", "A"}, delivered},
		{"the last reference is known and its receipt comes first", []string{"", "", "C"}, []string{"C", "A", "B"}, delivered},
		{"repeated receipts of one that is not known", []string{"A", "", ""}, []string{"A", "B", "B", "A"}, doubt},
		{"more segments than there are", []string{"A", "B", ""}, []string{"X", "Y", "Z"}, doubt},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			long(t, l, c.known...)
			for _, ref := range c.heard {
				receive(t, l, 0, ref, sms.Delivered)
				before := l.Tally(1).Recipients
				crash(l) // what was learned from a receipt is on disk with it
				l = open(t, dir)
				if got := l.Tally(1).Recipients; got != before {
					t.Fatalf("got %+v after a crash, want %+v", got, before)
				}
			}
			expect(t, l, "k", c.want)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Sent twice, one segment has two receipts with two references: they are not two
// segments.
func TestALongTextThatWasResentIsNotDeliveredByGuessing(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	long(t, l)
	if n, err := l.Resend(1, 0); err != nil || n != 1 {
		t.Fatalf("got %d resent, %v, want 1", n, err)
	}
	k := claim(t, l)
	if err := l.Offer(k, []uint16{0}, []uint8{3}); err != nil {
		t.Fatal(err)
	}
	ack := sms.Ack{Outcome: sms.Unknown, Done: 1, Refs: sms.AppendRef(sms.AppendRef(sms.AppendRef(nil, []byte("A")), nil), nil)}
	settle(t, l, k, []sms.Ack{ack}, 0)
	for _, ref := range []string{"A", "B", "C", "D"} {
		receive(t, l, 0, ref, sms.Delivered)
	}
	expect(t, l, "k", Recipients{InDoubt: 1})
}

func TestReceiptsBeforeTheirAnswersAreNotForgottenInACrash(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 1, 1)
	k := claim(t, l)
	if err := l.Offer(k, []uint16{0}, []uint8{3}); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"A", "B", "C"} { // which segment each means, the answer would say
		receive(t, l, 0, ref, sms.Delivered)
	}
	if n := l.Orphans(); n != 3 {
		t.Fatalf("got %d receipts parked, want 3", n)
	}
	crash(l)
	l = open(t, dir)
	defer l.Close()
	expect(t, l, "k", Recipients{InDoubt: 1})
	if err := l.Tidy(); err != nil {
		t.Fatal(err)
	}
	expect(t, l, "k", Recipients{Delivered: 1})
	if n := l.Orphans(); n != 0 {
		t.Errorf("got %d receipts parked, want none", n)
	}
}

func TestSegmentsCountWhatReceiptsAloneSayTheCarrierHas(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 3, 3)
	k, err := l.Claim(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Offer(k, []uint16{0, 1, 2}, []uint8{1, 1, 1}); err != nil {
		t.Fatal(err)
	}
	// On its way says one, arrived says another; the third says nothing.
	for i, state := range []sms.State{sms.Accepted, sms.Delivered} {
		if _, err := l.Receive("a", []sms.Receipt{{To: first + sms.Number(2*i), Ref: []byte("r"), State: state}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	crash(l)
	l = open(t, dir)
	defer l.Close()
	r, err := l.Report(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if r.Segments != 2 || r.Recipients != (Recipients{InDoubt: 2, Delivered: 1}) {
		t.Errorf("got %d segments, %+v, want 2, one delivered and two in doubt", r.Segments, r.Recipients)
	}
}

// TestAReceiptWaitsForTheAnswerItHasOvertaken: the same number is offered in two
// campaigns, and the receipt is for the one whose answer comes second.
func TestAReceiptWaitsForTheAnswerItHasOvertaken(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "one", 1, 1)
	one := claim(t, l)
	offer(t, l, one, 0)
	plan(t, l, "two", 1, 1)
	two := claim(t, l)
	offer(t, l, two, 0)
	naps := 0
	l.nap = func(time.Duration) {
		if naps++; naps == 2 {
			settle(t, l, one, taken("2a"), 0)
		}
	}
	if got := receive(t, l, 0, "42", sms.Delivered); got.Delivered != 1 || got.Orphans != 0 || naps != 2 {
		t.Errorf("got %+v after %d waits, want it delivered after 2, and no orphan", got, naps)
	}
	expect(t, l, "one", Recipients{Delivered: 1})
	expect(t, l, "two", Recipients{Offered: 1})
	naps = 10 // no answer comes
	if got := receive(t, l, 0, "no", sms.Delivered); got.Delivered != 1 {
		t.Errorf("got %+v, want it to be of the only one who is open", got)
	}
}

func TestAReceiptWhoseAnswerDoesNotComeIsAnOrphan(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	for _, key := range []string{"one", "two"} {
		plan(t, l, key, 1, 1)
		offer(t, l, claim(t, l), 0)
	}
	naps := 0
	l.nap = func(time.Duration) { naps++ }
	if got := receive(t, l, 0, "42", sms.Delivered); got.Orphans != 1 || naps != overtakenTries {
		t.Errorf("got %+v after %d waits, want an orphan after %d", got, naps, overtakenTries)
	}
}

// TestALateReceiptOfAnEarlierSendingIsNobodyElses: who was resent has the reference of
// the second sending; the first one's receipt comes when another campaign offers to the
// same number.
func TestALateReceiptOfAnEarlierSendingIsNobodyElses(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	l.nap = func(time.Duration) {}
	one := plan(t, l, "one", 1, 1)
	k := claim(t, l)
	offer(t, l, k, 0)
	settle(t, l, k, []sms.Ack{{Outcome: sms.Unknown}}, 0)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Resend(one.ID, 0); n != 1 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	k = claim(t, l)
	offer(t, l, k, 0)
	settle(t, l, k, taken("18"), 0)
	plan(t, l, "two", 1, 1)
	two := claim(t, l)
	offer(t, l, two, 0)
	if got := receive(t, l, 0, "13", sms.Delivered); got.Orphans != 1 {
		t.Errorf("got %+v, want an orphan: it may be of the first sending of the other campaign", got)
	}
	expect(t, l, "one", Recipients{Accepted: 1})
	expect(t, l, "two", Recipients{Offered: 1})
	settle(t, l, two, taken("20"), 0)
	if got := receive(t, l, 0, "20", sms.Delivered); got.Delivered != 1 {
		t.Errorf("got %+v, want its own receipt taken", got)
	}
	expect(t, l, "two", Recipients{Delivered: 1})
}

// TestAReceiptThatIsSaidAgainIsNobodyElses: who was in doubt is delivered by a receipt
// whose reference no answer told; it comes again when another campaign offers to the
// same number.
func TestAReceiptThatIsSaidAgainIsNobodyElses(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	l.nap = func(time.Duration) {}
	plan(t, l, "one", 1, 1)
	k := claim(t, l)
	offer(t, l, k, 0)
	settle(t, l, k, []sms.Ack{{Outcome: sms.Unknown}}, 0)
	receive(t, l, 0, "13", sms.Delivered)
	expect(t, l, "one", Recipients{Delivered: 1})
	plan(t, l, "two", 1, 1)
	offer(t, l, claim(t, l), 0)
	receive(t, l, 0, "13", sms.Delivered)
	expect(t, l, "two", Recipients{Offered: 1})
}

// A gateway that takes texts whole has one receipt for all segments, under the reference
// that each of them has.
func TestAWholeReceiptSettlesEverySegment(t *testing.T) {
	for _, c := range []struct {
		name  string
		known []string
		ref   string
		state sms.State
		want  Recipients
	}{
		{"doubt without a reference", nil, "G", sms.Delivered, Recipients{Delivered: 1}},
		{"doubt with our own", []string{"G", "G", "G"}, "G", sms.Delivered, Recipients{Delivered: 1}},
		{"an intermediate word", nil, "G", sms.Accepted, Recipients{Accepted: 1}},
		{"failed", []string{"G", "G", "G"}, "G", sms.Failed, Recipients{Failed: 1}},
		{"another message's", []string{"G", "G", "G"}, "H", sms.Delivered, Recipients{InDoubt: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			plan(t, l, "k", 1, 1)
			k := claim(t, l)
			if err := l.Offer(k, []uint16{0}, []uint8{3}); err != nil {
				t.Fatal(err)
			}
			ack := sms.Ack{Outcome: sms.Unknown}
			for _, ref := range c.known {
				ack.Refs = sms.AppendRef(ack.Refs, []byte(ref))
			}
			settle(t, l, k, []sms.Ack{ack}, 0)
			if err := l.Release(k); err != nil {
				t.Fatal(err)
			}
			whole := []sms.Receipt{{To: k.Numbers[0], Ref: []byte(c.ref), State: c.state, Whole: true}}
			for range 2 { // twice is nothing
				if _, err := l.Receive("a", whole, nil); err != nil {
					t.Fatal(err)
				}
			}
			expect(t, l, "k", c.want)
			crash(l)
			l = open(t, dir)
			expect(t, l, "k", c.want)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// One that comes before its answer, when the process dies, is of the whole message still.
func TestAWholeOrphanIsWholeAfterACrash(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 1, 1)
	k := claim(t, l)
	if err := l.Offer(k, []uint16{0}, []uint8{3}); err != nil {
		t.Fatal(err)
	}
	done, err := l.Receive("a", []sms.Receipt{{To: k.Numbers[0], Ref: []byte("G"), State: sms.Delivered, Whole: true}}, nil)
	if err != nil || done.Orphans != 1 {
		t.Fatalf("got %+v, %v, want an orphan", done, err)
	}
	crash(l)
	l = open(t, dir)
	defer l.Close()
	expect(t, l, "k", Recipients{InDoubt: 1})
	if err := l.retryParked(); err != nil {
		t.Fatal(err)
	}
	expect(t, l, "k", Recipients{Delivered: 1})
}
