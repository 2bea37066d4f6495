package ledger

import "syscall"

// peerUser is the user whose process listens on the other end of a socket; -1: it is not
// known.
func peerUser(fd int) int {
	c, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return -1
	}
	return int(c.Uid)
}
