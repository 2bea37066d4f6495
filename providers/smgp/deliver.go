package smgp

import "tocsin/providers/wire"

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
	f.Padded(&d.Reserve, 8)
	f.TLVs(&d.Options)
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
