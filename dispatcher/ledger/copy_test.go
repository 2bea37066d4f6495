package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/providers/sms"
)

// work takes a campaign of ten as far as a ledger can be in the middle of one: two
// delivered, one accepted, one offered and six waiting, and a receipt of nobody.
func work(t *testing.T, l *Ledger) {
	t.Helper()
	plan(t, l, "k", 10, 4)
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2, 3)
	settle(t, l, k, taken("r0", "r1", "r2"), 0, 1, 2)
	if _, err := l.Receive("a", []sms.Receipt{
		{To: first, Ref: []byte("r0"), State: sms.Delivered},
		{To: first + 2, Ref: []byte("r1"), State: sms.Delivered},
		{To: 4412345678, Ref: []byte("r9"), State: sms.Delivered},
	}, nil); err != nil {
		t.Fatal(err)
	}
}

func reportOf(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := r.Report(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	checked, err := r.Check(t.Context())
	if err != nil || len(checked.Findings) > 0 || checked.Recipients != 10 || checked.Pages != 3 {
		t.Errorf("check: got %+v, %v, want nothing found in 3 pages of 10", checked, err)
	}
	return got
}

func exportOf(t *testing.T, o Options) string {
	t.Helper()
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b strings.Builder
	if err := r.Export(t.Context(), "k", &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestABackupOfALedgerAtWorkIsRestoredPausedAndInDoubt(t *testing.T) {
	from, file := options(t, t.TempDir()), filepath.Join(t.TempDir(), "backup")
	l := openWith(t, from)
	work(t, l)
	if err := Backup(t.Context(), from, file); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file for its owner alone", info, err)
	}
	if err := Backup(t.Context(), from, file); err == nil {
		t.Error("a second backup was written over the first")
	}
	l.Close()
	for name, to := range map[string]Options{"the same kind": options(t, t.TempDir()), "a file": {Dir: t.TempDir()}} {
		if err := Restore(t.Context(), to, file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := reportOf(t, to)
		if want := (Recipients{InDoubt: 7, Accepted: 1, Delivered: 2}); r.Recipients != want || r.State != Paused || !r.Balanced {
			t.Errorf("%s: got %+v, %s, balanced %v, want %+v, paused", name, r.Recipients, r.State, r.Balanced, want)
		}
		if !strings.Contains(r.Note, "restored from a backup of ") {
			t.Errorf("%s: got the note %q, want it to say why", name, r.Note)
		}
		if err := Restore(t.Context(), to, file); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("%s: got %v for restoring into it again, want %v", name, err, ErrNotEmpty)
		}
	}
}

func TestAMovedLedgerIsTheSame(t *testing.T) {
	steps := []Options{options(t, t.TempDir()), {Dir: t.TempDir()}, options(t, t.TempDir())}
	l := openWith(t, steps[0])
	work(t, l)
	l.Close()
	openWith(t, steps[0]).Close() // what was offered is in doubt with the next process, here as there
	want, rows := reportOf(t, steps[0]), exportOf(t, steps[0])
	for i, to := range steps[1:] {
		if err := Move(t.Context(), steps[i], to); err != nil {
			t.Fatal(err)
		}
		if got := reportOf(t, to); got.Recipients != want.Recipients || got.State != want.State || got.Segments != want.Segments {
			t.Errorf("step %d: got %+v, want %+v", i+1, got, want)
		}
		if got := exportOf(t, to); got != rows {
			t.Errorf("step %d: got other people:\n%s\nwant\n%s", i+1, got, rows)
		}
	}
	l = openWith(t, steps[2])
	defer l.Close()
	if got := l.Orphans(); got != 1 {
		t.Errorf("got %d receipts of nobody, want 1", got)
	}
}

func TestCheckFindsAPageThatIsNotWhatItsRowSays(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	work(t, l)
	l.Close()
	l = openWith(t, o)
	if _, err := l.db.ExecContext(context.Background(), `UPDATE page SET waiting = waiting - 1, failed = failed + 1 WHERE id = 2`); err != nil {
		t.Fatal(err)
	}
	l.contents.close()
	l.store.close()
	l.db.Close()
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := r.Check(t.Context())
	if err != nil || len(got.Findings) != 1 || got.Findings[0].Page != 2 || got.Findings[0].Campaign != "k" {
		t.Errorf("got %+v, %v, want page 2 found", got, err)
	}
}
