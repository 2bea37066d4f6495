package sms

import "time"

// A Receipt is the carrier's later word on one segment.
type Receipt struct {
	// To is the recipient the receipt speaks of.
	To Number
	// Ref is the carrier's reference as it stands in the receipt; empty when it
	// gives none. It is valid only until the receive function returns.
	Ref []byte
	// State is Delivered or Failed, or Accepted for an intermediate word
	// (buffered, on its way) that settles nothing.
	State State
	// Reason says why it failed; None otherwise.
	Reason Reason
	// Code is the carrier's own error number, 0 when it gave none.
	Code uint32
	// Time is when it was delivered or given up, by the carrier's clock, in
	// milliseconds since 1970; 0 when the receipt does not say.
	Time int64
	// Whole: it speaks of every segment of the message, as a gateway's receipt does
	// that takes texts whole.
	Whole bool
}

// Incoming is a message that a person sent, or anything else that arrived and is
// no receipt.
type Incoming struct {
	From, To string
	Text     string
	Time     time.Time
	Ref      string // what the carrier calls it, the same each time it says it; "": it has no name
	Part     Part   // of a longer message, when it is one
}

// A ReceiveFunc takes receipts and incoming messages off a provider's hands. It
// returns nil once they are on disk: only then may the carrier be told. On an
// error nothing may be acknowledged: the carrier will say it again, and twice is
// nothing. It may be called from several goroutines; it does not keep the slices.
type ReceiveFunc func(receipts []Receipt, incoming []Incoming) error
