package ledger

import "syscall"

// An inode tells one file from another, whatever their names are.
type inode struct{ dev, ino uint64 }

// statOf is the inode of the file with a name; a syscall.Errno when there is none.
func statOf(path string) (inode, error) {
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		return inode{}, err
	}
	return inode{dev: uint64(s.Dev), ino: s.Ino}, nil
}
