package ledgertest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A Blank fills data folders with a ledger that holds nothing. Make makes the first, in a
// folder that is removed; all others are copies of it: the schema's migrations take far
// longer, above all under -race.
type Blank struct {
	Make func(dir string) error

	once  sync.Once
	files map[string][]byte
	err   error
}

// Fill fills dir, when nothing is there.
func (b *Blank) Fill(t testing.TB, dir string) {
	t.Helper()
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return
	}
	b.once.Do(b.read)
	if b.err != nil {
		t.Fatal(b.err)
	}
	for name, data := range b.files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// read makes the first ledger and keeps its files.
func (b *Blank) read() {
	dir, err := os.MkdirTemp("", "tocsin-blank-")
	if b.err = err; err != nil {
		return
	}
	defer os.RemoveAll(dir)
	if b.err = b.Make(dir); b.err != nil {
		return
	}
	made, err := os.ReadDir(dir)
	b.files, b.err = map[string][]byte{}, err
	for _, e := range made {
		if b.files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			b.err = err
		}
	}
}
