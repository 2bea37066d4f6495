package cmpp

import (
	"slices"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A Submit is CMPP_SUBMIT, CMPP 3.0 section 7.4.3.1, or in 2.0 its section 7.4.3.1.
type Submit struct {
	Version Version // how it is laid out

	ID            uint64 // Msg_Id: 0, the gateway gives one
	Total, Number uint8  // Pk_total and Pk_number, from 1
	Registered    uint8  // Registered_Delivery: 1 asks for a report
	Level         uint8  // Msg_level
	Service       []byte // Service_Id
	FeeUser       uint8  // Fee_UserType: who pays
	FeeNumber     []byte // Fee_terminal_Id
	FeeNumberType uint8  // from 3.0
	Protocol      uint8  // TP_pId
	UDHI          uint8  // TP_udhi: the content begins with a user data header
	Format        uint8  // Msg_Fmt
	Source        []byte // Msg_src: SP_Id
	FeeType       []byte
	FeeCode       []byte
	Valid, At     []byte // ValId_Time, At_Time
	Sender        []byte // Src_Id
	To            [][]byte
	ToType        uint8 // Dest_terminal_type, from 3.0
	Content       []byte
	Reserve       []byte // LinkID from 3.0
}

// Fields lists the body in wire order.
func (s *Submit) Fields(f *wire.Fields) {
	number := s.Version.numberSize()
	f.Uint64(&s.ID)
	f.Uint8(&s.Total)
	f.Uint8(&s.Number)
	f.Uint8(&s.Registered)
	f.Uint8(&s.Level)
	f.Padded(&s.Service, 10)
	f.Uint8(&s.FeeUser)
	f.Padded(&s.FeeNumber, number)
	if s.Version.wide() {
		f.Uint8(&s.FeeNumberType)
	}
	f.Uint8(&s.Protocol)
	f.Uint8(&s.UDHI)
	f.Uint8(&s.Format)
	f.Padded(&s.Source, 6)
	f.Padded(&s.FeeType, 2)
	f.Padded(&s.FeeCode, 6)
	f.Padded(&s.Valid, 17)
	f.Padded(&s.At, 17)
	f.Padded(&s.Sender, senderSize)
	n := f.Count8(len(s.To))
	if f.Reading() {
		s.To = slices.Grow(s.To[:0], n)[:n]
	}
	for i := range s.To {
		f.Padded(&s.To[i], number)
	}
	if s.Version.wide() {
		f.Uint8(&s.ToType)
	}
	f.Bytes8(&s.Content)
	f.Padded(&s.Reserve, s.Version.reserveSize())
}

// senderSize is the octets of Src_Id.
const senderSize = 21

// reserveSize is the octets of Reserve, or of LinkID from 3.0 on.
func (v Version) reserveSize() int {
	if v.wide() {
		return 20
	}
	return 8
}

// A SubmitAnswer is CMPP_SUBMIT_RESP: of a batch, the first of its ids.
type SubmitAnswer struct {
	Version Version
	ID      uint64 // Msg_Id
	Result  uint32
}

// Fields lists the body in wire order.
func (a *SubmitAnswer) Fields(f *wire.Fields) {
	f.Uint64(&a.ID)
	result(f, &a.Result, a.Version)
}

// InRange is the id of message i of a batch whose answer names id: the sequence in its
// low 16 bits goes on, and wraps without a carry (CMPP 3.0, appendix 1).
func InRange(id uint64, i int) uint64 { return id&^0xFFFF | uint64(uint16(id)+uint16(i)) }

// An Outgoing is what the submits of one text share.
type Outgoing struct {
	Version    Version
	Service    string // at most 10 octets
	Source     string // at most 6
	FeeUser    byte
	FeeType    string // 2
	FeeCode    string // at most 6
	Sender     string // at most 21 octets
	Registered byte
	Level      byte
	Format     byte
	Valid      string // absolute time, 16 characters, or empty
	At         string // the same, before which it is kept
	National   bool   // numbers go without their 86
	Text       []byte // behind its user data header
}

// AppendSubmit appends a SUBMIT to the numbers of msgs, at most MaxBatch; header is the
// text's user data header, or nil, with part of parts. It writes what Submit.Fields
// would, by hand because it is written for every recipient.
func AppendSubmit(b []byte, sequence uint32, o *Outgoing, msgs []sms.Message, header []byte, part, parts byte) []byte {
	start := len(b)
	number := o.Version.numberSize()
	b = Begin(b, SubmitID, sequence)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, parts, part, o.Registered, o.Level)
	b = wire.AppendPadded(b, o.Service, 10)
	b = append(b, o.FeeUser)
	b = wire.AppendPadded(b, "", number)
	if o.Version.wide() {
		b = append(b, 0)
	}
	udhi := byte(0)
	if len(header) > 0 {
		udhi = 1
	}
	b = append(b, 0, udhi, o.Format)
	b = wire.AppendPadded(b, o.Source, 6)
	b = wire.AppendPadded(b, o.FeeType, 2)
	b = wire.AppendPadded(b, o.FeeCode, 6)
	b = wire.AppendPadded(b, o.Valid, 17)
	b = wire.AppendPadded(b, o.At, 17)
	b = wire.AppendPadded(b, o.Sender, senderSize)
	b = append(b, byte(len(msgs)))
	for i := range msgs {
		at := len(b)
		b = msgs[i].To.AppendChina(b, o.National)
		b = wire.AppendPadded(b, "", number-(len(b)-at))
	}
	if o.Version.wide() {
		b = append(b, 0)
	}
	b = append(b, byte(len(header)+len(o.Text)))
	b = append(append(b, header...), o.Text...)
	b = wire.AppendPadded(b, "", o.Version.reserveSize())
	return End(b, start)
}
