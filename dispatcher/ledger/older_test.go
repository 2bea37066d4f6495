package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
)

// older copies a ledger's file into one of an older schema.
func older(t *testing.T, file, old string, version int64) {
	t.Helper()
	ctx := t.Context()
	db, err := sql.Open("sqlite", "file:"+old)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // ATTACH is of one connection
	files, err := schemaFiles()
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dialectFS{files, sqliteDialect}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`ATTACH ? AS whole`, file); err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if k.since > version {
			continue
		}
		columns := columnsOf(t, db, "main."+k.table)
		if slices.Contains(columns, "") {
			t.Fatalf("%s has no columns", k.table)
		}
		list := strings.Join(columns, ", ")
		if _, err := db.Exec(fmt.Sprintf(`INSERT INTO main.%s (%s) SELECT %s FROM whole.%s`, k.table, list, list, k.table)); err != nil {
			t.Fatal(err)
		}
	}
}

func columnsOf(t *testing.T, db *sql.DB, table string) []string {
	t.Helper()
	rows, err := db.Query(`SELECT * FROM ` + table + ` LIMIT 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

func TestABackupOfEveryOlderSchemaIsRestored(t *testing.T) {
	aFile(t)
	dir := t.TempDir()
	l := open(t, dir)
	work(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	last, err := ownSchema()
	if err != nil {
		t.Fatal(err)
	}
	for version := int64(1); version < last; version++ {
		t.Run(fmt.Sprint("schema ", version), func(t *testing.T) {
			backup, restored := filepath.Join(t.TempDir(), "backup.db"), Options{Dir: t.TempDir()}
			older(t, filepath.Join(dir, "ledger.db"), backup, version)
			if err := Restore(t.Context(), restored, backup); err != nil {
				t.Fatal(err)
			}
			got := reportOf(t, restored)
			if want := (Recipients{InDoubt: 7, Accepted: 1, Delivered: 2}); got.Recipients != want || !got.Balanced || got.State != Paused {
				t.Errorf("got %+v, %s, balanced %v, want %+v, paused", got.Recipients, got.State, got.Balanced, want)
			}
		})
	}
}

func TestABackupOfANewerSchemaIsRefused(t *testing.T) {
	aFile(t)
	dir := t.TempDir()
	l := open(t, dir)
	work(t, l)
	if _, err := l.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	restored := Options{Dir: t.TempDir()}
	if err := Restore(t.Context(), restored, filepath.Join(dir, "ledger.db")); !errors.Is(err, ErrTooOld) {
		t.Errorf("got %v, want %v", err, ErrTooOld)
	}
}
