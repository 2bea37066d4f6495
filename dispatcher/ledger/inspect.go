package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrGone says that a data folder has had a ledger, and has none any more.
var ErrGone = errors.New("the ledger is gone")

// A standing is what a look at a data folder has found, before SQLite opens anything in it.
type standing struct {
	mark *mark // nil: none that can be read
	sums *sums // nil: none that can be read
	wal  *wal
	none bool // there is no ledger yet
	// Commits are lost that were on the disk once: the ledger is as it was before them.
	back bool
	// Why less is known than should be; "": all is. What is in the ledger has to be held
	// against itself then.
	unsure string
}

// inspect compares the files of a data folder: the write-ahead log with the mark, and
// ledger.db with its sums. ErrDamaged: they may not be worked with.
// ErrGone: there is a mark and no ledger.
func inspect(dir string) (*standing, error) {
	s := &standing{}
	file := filepath.Join(dir, "ledger.db")
	info, err := os.Stat(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	s.none = err != nil || info.Size() == 0
	var markErr, sumsErr error
	if s.mark, markErr = readMark(dir); markErr != nil && !errors.Is(markErr, errMark) {
		return nil, markErr
	}
	if s.sums, sumsErr = readSums(dir); sumsErr != nil && !errors.Is(sumsErr, errSums) {
		return nil, sumsErr
	}
	if s.none {
		return s, s.absent(dir, markErr)
	}
	if err := s.readLog(file, markErr); err != nil {
		return nil, damaged(dir, err)
	}
	switch {
	case sumsErr != nil:
		s.unsure = sumsErr.Error()
	case s.sums == nil && s.mark != nil:
		s.unsure = "ledger.sums is not there"
	case s.sums == nil:
		s.unsure = "it was made by a version of tocsin that kept no sums of it, or copied here"
	case s.mark != nil && s.mark.id != s.sums.id:
		return nil, damaged(dir, fmt.Errorf("%w: ledger.mark and ledger.sums are of different ledgers", ErrDamaged))
	}
	if s.sums == nil {
		return s, nil
	}
	return s, damaged(dir, s.comparePages(file))
}

// ErrBehind says that a ledger has lost commits that were on the disk once.
var ErrBehind = errors.New("the ledger is older than it was")

// lookAt is inspect for a process that only reads. It does not look at a folder that another
// process works on: that process has inspected the files, and is changing them.
func lookAt(dir string) (err error) {
	for range 3 { // a process may come and go meanwhile
		if atWork(dir) {
			return nil
		}
		var found *standing
		if found, err = inspect(dir); err == nil && found.back {
			err = fmt.Errorf("%w: what was written last is not in it; tocsin run or serve takes it as it is, with every campaign paused and "+
				"everybody open in doubt; or restore a backup that is newer", ErrBehind)
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// atWork reports whether a process works on the ledger of a folder.
func atWork(dir string) bool {
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	defer lock.Close()
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}

// absent says whether a ledger that is not there has been there.
func (s *standing) absent(dir string, markErr error) error {
	if s.mark == nil && markErr == nil && s.sums == nil {
		return nil
	}
	return fmt.Errorf("%w: %s has the mark of a ledger but no ledger.db: put the file back, or restore a backup with tocsin ledger restore; "+
		"planning anew would send to everybody again; remove ledger.mark and ledger.sums only if that is wanted", ErrGone, dir)
}

// forget removes what speaks of a ledger that is gone.
func forget(dir string) error {
	for _, name := range []string{markName, sumsName, "ledger.db-wal", "ledger.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// readLog reads the write-ahead log and compares it with the mark.
func (s *standing) readLog(file string, markErr error) (err error) {
	var want position
	if s.mark != nil {
		want = s.mark.at
	}
	if s.wal, err = walkWAL(file+"-wal", want); err != nil {
		return err
	}
	if s.wal.beyond > 1 {
		return fmt.Errorf("%w: commits follow on a frame that is not as it was written", errWAL)
	}
	switch m := s.mark; {
	case m == nil:
		// Without a mark the last commit may be one that was on the disk. With sums there
		// has been a mark.
		s.back = s.wal.beyond > 0 || markErr != nil || s.sums != nil
	case m.lost:
		s.back = true
	case s.wal.empty:
		s.back = !m.copied
	case s.wal.end.salt != m.at.salt:
		if !m.copied || !s.wal.follows(m) {
			return fmt.Errorf("%w: it is not the one that belongs to ledger.db now", errWAL)
		}
		s.back = s.wal.beyond > 0
	case s.wal.reached && s.wal.beyond > 0:
		if m.boot == thisBoot() { // the machine did not stop: every mark was kept
			return fmt.Errorf("%w: its last commit is not as it was written", errWAL)
		}
		s.back = true
	case !s.wal.reached && m.copied: // it would take pages of ledger.db back to what they were
		return fmt.Errorf("%w: ledger.db is newer", errWAL)
	default:
		s.back = !s.wal.reached
	}
	return nil
}

// follows reports whether a log was begun after the one that a mark names.
func (w *wal) follows(m *mark) bool {
	next := m.at.salt
	for i := 3; i >= 0; i-- { // SQLite adds 1 to the first salt
		if next[i]++; next[i] != 0 {
			break
		}
	}
	return [4]byte(w.end.salt[:4]) == [4]byte(next[:4]) || m.begins && w.sequence == 0
}

// comparePages compares the pages of ledger.db with their sums.
func (s *standing) comparePages(file string) error {
	pages, err := pagesOf(file, s.sums.size)
	if err != nil {
		return err
	}
	if n := s.sums.differs(pages, s.wal.pages); n > 0 {
		return fmt.Errorf("%w: page %d of ledger.db is not as it was written", ErrDamaged, n)
	}
	return nil
}

// damaged says what to do about damage; nil stays nil.
func damaged(dir string, err error) error {
	if err == nil || !errors.Is(err, errWAL) && !errors.Is(err, ErrDamaged) {
		return err
	}
	if errors.Is(err, errWAL) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("%w: nothing is sent; keep a copy of %s, move its files ledger.* away, and restore the last backup with tocsin ledger restore: "+
		"whom it does not know about is in doubt then", err, dir)
}
