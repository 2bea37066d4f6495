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
}
