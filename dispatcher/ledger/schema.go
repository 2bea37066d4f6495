package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed schema/*.sql
var schema embed.FS

// A dialect is what one database wants told differently in the one schema.
type dialect struct {
	name    string // as the schema's comments call it
	there   string // a query that counts the tables called compat
	goose   goose.Dialect
	options []goose.ProviderOption
	// words in the schema, and what this database calls them
	words *strings.Replacer
}

var sqliteDialect = dialect{
	name: "sqlite", goose: goose.DialectSQLite3, words: strings.NewReplacer(),
	there: `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'compat'`,
}

// only is a part of the schema that is for one database alone.
var only = regexp.MustCompile(`/\*(sqlite|postgres): (.*?) \*/`)

// migrate brings the schema up to date. Each file is one transaction.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	files, err := schemaFiles()
	if err != nil {
		return err
	}
	own, err := newest(files)
	if err != nil {
		return err
	}
	if err := compatible(ctx, db, d, own); err != nil {
		return err
	}
	options := append([]goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}, d.options...)
	p, err := goose.NewProvider(d.goose, db, dialectFS{files, d}, options...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// schemaFiles are the migrations that this program brings.
func schemaFiles() (fs.FS, error) {
	files, err := fs.Sub(schema, "schema")
	if err == nil && nextSchema != nil {
		files = joined{files, nextSchema}
	}
	return files, err
}

// ownSchema is the number of the schema that this program brings.
func ownSchema() (int64, error) {
	files, err := schemaFiles()
	if err != nil {
		return 0, err
	}
	return newest(files)
}

// newest is the number of the last migration, which is what a schema is called.
func newest(files fs.FS) (int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, err
	}
	var last int64
	for _, name := range names {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		last = max(last, n)
	}
	return last, nil
}

// ErrTooOld says that a ledger was brought up to date by a program that is newer by more
// than one version.
var ErrTooOld = errors.New("this ledger belongs to a newer tocsin")

// compatible refuses a ledger that programs of schema own may not work on. One that says
// nothing was never there, or is older.
func compatible(ctx context.Context, db *sql.DB, d dialect, own int64) error {
	var there int
	err := db.QueryRowContext(ctx, d.there).Scan(&there)
	if err != nil || there == 0 {
		return err
	}
	return readable(ctx, db, own)
}

// readable is compatible of a ledger that says which programs may work on it.
func readable(ctx context.Context, db *sql.DB, own int64) error {
	var oldest int64
	if err := db.QueryRowContext(ctx, `SELECT oldest FROM compat`).Scan(&oldest); err != nil {
		return fmt.Errorf("read which programs may work on it: %w", err)
	}
	if own < oldest {
		return fmt.Errorf("%w: it is for programs of schema %d and later, and this one is of %d: install the newer one here too", ErrTooOld, oldest, own)
	}
	return nil
}

// joined is the files of two folders.
type joined struct{ first, second fs.FS }

// Open opens a file of either.
func (j joined) Open(name string) (fs.File, error) {
	if f, err := j.second.Open(name); err == nil && name != "." {
		return f, nil
	}
	return j.first.Open(name)
}

// ReadDir lists the files of both.
func (j joined) ReadDir(name string) ([]fs.DirEntry, error) {
	a, err := fs.ReadDir(j.first, name)
	if err != nil {
		return nil, err
	}
	b, err := fs.ReadDir(j.second, name)
	return append(a, b...), err
}

// dialectFS is the schema's files in the words of one database.
type dialectFS struct {
	fs.FS
	d dialect
}

// Open opens a file of the schema.
func (f dialectFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	said := only.ReplaceAllStringFunc(f.d.words.Replace(string(text)), func(part string) string {
		if m := only.FindStringSubmatch(part); m[1] == f.d.name {
			return m[2]
		}
		return ""
	})
	return &dialectFile{file, strings.NewReader(said)}, nil
}

// ReadDir lists the schema's files.
func (f dialectFS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.FS, name) }

// Glob finds files by pattern.
func (f dialectFS) Glob(pattern string) ([]string, error) { return fs.Glob(f.FS, pattern) }

type dialectFile struct {
	fs.File
	text *strings.Reader
}

// Read reads the text in the database's words.
func (f *dialectFile) Read(b []byte) (int, error) { return f.text.Read(b) }
