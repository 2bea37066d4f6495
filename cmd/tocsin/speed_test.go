package main

import (
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
)

func tallyOf(r ledger.Recipients) ledger.Tally { return ledger.Tally{Recipients: r} }

func TestWhatIsSettled(t *testing.T) {
	all := tallyOf(ledger.Recipients{Waiting: 1, Offered: 2, InDoubt: 4, Accepted: 8, Delivered: 16, Failed: 32, Expired: 64, Cancelled: 128})
	if got := (progress{receipts: true}).settled(all); got != 240 {
		t.Errorf("with receipts: got %d, want 240", got)
	}
	if got := (progress{}).settled(all); got != 248 {
		t.Errorf("without receipts: got %d, want 248: an answer is all that comes", got)
	}
}

func TestTheSpeedIsThatOfThisRun(t *testing.T) {
	at := time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	// 500 were delivered by a run before this one.
	s := newSpeed(tallyOf(ledger.Recipients{Waiting: 1000, Delivered: 500}), at)
	tests := []struct {
		name  string
		t     ledger.Recipients
		after time.Duration
		want  string
	}{
		{"at the first look", ledger.Recipients{Waiting: 1000, Delivered: 500}, 0, "0/s"},
		{"in the middle", ledger.Recipients{Waiting: 600, Offered: 200, Accepted: 100, Delivered: 600}, 10 * time.Second, "20/s · 41s left"},
		{"at the end", ledger.Recipients{Delivered: 1500}, 20 * time.Second, "50/s"},
	}
	for _, tt := range tests {
		if got := s.words(&wordsEN, tallyOf(tt.t), at.Add(tt.after)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
