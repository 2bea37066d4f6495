package ledger

import (
	"path/filepath"
	"testing"
)

func TestABackupIsReadBeforeAnybodyHasWrittenToIt(t *testing.T) {
	dir, restored := t.TempDir(), t.TempDir()
	l := open(t, dir)
	defer l.Close()
	plan(t, l, "k", 10, 4)
	if _, err := l.db.Exec("VACUUM INTO ?", filepath.Join(restored, "ledger.db")); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(restored)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := r.Report(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if want := (Recipients{Waiting: 10}); got.Recipients != want || !got.Balanced {
		t.Errorf("got %+v balanced %v, want %+v", got.Recipients, got.Balanced, want)
	}
}
