package sgip

import (
	"encoding/binary"
	"fmt"

	"tocsin/providers/wire"
)

// A Deliver is Deliver, SGIP 1.2 section 4.2.4: a message from a handset.
type Deliver struct {
	From     []byte // UserNumber
	To       []byte // SPNumber
	Protocol uint8  // TP_pid
	UDHI     uint8  // TP_udhi
	Coding   uint8  // MessageCoding
	Content  []byte
	Reserve  []byte
}

// Fields lists the body in wire order.
func (d *Deliver) Fields(f *wire.Fields) {
	f.Padded(&d.From, numberSize)
	f.Padded(&d.To, numberSize)
	f.Uint8(&d.Protocol)
	f.Uint8(&d.UDHI)
	f.Uint8(&d.Coding)
	f.Bytes32(&d.Content)
	f.Padded(&d.Reserve, 8)
}

// A Report is Report, SGIP 1.2 section 4.2.5: what became of one number of a Submit. It
// has no time.
type Report struct {
	Submit  Sequence // SubmitSequenceNumber: of the Submit
	Type    uint8    // ReportType: 0 of a Submit
	To      []byte   // UserNumber
	State   uint8
	Code    uint8 // ErrorCode
	Reserve []byte
}

// reportSize is the octets of a Report's body.
const reportSize = 12 + 1 + numberSize + 1 + 1 + 8

// parse reads what Fields would but for the reserve, by hand because it is read for
// every recipient.
func (r *Report) parse(body []byte) error {
	if len(body) != reportSize {
		return fmt.Errorf("%w: Report of %d octets", ErrPDU, len(body))
	}
	u32 := binary.BigEndian.Uint32
	r.Submit = Sequence{u32(body), u32(body[4:]), u32(body[8:])}
	r.Type, r.To, r.State, r.Code = body[12], wire.First(body[13:13+numberSize]), body[34], body[35]
	return nil
}

// States of a Report.
const (
	StateDelivered = 0
	StateWaiting   = 1
	StateFailed    = 2
)

// Fields lists the body in wire order.
func (r *Report) Fields(f *wire.Fields) {
	r.Submit.Fields(f)
	f.Uint8(&r.Type)
	f.Padded(&r.To, numberSize)
	f.Uint8(&r.State)
	f.Uint8(&r.Code)
	f.Padded(&r.Reserve, 8)
}

// A UserRpt is UserRpt, SGIP 1.2 section 4.2.14: a subscriber that has left, is
// suspended or is back.
type UserRpt struct {
	To        []byte // SPNumber
	User      []byte // UserNumber
	Condition uint8  // 0 left, 1 suspended, 2 back
	Reserve   []byte
}

// Fields lists the body in wire order.
func (u *UserRpt) Fields(f *wire.Fields) {
	f.Padded(&u.To, numberSize)
	f.Padded(&u.User, numberSize)
	f.Uint8(&u.Condition)
	f.Padded(&u.Reserve, 8)
}

// A Trace is Trace, SGIP 1.2 section 4.2.15: where a message of one number is.
type Trace struct {
	Submit  Sequence
	User    []byte
	Reserve []byte
}

// Fields lists the body in wire order.
func (t *Trace) Fields(f *wire.Fields) {
	t.Submit.Fields(f)
	f.Padded(&t.User, numberSize)
	f.Padded(&t.Reserve, 8)
}
