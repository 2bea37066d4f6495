package sms

// An Outcome is what is known of one message after it was offered.
type Outcome uint8

const (
	// NotSent: no byte of it left this machine. Safe to offer again.
	NotSent Outcome = iota
	// NotNow: the carrier answered that it did not take it and may take it
	// later (throttled, queue full, temporary fault). Safe to offer again.
	NotNow
	// Taken: the carrier took every segment.
	Taken
	// Refused: the carrier answered that it will never take it.
	Refused
	// Unknown: bytes left and no answer came. In doubt; never offered again
	// without a policy that says so.
	Unknown

	// Outcomes is how many there are.
	Outcomes = 5
)

var outcomeNames = [Outcomes]string{"not_sent", "not_now", "taken", "refused", "unknown"}

// String is the outcome's name in metrics and logs.
func (o Outcome) String() string {
	if o < Outcomes {
		return outcomeNames[o]
	}
	return "outcome?"
}

// An Ack is the immediate answer to one message.
type Ack struct {
	Outcome Outcome
	// Reason says why it was not taken; None when it was.
	Reason Reason
	// Code is the carrier's own number for the reason, 0 when it gave none.
	Code uint32
	// Done has bit i set when segment i is with the carrier, from this offer or
	// an earlier one. With NotNow and NotSent it is what the next offer's
	// Message.Done must say.
	Done uint16
	// Batch is true when Refs is shared with other recipients of one batch PDU,
	// so that a receipt may name another reference.
	Batch bool
	// Refs holds the carrier's references of the segments taken in this offer, in
	// order of segment; with Unknown, what a receipt would name if the carrier did take
	// it. It stays valid after Submit returns.
	Refs Refs
}

// Refs are the carrier's references of a message's segments, packed: for each
// segment one octet of length (0: not known, or not sent in this offer), then
// the reference as the carrier wrote it.
type Refs []byte

// AppendRef appends one segment's reference. A reference over 255 octets is cut.
func AppendRef(r Refs, ref []byte) Refs {
	if len(ref) > 255 {
		ref = ref[:255]
	}
	return append(append(r, byte(len(ref))), ref...)
}

// Next splits off the first segment's reference.
func (r Refs) Next() (ref []byte, rest Refs) {
	if len(r) == 0 || int(r[0])+1 > len(r) {
		return nil, nil
	}
	n := 1 + int(r[0])
	return r[1:n], r[n:]
}
