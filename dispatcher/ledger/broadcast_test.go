package ledger

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestABroadcastIsKeptBeforeItLeavesAndOnlyItsFateChanges(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	b := Broadcast{
		Key: "k", At: 1000, Provider: "a", Who: "li", Why: "flood", Text: "Leave now", Areas: []string{"alias:riverside", "circle:1,2,3"},
		Content: 1, Repeat: 3, Every: 60_000, State: BroadcastInDoubt,
	}
	keep := func(b Broadcast) {
		t.Helper()
		if err := l.KeepBroadcast(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	keep(b)
	after := b
	after.State, after.Ref, after.Settled, after.Failed = BroadcastTaken, "b1", 2000, []string{"alias:nowhere"}
	changed := after
	changed.Who, changed.Text, changed.At = "wang", "Stay", 5
	keep(changed)
	for name, wrong := range map[string]func(b *Broadcast){
		"nobody sends it":   func(b *Broadcast) { b.Who = "" },
		"no reason":         func(b *Broadcast) { b.Why = "" },
		"nowhere":           func(b *Broadcast) { b.Areas = nil },
		"nobody cancels it": func(b *Broadcast) { b.Cancel = BroadcastTaken },
	} {
		w := b
		wrong(&w)
		if err := l.KeepBroadcast(t.Context(), w); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%s: got %v, want %v", name, err, ErrIncomplete)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := r.Broadcast(t.Context(), "k")
	if err != nil || !cmp.Equal(got, after) {
		t.Errorf("got %v, another:\n%s", err, cmp.Diff(after, got))
	}
	if _, err := r.Broadcast(t.Context(), "other"); !errors.Is(err, ErrNoBroadcast) {
		t.Errorf("got %v, want %v", err, ErrNoBroadcast)
	}
}
