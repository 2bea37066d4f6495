package ledger

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestAnInodeTellsFilesApartAsStatDoes compares inodeOf with what stat says of the same names.
func TestAnInodeTellsFilesApartAsStatDoes(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(path(name), []byte("the same"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(path("a"), path("a second name")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path("a"), path("a link")); err != nil {
		t.Fatal(err)
	}
	a, err := inodeOf(path("a"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"a": true, "a second name": true, "a link": true, "b": false} {
		got, err := inodeOf(path(name))
		if err != nil || (got == a) != want {
			t.Errorf("%s: got %v, %v beside %v, want the same: %v", name, got, err, a, want)
		}
		if stat, err := statOf(path(name)); err != nil || stat != got {
			t.Errorf("%s: got %v, and stat says %v, %v", name, got, stat, err)
		}
	}
	if got, err := inodeOf(path("nothing")); err != syscall.ENOENT {
		t.Errorf("got %v, %v of a file that is not there, want %v", got, err, syscall.ENOENT)
	}
}
