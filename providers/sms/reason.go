package sms

// A Reason says in one word of Tocsin's why a message was not taken or not
// delivered. Each protocol maps its own codes to these.
type Reason uint8

const (
	None           Reason = iota
	InvalidNumber         // the carrier does not know the number
	Unreachable           // switched off, out of coverage, absent
	Blocked               // barred by the subscriber, the carrier or a filter
	TooLate               // its validity was over at the carrier
	Throttled             // over the agreed rate
	QueueFull             // the carrier's queue is full
	CarrierFault          // a temporary fault at the carrier
	LineDown              // no connection, or it was cut
	NoAnswer              // the answer did not come in time
	BadSender             // sender not allowed on this account
	BadRequest            // refused as configured: look at the provider's settings
	NotPermitted          // account or service not authorised
	Rejected              // refused, and the carrier does not say why
	Poison                // it could not be encoded, again and again
	UnknownOutcome        // the carrier itself does not know what became of it

	OptedOut // the person wants no messages; nothing was offered

	// Reasons is how many there are.
	Reasons = 17
)

var reasonNames = [Reasons]string{
	"", "invalid_number", "unreachable", "blocked", "too_late", "throttled", "queue_full",
	"carrier_fault", "line_down", "no_answer", "bad_sender", "bad_request", "not_permitted",
	"rejected", "poison", "unknown_outcome", "opted_out",
}

// String is the reason's name in reports, exports and metrics; "" for None.
func (r Reason) String() string {
	if r < Reasons {
		return reasonNames[r]
	}
	return "reason?"
}
