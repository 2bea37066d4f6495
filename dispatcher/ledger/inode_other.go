//go:build !linux

package ledger

// inodeOf is the inode of the file with a name; a syscall.Errno when there is none.
func inodeOf(path string) (inode, error) { return statOf(path) }
