package link

import (
	"io"
	"net"
	"time"
)

// hangUpTime is how long a carrier has to close its side when ours is closed.
const hangUpTime = 2 * time.Second

// HangUp closes a connection on which the goodbye is said: first our side, then, when
// the carrier has closed its own, the rest. What it says until then is read and is
// nobody's. A connection that is closed with octets unread is reset instead: the carrier
// sees a fault where there is none, and may lose what it has not read yet.
func HangUp(conn net.Conn) {
	defer conn.Close()
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return
	}
	conn.SetDeadline(time.Now().Add(hangUpTime))
	if half.CloseWrite() == nil {
		io.Copy(io.Discard, conn)
	}
}
