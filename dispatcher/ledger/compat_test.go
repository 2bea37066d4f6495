package ledger

import (
	"errors"
	"strings"
	"testing"
)

func TestALedgerOfTheNextVersionIsWorkedOnAndOneOfTheOneAfterIsNot(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 8, 4)
	for _, statement := range []string{
		// What the next version's migration may have done.
		`ALTER TABLE page ADD COLUMN tried BIGINT NOT NULL DEFAULT 0`,
		`ALTER TABLE campaign ADD COLUMN colour TEXT NOT NULL DEFAULT ''`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, ` + map[bool]string{true: "true", false: "1"}[l.shared] + `)`,
	} {
		if _, err := l.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	k := claim(t, l)
	offer(t, l, k, 0)
	settle(t, l, k, taken("r"), 0)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	plan(t, l, "k2", 4, 4)
	if got := l.Tally(1); got.Accepted != 1 || got.Waiting != 7 || got.Imbalance != 0 {
		t.Errorf("got %+v, want one accepted and seven waiting", got)
	}
	if _, err := l.db.Exec(`UPDATE compat SET oldest = 999`); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), options(t, dir))
	if !errors.Is(err, ErrTooOld) || !strings.Contains(err.Error(), "install the newer one") {
		t.Errorf("got %v, want %v and what to do", err, ErrTooOld)
	}
	if _, err := OpenReader(options(t, dir)); !errors.Is(err, ErrTooOld) {
		t.Errorf("got %v of a reader, want %v", err, ErrTooOld)
	}
}

// TestASharedLedgerGetsChecksumsWhenNoOlderProgramIsAtWork: an older one cannot read them.
func TestASharedLedgerGetsChecksumsWhenNoOlderProgramIsAtWork(t *testing.T) { // D10
	dir := t.TempDir()
	first := open(t, dir)
	if !first.shared {
		first.Close()
		t.Skip("about ledgers that processes share")
	}
	defer first.Close()
	// As the previous version has left it, with one of its processes at work.
	for _, statement := range []string{
		`UPDATE compat SET oldest = 12`,
		`INSERT INTO owner (id, beat, started, build, lines) VALUES ('old', ` + databaseNow + `, 0, '', '')`,
	} {
		if _, err := first.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, dir)
	defer l.Close()
	begins := func(key string) (is byte) {
		t.Helper()
		plan(t, l, key, 4, 4)
		var numbers []byte
		if err := l.db.QueryRow(`SELECT numbers FROM content ORDER BY page DESC LIMIT 1`).Scan(&numbers); err != nil {
			t.Fatal(err)
		}
		return numbers[0]
	}
	if got := begins("k"); got == sealed {
		t.Error("an older program is at work, and cannot read what was planned")
	}
	if _, err := first.db.Exec(`DELETE FROM owner WHERE id = 'old'`); err != nil {
		t.Fatal(err)
	}
	first.seals = false // as if it had not led before
	for _, each := range []*Ledger{first, l} {
		if err := each.beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := begins("k2"); got != sealed {
		t.Errorf("no older program is at work: got numbers that begin with %d, want a checksum", got)
	}
	var oldest int64
	if err := l.db.QueryRow(`SELECT oldest FROM compat`).Scan(&oldest); err != nil || oldest != sealedSince {
		t.Errorf("got %d, %v: an older program could start, want %d", oldest, err, sealedSince)
	}
	r, err := OpenReader(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if done, err := r.Check(t.Context()); err != nil || len(done.Findings) > 0 {
		t.Errorf("got %+v, %v, want that pages with and without are read", done, err)
	}
}
