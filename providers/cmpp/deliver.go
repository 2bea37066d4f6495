package cmpp

import (
	"encoding/binary"
	"fmt"

	"tocsin/providers/wire"
)

// A Deliver is CMPP_DELIVER, CMPP 3.0 section 7.4.5.1: a message from a handset, or a
// report.
type Deliver struct {
	Version Version

	ID         uint64 // Msg_Id, of this PDU
	To         []byte // Dest_Id: the number people sent to
	Service    []byte // Service_Id
	Protocol   uint8  // TP_pid
	UDHI       uint8  // TP_udhi
	Format     uint8  // Msg_Fmt
	From       []byte // Src_terminal_Id
	FromType   uint8  // from 3.0
	Registered uint8  // Registered_Delivery: 1 is a report
	Content    []byte
	Reserve    []byte // LinkID from 3.0
}

// Fields lists the body in wire order.
func (d *Deliver) Fields(f *wire.Fields) {
	f.Uint64(&d.ID)
	f.Padded(&d.To, 21)
	f.Padded(&d.Service, 10)
	f.Uint8(&d.Protocol)
	f.Uint8(&d.UDHI)
	f.Uint8(&d.Format)
	f.Padded(&d.From, d.Version.numberSize())
	if d.Version.wide() {
		f.Uint8(&d.FromType)
	}
	f.Uint8(&d.Registered)
	f.Bytes8(&d.Content)
	f.Padded(&d.Reserve, d.Version.reserveSize())
}

// A delivery is what is looked at of a Deliver. Its fields are as they stand, NULs and
// all.
type delivery struct {
	id                uint64
	to, from, content []byte
	udhi, format      uint8
	report            bool
}

// parse reads what Deliver.Fields would, by hand because it is read for every
// recipient. What stands behind the content is not looked at: there are gateways that
// leave some of it out, and a report is no less true for that. A content that is cut
// is what there is of it.
func (d *delivery) parse(body []byte, v Version) error {
	number := v.numberSize()
	at := 8 + 21 + 10 + 3 + number // the octet behind Src_terminal_Id
	if v.wide() {
		at++
	}
	if len(body) < at+2 {
		return fmt.Errorf("%w: DELIVER of %d octets", ErrPDU, len(body))
	}
	d.id, d.to = binary.BigEndian.Uint64(body), body[8:29]
	d.udhi, d.format, d.from = body[40], body[41], body[42:42+number]
	d.report = body[at] == 1
	d.content = body[at+2:]
	d.content = d.content[:min(int(body[at+1]), len(d.content))]
	return nil
}

// A DeliverAnswer is CMPP_DELIVER_RESP. It names the DELIVER's Msg_Id, not the report's.
type DeliverAnswer struct {
	Version Version
	ID      uint64
	Result  uint32
}

// Fields lists the body in wire order.
func (a *DeliverAnswer) Fields(f *wire.Fields) {
	f.Uint64(&a.ID)
	result(f, &a.Result, a.Version)
}

// A Report is the content of a DELIVER that is one, CMPP 3.0 section 7.4.5.1.
type Report struct {
	Short bool // its number has 21 octets, as in 2.0 and many a 3.0 gateway, not 32

	ID        uint64 // Msg_Id, of the submit
	State     []byte // Stat, 7 characters
	Submitted []byte // YYMMDDhhmm
	Done      []byte // YYMMDDhhmm
	To        []byte // Dest_terminal_Id
	Sequence  uint32 // SMSC_sequence
}

// Sizes of a Report, in octets.
const (
	shortReport = 60
	longReport  = 71 // CMPP 3.0.0 of November 2003, change 28
)

// Fields lists the content in wire order.
func (r *Report) Fields(f *wire.Fields) {
	f.Uint64(&r.ID)
	f.Padded(&r.State, 7)
	f.Padded(&r.Submitted, 10)
	f.Padded(&r.Done, 10)
	if r.Short {
		f.Padded(&r.To, 21)
	} else {
		f.Padded(&r.To, 32)
	}
	f.Uint32(&r.Sequence)
}

// A Cancel is CMPP_CANCEL, CMPP 3.0 section 7.4.7.1.
type Cancel struct{ ID uint64 }

// Fields lists the body in wire order.
func (c *Cancel) Fields(f *wire.Fields) { f.Uint64(&c.ID) }

// A CancelAnswer is CMPP_CANCEL_RESP: Success_Id 0 when it was cancelled.
type CancelAnswer struct {
	Version Version
	Success uint32
}

// Fields lists the body in wire order.
func (a *CancelAnswer) Fields(f *wire.Fields) { result(f, &a.Success, a.Version) }

// A Query is CMPP_QUERY, CMPP 3.0 section 7.4.6.1: it asks for a day's figures, not for
// one message.
type Query struct {
	Day     []byte // YYYYMMDD
	Type    uint8  // 0: of all; 1: of a service
	Code    []byte // the service
	Reserve []byte
}

// Fields lists the body in wire order.
func (q *Query) Fields(f *wire.Fields) {
	f.Padded(&q.Day, 8)
	f.Uint8(&q.Type)
	f.Padded(&q.Code, 10)
	f.Padded(&q.Reserve, 8)
}

// A QueryAnswer is CMPP_QUERY_RESP: what was sent to handsets and what came from them.
type QueryAnswer struct {
	Day  []byte
	Type uint8
	Code []byte
	// Messages from the account, users they were for, delivered, waiting, failed.
	SentMessages, SentUsers, Sent, SentWaiting, SentFailed uint32
	// Messages to the account: delivered, waiting, failed.
	Came, CameWaiting, CameFailed uint32
}

// Fields lists the body in wire order.
func (q *QueryAnswer) Fields(f *wire.Fields) {
	f.Padded(&q.Day, 8)
	f.Uint8(&q.Type)
	f.Padded(&q.Code, 10)
	for _, v := range [...]*uint32{
		&q.SentMessages, &q.SentUsers, &q.Sent, &q.SentWaiting, &q.SentFailed, &q.Came, &q.CameWaiting, &q.CameFailed,
	} {
		f.Uint32(v)
	}
}
