package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockDir takes the data folder for this process, until it ends or closes the file.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for range 5 { // a reader has it for a moment: see atWork
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return f, nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	f.Close()
	return nil, fmt.Errorf("%w: %s", ErrBusy, dir)
}

const lockName = "ledger.lock"

// private makes the ledger's files, whether they are there yet or not, files for their
// owner alone: they hold numbers. SQLite gives those that it makes the mode of ledger.db.
// It returns the names of those that others could read or write.
func private(dir string) (open []string, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "ledger.db"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	for _, name := range []string{"ledger.db", "ledger.db-wal", "ledger.db-shm", markName, sumsName, lockName} {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if errors.Is(err, os.ErrNotExist) || err == nil && info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err == nil {
			err = os.Chmod(path, 0o600)
		}
		if err != nil {
			return nil, err
		}
		open = append(open, name)
	}
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o002 != 0 { // anybody could put files in their place
		open = append(open, dir)
		err = os.Chmod(dir, info.Mode().Perm()&^0o002)
	}
	return open, err
}
