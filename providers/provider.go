// Package providers knows how a carrier is spoken to: the contract every
// provider keeps, the routes that choose one, and the wrappers around them. It
// knows no campaign and no database; protocols are its sub-packages.
package providers

import (
	"context"

	"tocsin/providers/sms"
)

// A Provider is one account with one carrier.
type Provider interface {
	// Submit offers msgs, each once, and fills acks[i] for msgs[i]; acks is as
	// long as msgs. It returns when all are answered or ctx ends; what was not
	// answered says whether a byte of it left (NotSent: safe to offer again) or
	// may have left (Unknown: in doubt). With no connection up it returns at once
	// with NotSent and LineDown. It may be called from several goroutines, keeps
	// neither slice, and sends neighbouring messages with the same content,
	// envelope and Done bits as one batch where it can, segment by segment. What its envelope calls
	// over need not be sent: NotSent and TooLate. Messages are sent in
	// order of call; at most the provider's window of PDUs is unanswered at once.
	Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack)

	// Run keeps the connections up until ctx ends, then lets what is in flight be
	// answered for a short while, says goodbye to the carrier and returns nil. It
	// returns an error only when going on is pointless (bad credentials). A
	// receipt is acknowledged to the carrier only after receive returned nil; when
	// receive fails the connection is closed unacknowledged. Run is called once.
	Run(ctx context.Context, receive sms.ReceiveFunc) error

	// Line says how the provider's connections stand now. It is cheap.
	Line() Line
}

// A Line is a provider's connections at one instant.
type Line struct {
	Up          int // connections logged in
	Connections int // connections configured
	InFlight    int // PDUs sent and not answered
	Window      int // PDUs that may be unanswered, over all connections
	Batch       int // most recipients in one PDU
	// Congestion is how busy the carrier says it is, 0 to 100 as SMPP 5.0 has it: below 80
	// it could do more, from 80 to 90 it is where it should be, 100 is too much. 0 also
	// when it has said nothing for a while.
	Congestion uint8
	// Fault says in a few words why no connection is up; "" when one is.
	Fault string

	// Ill: the carrier does not do its work, so that nothing is up here although
	// there may be connections; see Breaker.
	Ill bool
	// Trial: it is ill, and the next few messages may be offered to find out.
	Trial bool
	// Stopped: Run has returned an error, and the carrier is not called any more.
	Stopped bool
}
