package ledger

import (
	"context"
	"database/sql"
	"embed"
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
	goose   goose.Dialect
	options []goose.ProviderOption
	// words in the schema, and what this database calls them
	words *strings.Replacer
}

var sqliteDialect = dialect{name: "sqlite", goose: goose.DialectSQLite3, words: strings.NewReplacer()}

// only is a part of the schema that is for one database alone.
var only = regexp.MustCompile(`/\*(sqlite|postgres): (.*?) \*/`)

// migrate brings the schema up to date. Each file is one transaction.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	files, err := fs.Sub(schema, "schema")
	if err != nil {
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
