package sgip

import (
	"slices"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A Submit is Submit, SGIP 1.2 section 4.2.3.1.
type Submit struct {
	Sender     []byte // SPNumber
	Charge     []byte // ChargeNumber; 21 zeros: the service provider pays
	To         [][]byte
	Corp       []byte // CorpId
	Service    []byte // ServiceType
	FeeType    uint8
	FeeValue   []byte
	GivenValue []byte
	Agent      uint8  // AgentFlag
	Cause      uint8  // MorelatetoMTFlag: 2, no message from the handset was its cause
	Priority   uint8  // 0 to 9
	Expires    []byte // ExpireTime
	Schedule   []byte // ScheduleTime
	Report     uint8  // ReportFlag
	Protocol   uint8  // TP_pid
	UDHI       uint8  // TP_udhi
	Coding     uint8  // MessageCoding
	Type       uint8  // MessageType
	Content    []byte
	Reserve    []byte
}

// ReportFlag.
const (
	ReportFailure = 0
	ReportAlways  = 1
	ReportNever   = 2
)

// NoCause is MorelatetoMTFlag of what answers no message from the handset.
const NoCause = 2

// Fields lists the body in wire order.
func (s *Submit) Fields(f *wire.Fields) {
	f.Padded(&s.Sender, numberSize)
	f.Padded(&s.Charge, numberSize)
	n := f.Count8(len(s.To))
	if f.Reading() {
		s.To = slices.Grow(s.To[:0], n)[:n]
	}
	for i := range s.To {
		f.Padded(&s.To[i], numberSize)
	}
	f.Padded(&s.Corp, 5)
	f.Padded(&s.Service, 10)
	f.Uint8(&s.FeeType)
	f.Padded(&s.FeeValue, 6)
	f.Padded(&s.GivenValue, 6)
	f.Uint8(&s.Agent)
	f.Uint8(&s.Cause)
	f.Uint8(&s.Priority)
	f.Padded(&s.Expires, 16)
	f.Padded(&s.Schedule, 16)
	f.Uint8(&s.Report)
	f.Uint8(&s.Protocol)
	f.Uint8(&s.UDHI)
	f.Uint8(&s.Coding)
	f.Uint8(&s.Type)
	f.Bytes32(&s.Content)
	f.Padded(&s.Reserve, 8)
}

// An Outgoing is what the submits of one text share.
type Outgoing struct {
	Sender   string // at most 21 octets
	Corp     string // at most 5
	Service  string // at most 10
	FeeType  byte
	FeeValue string // at most 6
	Priority byte
	Expires  string // absolute time, 16 characters, or empty
	Schedule string // the same, before which it is kept
	Report   byte
	Coding   byte
	Text     []byte // behind its user data header
}

// payer is ChargeNumber when the service provider pays.
const payer = "000000000000000000000"

// AppendSubmit appends a Submit to the numbers of msgs; header is the text's user data
// header, or nil. It writes what Submit.Fields would, by hand because it is written for
// every recipient.
func AppendSubmit(b []byte, s Sequence, o *Outgoing, msgs []sms.Message, header []byte) []byte {
	start := len(b)
	b = Begin(b, SubmitID, s)
	b = wire.AppendPadded(b, o.Sender, numberSize)
	b = append(b, payer...)
	b = append(b, byte(len(msgs)))
	for i := range msgs {
		at := len(b)
		b = msgs[i].To.AppendDigits(b) // 86 in front: section 4.2.3.1
		b = wire.AppendPadded(b, "", numberSize-(len(b)-at))
	}
	b = wire.AppendPadded(b, o.Corp, 5)
	b = wire.AppendPadded(b, o.Service, 10)
	b = append(b, o.FeeType)
	b = wire.AppendPadded(b, o.FeeValue, 6)
	b = wire.AppendPadded(b, "0", 6)
	b = append(b, 0, NoCause, o.Priority)
	b = wire.AppendPadded(b, o.Expires, 16)
	b = wire.AppendPadded(b, o.Schedule, 16)
	udhi := byte(0)
	if len(header) > 0 {
		udhi = 1
	}
	b = append(b, o.Report, 0, udhi, o.Coding, 0)
	n := len(header) + len(o.Text)
	b = append(b, 0, 0, byte(n>>8), byte(n))
	b = append(append(b, header...), o.Text...)
	return End(wire.AppendPadded(b, "", 8), start)
}
