package link

import (
	"errors"
	"net"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A Protocol logs in.
type Protocol interface {
	// Login logs in on a new connection, and returns the Speaker of the connection once the
	// carrier has accepted the login. The connection's deadline is set. ErrCredentials:
	// the login must not be repeated, because the account could be locked.
	Login(conn net.Conn, r *wire.Reader, role Role) (Speaker, error)
}

// A Speaker writes and reads a protocol's frames on one connection. Submit is called
// by one goroutine at a time, Hear by the one that reads.
type Speaker interface {
	// Submit appends the request that carries u, which may not be kept.
	Submit(b []byte, sequence uint32, u Unit) []byte
	// Hear takes a frame that arrived and says to s what it is. The frame may not be
	// kept. An error ends the session.
	Hear(frame []byte, s *Session) error
	// Most is how many messages like m one request may carry, or any one segment of them.
	// The account's Batch is a limit besides.
	Most(m *sms.Message) int
	// Say appends the request that is w; b as it is when the protocol has none. Hear
	// returns ErrGoodbye when a Goodbye is answered.
	Say(b []byte, w Word, sequence uint32) []byte
}

// A Word is a request without a message.
type Word uint8

const (
	Test    Word = iota // the peer answers it, and it means nothing
	Goodbye             // it ends the session
)

// A Role is what a connection is logged in for.
type Role struct {
	Kind  uint32 // the protocol's own word for it
	Sends bool   // submits may be sent on it
}

// A Unit is what one request carries: neighbouring messages with the same content and
// envelope, whole or one segment of them all.
type Unit struct {
	Msgs []sms.Message
	Part int // which segment, from 0; -1: whole messages
}

// A Verdict is what an answer says of a message.
type Verdict struct {
	Outcome sms.Outcome
	Reason  sms.Reason
}

// Taken is the verdict on what the carrier took.
var Taken = Verdict{sms.Taken, sms.None}

var (
	// ErrCredentials says that the carrier refused the login. A protocol wraps it with
	// what its settings are called.
	ErrCredentials = errors.New("trying again would lock the account")
	// ErrGoodbye says that the session ended as it should.
	ErrGoodbye = errors.New("the carrier said goodbye")
)
