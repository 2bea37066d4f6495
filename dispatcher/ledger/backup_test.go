package ledger

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABackupIsReadBeforeAnybodyHasWrittenToIt(t *testing.T) {
	aFile(t)
	dir, restored := t.TempDir(), t.TempDir()
	l := open(t, dir)
	defer l.Close()
	plan(t, l, "k", 10, 4)
	if _, err := l.db.Exec("VACUUM INTO ?", filepath.Join(restored, "ledger.db")); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(Options{Dir: restored})
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

func TestWhatTheLastProcessLeftHalfWrittenIsUndoneByTheReader(t *testing.T) {
	aFile(t)
	dir, killed := t.TempDir(), t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 10, 4)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// A transaction with a rollback journal, as when SQLite goes over to its
	// write-ahead log, that has spilled to the disk.
	file := filepath.Join(dir, "ledger.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_journal_mode=DELETE&_pragma=cache_size(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for i := range 200 {
		if _, err := tx.Exec(`INSERT INTO suppression (number, why, since) VALUES ($1, $2, 0)`, i, strings.Repeat("w", 4000)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"ledger.db", "ledger.db-journal"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(killed, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := OpenReader(Options{Dir: killed})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := r.Report(t.Context(), "k"); err != nil || got.Planned != 10 || !got.Balanced {
		t.Errorf("got %+v, %v, want the campaign as it was planned", got, err)
	}
}

func TestAFileWithoutASchemaIsNoLedger(t *testing.T) {
	aFile(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ledger.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReader(Options{Dir: dir}); !errors.Is(err, ErrNoLedger) {
		t.Errorf("got %v, want %v", err, ErrNoLedger)
	}
}
