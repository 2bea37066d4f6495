package simulator

import (
	"tocsin/providers/cmpp"
	"tocsin/providers/sgip"
	"tocsin/providers/smgp"
)

// A dialect is a protocol as the carrier's end of one connection speaks it. It is the
// connection's own: deliver is called under the session's lock, the rest by its reader.
type dialect interface {
	// hear takes one frame and says to s what it is; nil is a length that cannot be right.
	hear(s *session, frame []byte)
	// answer appends the response to a submit: why it was put off or, for trouble none,
	// that it was taken but for r.refused.
	answer(b []byte, r *request, why trouble) []byte
	// name appends what the carrier calls message i of a submit, as its journal says it.
	name(b []byte, r *request, i int) []byte
	// deliver appends the receipt, whose acknowledgement will repeat the sequence number.
	deliver(b []byte, sequence uint32, r *receipt) []byte
	// reply appends a message from a handset in the same way.
	reply(b []byte, sequence uint32, r *receipt) []byte
}

// A protocol is what all connections of one kind have in common.
type protocol struct {
	new         func(c *Carrier) dialect
	port        string // where carriers listen
	least, most int    // octets of a frame
	goodbye     []byte // what the carrier says before it hangs up
	// whole: one bad number refuses the whole submit.
	whole bool
	// ranged: the messages of a batch have ids of their own, one behind the other.
	ranged bool
	// named: the client's own sequence number is the message's id.
	named bool
}

// protocols are those a carrier speaks.
var protocols = map[string]protocol{
	"smpp": {
		new: newSMPP, port: "2775", least: headerSize, most: maxFrame,
		goodbye: appendHeader(nil, unbind, 0, 0x7FFFFFFF),
	},
	"cmpp": {
		new: newCMPP, port: "7890", least: cmpp.HeaderSize, most: cmpp.MaxFrame,
		goodbye: cmpp.AppendEmpty(nil, cmpp.TerminateID, 0x7FFFFFFF), whole: true, ranged: true,
	},
	"sgip": {
		new: newSGIP, port: "8801", least: sgip.HeaderSize, most: sgip.MaxFrame, whole: true, named: true,
		goodbye: sgip.AppendEmpty(nil, sgip.UnbindID, sgip.Sequence{Node: smg, Count: 0x7FFFFFFF}),
	},
	"smgp": {
		new: newSMGP, port: "8890", least: smgp.HeaderSize, most: smgp.MaxFrame,
		goodbye: smgp.AppendEmpty(nil, smgp.ExitID, 0x7FFFFFFF), whole: true, ranged: true,
	},
	"http": {port: "13013"}, // Kannel's; see http.go
}

// trouble is why a carrier puts a whole submit off.
type trouble uint8

const (
	none         trouble = iota
	notLoggedIn          // or not for submits
	malformed            // it cannot be read
	nobody               // it has no destination
	aList                // it names a list that the carrier does not have
	noBatch              // the carrier takes none
	throttled            // over the rate
	queueFull            // the carrier's queue is
	wrongNumbers         // one of them, where that refuses all
)

// wanted is which receipts a submit asks for.
type wanted uint8

const (
	noReceipt wanted = iota
	anyReceipt
	onlyFailure
	onlySuccess
)

// A request is a submit as any protocol says it. It and what it points to are valid
// until the next one is read.
type request struct {
	command  uint32
	sequence uint32
	head     uint64 // what else its sequence number has: SGIP's node and time

	to      []destination
	refused []destination
	wanted  wanted
	coding  byte // as in text.go
	octets  []byte
	part    part
	at      int64 // not before: nanoseconds since 1970
	origin  *origin
	id      uint64 // of the first message
	ids     int    // how many messages have one
}

// A destination is one address of a submit; raw points into the read buffer.
type destination struct {
	number   uint64
	ton, npi byte
	raw      []byte
}

// An origin is the sender of a submit, which its receipts go back to.
type origin struct {
	ton, npi byte
	addr     []byte
}
