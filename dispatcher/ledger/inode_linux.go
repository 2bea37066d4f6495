package ledger

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// An inode tells one file from another, whatever their names are.
type inode struct{ dev, ino uint64 }

// inodeOf is the inode of the file with a name; a syscall.Errno when there is none. It asks
// for nothing else: since Linux 6.13 a file whose times were asked for has its inode written
// again at its next change, which was one more write to the disk for each transaction
// (https://docs.kernel.org/filesystems/multigrain-ts.html).
func inodeOf(path string) (inode, error) {
	var s unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO, &s)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // an old kernel, or an old container's rules
		return statOf(path)
	}
	if err != nil {
		return inode{}, err
	}
	return inode{dev: unix.Mkdev(s.Dev_major, s.Dev_minor), ino: s.Ino}, nil
}

func statOf(path string) (inode, error) {
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		return inode{}, err
	}
	return inode{dev: s.Dev, ino: s.Ino}, nil
}
