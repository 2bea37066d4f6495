package web

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"tocsin/campaigns"
)

// A Room says how much of a file system files may take that are needed for a while only:
// what is uploaded, and what a plan sorts on disk. The ledger's own file system keeps a
// reserve for the ledger.
type Room struct {
	// Ledger is the ledger's folder.
	Ledger string
	// Reserve is how many octets are kept free on the ledger's file system; negative: the
	// larger of 2 GB and a tenth of it, and of a small one a quarter.
	Reserve int64
}

// The reserve, unless the configuration has another one.
const (
	reserveLeast  = 2_000_000_000
	reserveShare  = 10 // a tenth of the file system
	reserveSmall  = 4  // at most a quarter of a small one
	reserveOthers = 20 // a twentieth of one that the ledger is not on
	reserveMost   = 1_000_000_000
)

// Check reports whether a file in a folder may grow by some octets: campaigns.ErrNoRoom
// when it may not. It makes the folder where there is none.
func (r *Room) Check(dir string, octets int64) error {
	free, err := r.Free(dir)
	if err != nil {
		return err
	}
	if octets > free {
		return fmt.Errorf("%w in %s beside what is kept free for the ledger: free space, or name another folder with spool.folder in the configuration",
			campaigns.ErrNoRoom, dir)
	}
	return nil
}

// Free is how many octets files in a folder may take.
func (r *Room) Free(dir string) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(dir, &s)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(dir, 0o700); err == nil {
			err = syscall.Statfs(dir, &s)
		}
	}
	if err != nil {
		return 0, &os.PathError{Op: "look for room in", Path: dir, Err: err}
	}
	block := int64(s.Bsize)
	return int64(s.Bavail)*block - r.reserve(int64(s.Blocks)*block, sameSystem(dir, r.Ledger)), nil
}

// reserve is what is kept free of a file system.
func (r *Room) reserve(size int64, ledgers bool) int64 {
	switch {
	case !ledgers:
		return min(size/reserveOthers, reserveMost)
	case r.Reserve >= 0:
		return r.Reserve
	}
	return max(size/reserveShare, min(reserveLeast, size/reserveSmall))
}

// sameSystem reports whether two folders are on one file system; one that is not there
// yet is on that of its parent.
func sameSystem(a, b string) bool {
	x, err := device(a)
	y, err2 := device(b)
	return err != nil || err2 != nil || x == y
}

func device(dir string) (uint64, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return 0, err
	}
	var s syscall.Stat_t
	for err = syscall.Stat(dir, &s); errors.Is(err, os.ErrNotExist) && dir != filepath.Dir(dir); err = syscall.Stat(dir, &s) {
		dir = filepath.Dir(dir)
	}
	return uint64(s.Dev), err
}

// SpoolFolder is where uploads and what a plan sorts on disk are kept while they are
// needed: the folder that is set, or else one on another file system than the ledger's
// where the system's temporary files are on one that is a disk, or else one beside the
// ledger's folder.
func SpoolFolder(ledger, set string) string {
	if set != "" {
		return set
	}
	if temp := os.TempDir(); !sameSystem(temp, ledger) && !inMemory(temp) {
		return filepath.Join(temp, fmt.Sprintf("tocsin-spool-%d", os.Geteuid()))
	}
	beside := filepath.Clean(ledger) + ".spool"
	if writable(filepath.Dir(beside)) {
		return beside
	}
	return filepath.Join(ledger, "spool")
}

// writable reports whether this process may make files in a folder.
func writable(dir string) bool {
	const write, search = 2, 1
	return syscall.Access(dir, write|search) == nil
}

// inMemory reports whether a folder's files are in memory.
func inMemory(dir string) bool {
	const tmpfs, ramfs = 0x01021994, 0x858458f6
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return false
	}
	return uint32(s.Type) == tmpfs || uint32(s.Type) == ramfs
}
