package smgp

import (
	"fmt"

	"tocsin/providers/wire"
)

// A Deliver is Deliver, SMGP 3.0.3 section 7.2.4: a message from a handset, or a report.
type Deliver struct {
	ID      []byte // MsgID
	Report  uint8  // IsReport
	Format  uint8  // MsgFormat
	At      []byte // RecvTime, YYYYMMDDhhmmss
	From    []byte // SrcTermID
	To      []byte // DestTermID
	Content []byte
	Reserve []byte
	Options wire.TLVs
}

// Fields lists the body in wire order.
func (d *Deliver) Fields(f *wire.Fields) {
	f.Octets(&d.ID, idSize)
	f.Uint8(&d.Report)
	f.Uint8(&d.Format)
	f.Padded(&d.At, 14)
	f.Padded(&d.From, numberSize)
	f.Padded(&d.To, numberSize)
	f.Bytes8(&d.Content)
	f.Padded(&d.Reserve, reserveSize)
	f.TLVs(&d.Options)
}

// A delivery is what is looked at of a Deliver. Its fields are as they stand, NULs and
// all.
type delivery struct {
	id, from, to, content []byte
	format                uint8
	report, udhi          bool
}

// deliverSize is the octets before a Deliver's content, its length included.
const deliverSize = idSize + 1 + 1 + 14 + 2*numberSize + 1

// parse reads what Deliver.Fields would, by hand because it is read for every
// recipient. Optional parameters that do not add up are none: a report is no less true
// for that. A content that is cut is what there is of it.
func (d *delivery) parse(body []byte) error {
	if len(body) < deliverSize {
		return fmt.Errorf("%w: Deliver of %d octets", ErrPDU, len(body))
	}
	d.id, d.report, d.format = body[:idSize], body[10] == 1, body[11]
	d.from, d.to = body[26:26+numberSize], body[26+numberSize:26+2*numberSize]
	n := min(int(body[deliverSize-1]), len(body)-deliverSize)
	d.content, body = body[deliverSize:deliverSize+n], body[deliverSize+n:]
	d.udhi = false
	if len(body) > reserveSize {
		udhi, _ := wire.TLVs(body[reserveSize:]).Find(TagUDHI)
		d.udhi = len(udhi) == 1 && udhi[0] == 1
	}
	return nil
}

// A Query is Query, SMGP 3.0.3 section 7.2.7: it asks for a day's figures.
type Query struct {
	Day  []byte // YYYYMMDD
	Type uint8
	Code []byte
}

// Fields lists the body in wire order.
func (q *Query) Fields(f *wire.Fields) {
	f.Padded(&q.Day, 8)
	f.Uint8(&q.Type)
	f.Padded(&q.Code, 10)
}

// A QueryAnswer is Query_Resp: what was sent to handsets and what came from them.
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
