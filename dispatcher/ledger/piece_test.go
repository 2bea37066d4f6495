package ledger

import (
	"slices"
	"testing"
	"time"

	"tocsin/providers/sms"
)

// What is sent again is what no answer has said the carrier has: a receipt whose segment
// nobody knows is not taken for any of them.
func TestAReceiptOfWhoKnowsWhichSegmentLeavesNoSegmentOut(t *testing.T) {
	for _, tt := range []struct {
		name  string
		known []string // references the carrier answered with
		heard []string // receipts, in order
		state sms.State
		done  uint16 // when it is sent again
	}{
		{"delivered, no reference is known", nil, []string{"C"}, sms.Delivered, 0},
		{"two delivered", nil, []string{"C", "A"}, sms.Delivered, 0},
		{"delivered, the second is known", []string{"", "B", ""}, []string{"C", "B"}, sms.Delivered, 0b010},
		{"delivered, by the only one that is not known", []string{"A", "B", ""}, []string{"C"}, sms.Delivered, 0b111},
		{"on its way", nil, []string{"A", "B", "C"}, sms.Accepted, 0},
		{"on its way, the second is known", []string{"", "B", ""}, []string{"B", "A"}, sms.Accepted, 0b010},
		{"delivered, without a reference", nil, []string{"", "", ""}, sms.Delivered, 0},
		{"more receipts than segments", nil, []string{"A", "B", "X", "Y"}, sms.Delivered, 0b111},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			long(t, l, tt.known...)
			for _, ref := range tt.heard {
				receive(t, l, 0, ref, tt.state)
			}
			if tt.done == 0b111 && len(tt.known) == 0 { // all have arrived
				expect(t, l, "k", Recipients{Delivered: 1})
				return
			}
			expect(t, l, "k", Recipients{InDoubt: 1})
			if n, err := l.Resend(1, 0); err != nil || n != 1 {
				t.Fatalf("got %d resent, %v, want 1", n, err)
			}
			if k := claim(t, l); k.Done[0] != tt.done {
				t.Errorf("got segments %03b with the carrier, want %03b", k.Done[0], tt.done)
			}
		})
	}
}

// What was put aside before the text was sent, or was named by its answer, is no receipt
// of an open segment.
func TestReceiptsOfSomethingElseCompleteNothing(t *testing.T) {
	for _, tt := range []struct {
		name string
		come func(l *Ledger)
	}{
		{"of an earlier message", func(l *Ledger) { l.pieces[first][0].at -= time.Hour.Milliseconds() }},
		{"named by the answer", func(l *Ledger) { l.pieces[first][0].ref = []byte("B") }},
		{"of another provider", func(l *Ledger) { l.pieces[first][0].provider = "b" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			long(t, l, "", "B", "")
			receive(t, l, 0, "X", sms.Delivered)
			tt.come(l)
			receive(t, l, 0, "Y", sms.Delivered)
			expect(t, l, "k", Recipients{InDoubt: 1})
		})
	}
}

func TestALongTextInDoubtHasFailedAsSoonAsOneSegmentHas(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	long(t, l)
	receive(t, l, 0, "B", sms.Failed)
	expect(t, l, "k", Recipients{Failed: 1})
}

func TestALongTextInDoubtIsAcceptedWhenAllItsSegmentsAre(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	long(t, l, "A", "B", "")
	receive(t, l, 0, "A", sms.Accepted)
	expect(t, l, "k", Recipients{InDoubt: 1})
	receive(t, l, 0, "C", sms.Accepted) // the last one
	expect(t, l, "k", Recipients{Accepted: 1})
}

// A carrier whose references are known before its answers, as SGIP's are, may say of each
// segment that it is on its way.
func TestALongTextInDoubtIsAcceptedByAWordForEachSegment(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "k", 1, 1)
	k := claim(t, l)
	if err := l.Offer(k, []uint16{0}, []uint8{3}); err != nil {
		t.Fatal(err)
	}
	ack := sms.Ack{Outcome: sms.Unknown}
	for _, ref := range []string{"A", "B", "C"} {
		ack.Refs = sms.AppendRef(ack.Refs, []byte(ref))
	}
	settle(t, l, k, []sms.Ack{ack}, 0)
	for _, ref := range []string{"B", "B", "C"} {
		receive(t, l, 0, ref, sms.Accepted)
	}
	expect(t, l, "k", Recipients{InDoubt: 1})
	receive(t, l, 0, "A", sms.Accepted)
	expect(t, l, "k", Recipients{Accepted: 1})
}

func TestReceiptsOfOneTextMayComeHoursApart(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	long(t, l)
	for _, ref := range []string{"B", "A", "C"} {
		receive(t, l, 0, ref, sms.Delivered)
		l.mu.Lock()
		l.parked, l.pieces = nil, nil // as after parkFor
		l.mu.Unlock()
	}
	expect(t, l, "k", Recipients{Delivered: 1})
}

func TestReceiptsOfOneTextThatComeToSeveralProcessesBelongTogether(t *testing.T) {
	l := many(t, 2)
	long(t, l[0])
	sync1(t, l[1])
	receive(t, l[0], 0, "B", sms.Delivered)
	receive(t, l[1], 0, "A", sms.Delivered)
	receive(t, l[1], 0, "A", sms.Delivered)
	expect(t, l[0], "k", Recipients{InDoubt: 1})
	receive(t, l[0], 0, "C", sms.Delivered)
	expect(t, l[0], "k", Recipients{Delivered: 1})
	for i := range l {
		sync1(t, l[i])
		if err := l[i].Tidy(); err != nil {
			t.Fatal(err)
		}
		if n := l[i].Orphans(); n != 0 {
			t.Errorf("process %d: got %d receipts put aside, want none", i, n)
		}
	}
}

// Carriers may name in receipts other references than that of the batch, of a long text
// too: nobody is counted twice by one of them, and none is taken for a segment that may
// be another one's.
func TestALongTextOfABatchIsDeliveredUnderOtherReferences(t *testing.T) {
	for _, tt := range []struct {
		name  string
		known []string // references of its segments, of batches
		heard []string
		want  Recipients
	}{
		{"as answered", []string{"A", "B", "C"}, []string{"A", "B", "C"}, Recipients{Delivered: 1}},
		{"under others", []string{"A", "B", "C"}, []string{"X", "Y", "Z"}, Recipients{Delivered: 1}},
		{"one under another", []string{"A", "B", "C"}, []string{"A", "Y", "C"}, Recipients{Delivered: 1}},
		{"one of them twice", []string{"A", "B", "C"}, []string{"X", "X", "Y"}, Recipients{Accepted: 1}},
		{"in doubt, as answered", []string{"A", "", "C"}, []string{"A", "C", "B"}, Recipients{Delivered: 1}},
		{"in doubt, under others", []string{"A", "", "C"}, []string{"X", "Y", "Z"}, Recipients{Delivered: 1}},
		{"in doubt, one under another: of which segment?", []string{"A", "", "C"}, []string{"A", "Y"}, Recipients{InDoubt: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			outcome := sms.Taken
			if slices.Contains(tt.known, "") {
				outcome = sms.Unknown
			}
			longAnswered(t, l, sms.Ack{Outcome: outcome, Batch: true}, tt.known...)
			for _, ref := range tt.heard {
				receive(t, l, 0, ref, sms.Delivered)
			}
			expect(t, l, "k", tt.want)
			if tt.want.InDoubt > 0 { // and it is not left out when it is sent again
				if n, err := l.Resend(1, 0); err != nil || n != 1 {
					t.Fatalf("got %d resent, %v, want 1", n, err)
				}
				if k := claim(t, l); k.Done[0] != 0b101 {
					t.Errorf("got segments %03b with the carrier, want 101", k.Done[0])
				}
			}
		})
	}
}
