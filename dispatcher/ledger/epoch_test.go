package ledger

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"tocsin/providers/sms"
)

func TestOfManyWhoClaimAPageOneGetsIt(t *testing.T) {
	const races, racers = 1000, 4
	l := open(t, t.TempDir())
	defer l.Close()
	plan(t, l, "k", races, 1)
	tasks := l.Ready("a", sms.Routine, races)
	if len(tasks) != races {
		t.Fatalf("got %d pages, want %d", len(tasks), races)
	}
	var won, lost atomic.Int32
	var racing sync.WaitGroup
	for range racers {
		racing.Go(func() {
			for _, task := range tasks {
				switch _, err := l.Claim(t.Context(), task.Page, task.Epoch); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, ErrTaken):
					lost.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	racing.Wait()
	if won.Load() != races || lost.Load() != races*(racers-1) {
		t.Errorf("got %d claims won and %d lost, want %d and %d", won.Load(), lost.Load(), races, races*(racers-1))
	}
}

// A page that goes to another provider begins another epoch. That is in its row
// and not in the journal, which speaks of the epochs before.
func TestAPageThatWasReroutedIsWrittenAfterACrash(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 10, 10)
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2)
	settle(t, l, k, taken("A1", "A2", "A3"), 0, 1, 2)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	n, _, err := l.Reroute("a", anywhere, func(name string) bool { return name == "b" })
	if err != nil || n != 1 {
		t.Fatalf("got %d pages rerouted, %v, want 1", n, err)
	}
	crash(l)
	l = open(t, dir)
	receive(t, l, 1, "A2", sms.Delivered)
	tasks := l.Ready("b", sms.Routine, 10)
	if len(tasks) != 1 || tasks[0].Epoch != k.Epoch+1 {
		t.Fatalf("got tasks %+v, want one of epoch %d", tasks, k.Epoch+1)
	}
	if _, err := l.Claim(t.Context(), tasks[0].Page, k.Epoch); !errors.Is(err, ErrTaken) {
		t.Errorf("got %v for the task of the epoch before, want ErrTaken", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// anywhere is the policy of routes that say nothing.
func anywhere(sms.Route, sms.Class) bool { return true }
