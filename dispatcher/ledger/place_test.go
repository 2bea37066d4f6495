package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestAFolderThatIsNotWhereItWasTakesNothingMore is case D13 at its least: the next
// transaction after the folder has gone breaks the ledger, and nobody opens another one
// of this name while its process lives.
func TestAFolderThatIsNotWhereItWasTakesNothingMore(t *testing.T) {
	aFile(t)
	dir := filepath.Join(t.TempDir(), "data")
	l := open(t, dir)
	plan(t, l, "k", 5, 5)
	k := claim(t, l)
	offer(t, l, k, 0)
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if other, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, %v, want %v", other, err, ErrBusy)
	}
	if other, err := Open(t.Context(), Options{Dir: dir + ".old"}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, %v, want %v", other, err, ErrBusy)
	}
	if err := l.Offer(k, []uint16{1}, []uint8{1}); !errors.Is(err, errAway) {
		t.Errorf("got %v, want %v", err, errAway)
	}
	if !errors.Is(l.Err(), errAway) {
		t.Errorf("got %v, want the ledger broken", l.Err())
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+".old", dir); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	defer l.Close()
	expect(t, l, "k", Recipients{Waiting: 3, InDoubt: 2}) // the intent of the second is in the file, and nothing was sent of it
}
