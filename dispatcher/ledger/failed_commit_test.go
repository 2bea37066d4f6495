package ledger

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A commit whose sync fails leaves its frames in the log, valid by their own checksums,
// and SQLite takes it back: it is in no sum and copied nowhere.
func TestACommitThatFailedIsInNoSum(t *testing.T) { // D10
	aFile(t)
	dir := t.TempDir()
	l := open(t, dir)
	work(t, l)
	s := l.store.(*sqliteStore)
	appendFrame(t, dir, s.guard.mark.at)
	l.fail(errors.New("disk I/O error"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if s := l.store.(*sqliteStore); s.lost() {
		t.Error("the ledger is taken for one that has lost something")
	}
	done, err := (&Reader{db: l.db, contents: l.contents}).Check(t.Context())
	if err != nil || len(done.Findings) > 0 {
		t.Errorf("got %v, %v", done.Findings, err)
	}
}

// appendFrame writes a commit of one page behind at, as SQLite does before it syncs it.
func appendFrame(t *testing.T, dir string, at position) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "ledger.db-wal"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var head [walHeader]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		t.Fatal(err)
	}
	size := int64(binary.BigEndian.Uint32(head[8:]))
	frame := make([]byte, frameHeader+size)
	for i := range frame[frameHeader:] {
		frame[frameHeader+i] = byte(i)
	}
	binary.BigEndian.PutUint32(frame, 2)
	binary.BigEndian.PutUint32(frame[4:], 1000)
	copy(frame[8:], at.salt[:])
	sum := walSums{big: head[3]&1 == 1}.of(at.sum, frame[:8], frame[frameHeader:])
	binary.BigEndian.PutUint32(frame[16:], sum[0])
	binary.BigEndian.PutUint32(frame[20:], sum[1])
	if _, err := f.WriteAt(frame, walHeader+int64(at.frames)*(frameHeader+size)); err != nil {
		t.Fatal(err)
	}
}
