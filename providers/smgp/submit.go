package smgp

import (
	"slices"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A Submit is Submit, SMGP 3.0.3 section 7.2.3.
type Submit struct {
	Type      uint8  // MsgType: 6 to a handset
	Report    uint8  // NeedReport
	Priority  uint8  // 0 to 3
	Service   []byte // ServiceID
	FeeType   []byte // 00 free, 01 for each message, 02 a month, 03 up to a limit
	FeeCode   []byte
	FixedFee  []byte
	Format    uint8  // MsgFormat
	Valid, At []byte // ValidTime, AtTime
	Sender    []byte // SrcTermID
	Charge    []byte // ChargeTermID
	To        [][]byte
	Content   []byte
	Reserve   []byte
	Options   wire.TLVs
}

// ToHandset is MsgType of what goes to a handset.
const ToHandset = 6

// Octets of a number, and of what is reserved behind a content.
const (
	numberSize  = 21
	reserveSize = 8
)

// Fields lists the body in wire order.
func (s *Submit) Fields(f *wire.Fields) {
	f.Uint8(&s.Type)
	f.Uint8(&s.Report)
	f.Uint8(&s.Priority)
	f.Padded(&s.Service, 10)
	f.Padded(&s.FeeType, 2)
	f.Padded(&s.FeeCode, 6)
	f.Padded(&s.FixedFee, 6)
	f.Uint8(&s.Format)
	f.Padded(&s.Valid, 17)
	f.Padded(&s.At, 17)
	f.Padded(&s.Sender, numberSize)
	f.Padded(&s.Charge, numberSize)
	n := f.Count8(len(s.To))
	if f.Reading() {
		s.To = slices.Grow(s.To[:0], n)[:n]
	}
	for i := range s.To {
		f.Padded(&s.To[i], numberSize)
	}
	f.Bytes8(&s.Content)
	f.Padded(&s.Reserve, reserveSize)
	f.TLVs(&s.Options)
}

// An Answer is Submit_Resp or Deliver_Resp.
type Answer struct {
	ID     []byte // MsgID, ten octets: of a batch, the first
	Status uint32
}

// Fields lists the body in wire order.
func (a *Answer) Fields(f *wire.Fields) {
	f.Octets(&a.ID, idSize)
	f.Uint32(&a.Status)
}

// InRange is the MsgID of message i of a batch whose answer names id: its last six
// digits go on, and wrap to 000000 where they are. An id whose last digits are none is
// as it is, and false.
func InRange(id [idSize]byte, i int) ([idSize]byte, bool) {
	n := 0
	for _, c := range id[7:] {
		if c>>4 > 9 || c&15 > 9 {
			return id, false
		}
		n = n*100 + int(c>>4)*10 + int(c&15)
	}
	n = (n + i) % 1_000_000
	for k := 9; k >= 7; k-- {
		id[k] = byte(n/10%10)<<4 | byte(n%10)
		n /= 100
	}
	return id, true
}

// An Outgoing is what the submits of one text share.
type Outgoing struct {
	Report   byte
	Priority byte
	Service  string // at most 10 octets
	FeeType  string // 2
	FeeCode  string // at most 6
	Format   byte
	Valid    string // absolute time, 16 characters, or empty
	At       string // the same, before which it is kept
	Sender   string // at most 21 octets
	National bool   // numbers go without their 86
	Text     []byte // behind its user data header
}

// AppendSubmit appends a Submit to the numbers of msgs, at most MaxBatch; header is the
// text's user data header, or nil, with part of parts. It writes what Submit.Fields
// would, by hand because it is written for every recipient.
func AppendSubmit(b []byte, sequence uint32, o *Outgoing, msgs []sms.Message, header []byte, part, parts byte) []byte {
	start := len(b)
	b = Begin(b, SubmitID, sequence)
	b = append(b, ToHandset, o.Report, o.Priority)
	b = wire.AppendPadded(b, o.Service, 10)
	b = wire.AppendPadded(b, o.FeeType, 2)
	b = wire.AppendPadded(b, o.FeeCode, 6)
	b = wire.AppendPadded(b, "000000", 6) // FixedFee
	b = append(b, o.Format)
	b = wire.AppendPadded(b, o.Valid, 17)
	b = wire.AppendPadded(b, o.At, 17)
	b = wire.AppendPadded(b, o.Sender, numberSize)
	b = wire.AppendPadded(b, "", numberSize)
	b = append(b, byte(len(msgs)))
	for i := range msgs {
		at := len(b)
		b = msgs[i].To.AppendChina(b, o.National)
		b = wire.AppendPadded(b, "", numberSize-(len(b)-at))
	}
	b = append(b, byte(len(header)+len(o.Text)))
	b = append(append(b, header...), o.Text...)
	b = wire.AppendPadded(b, "", reserveSize)
	if len(header) > 0 {
		b = append(b, 0, TagUDHI, 0, 1, 1, 0, TagTotal, 0, 1, parts, 0, TagNumber, 0, 1, part)
	}
	return End(b, start)
}
