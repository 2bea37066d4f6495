package sgip

import (
	"encoding/binary"
	"errors"
	"time"

	"tocsin/providers/wire"
)

// Command ids, SGIP 1.2 section 4.2.
const (
	BindID    = 0x01
	UnbindID  = 0x02
	SubmitID  = 0x03
	DeliverID = 0x04
	ReportID  = 0x05
	UserRptID = 0x11
	TraceID   = 0x1000
	Response  = 0x80000000 // added to a request's id
)

// Limits of a frame, in octets.
const (
	HeaderSize = 20
	MaxPacket  = 2 << 10 // what is sent: SGIP 1.2 section 4
	MaxFrame   = 4 << 10 // what is read: not every gateway keeps to it
)

// MaxBatch is the most numbers in one Submit, SGIP 1.2 section 4.2.3.1, where the
// packet has room for them.
const MaxBatch = 100

// MaxText is the longest content that is sent, in octets.
const MaxText = 140

// Sizes of a Submit, in octets: without numbers and content, and of each number.
const (
	submitSize = 143
	numberSize = 21
)

// InPacket is how many numbers a Submit of so many octets of content has room for
// within a packet: 84 for 140 octets in 2 KiB.
func InPacket(packet, content int) int {
	return min((packet-submitSize-content)/numberSize, MaxBatch)
}

// ErrPDU says that a peer sent a PDU that has no business here; the line is of no
// more use.
var ErrPDU = errors.New("malformed PDU")

// A Sequence is a globally unique number of a PDU: its source, its time, and a count. That
// of a Submit is its message's id.
type Sequence struct {
	Node  uint32 // 3AAAAQQQQQ: area and company
	Stamp uint32 // MMDDhhmmss, as a number
	Count uint32
}

// A Header begins every PDU.
type Header struct {
	Length, ID uint32
	Sequence
}

// Split takes a frame, at least HeaderSize octets, apart.
func Split(frame []byte) (Header, []byte) {
	u32 := binary.BigEndian.Uint32
	return Header{u32(frame), u32(frame[4:]), Sequence{u32(frame[8:]), u32(frame[12:]), u32(frame[16:])}}, frame[HeaderSize:]
}

// Begin appends a header whose length is not known yet.
func Begin(b []byte, id uint32, s Sequence) []byte {
	for _, v := range [...]uint32{0, id, s.Node, s.Stamp, s.Count} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// End fills in the length of the PDU that begins at start.
func End(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// AppendEmpty appends a PDU without a body: Unbind and its answer.
func AppendEmpty(b []byte, id uint32, s Sequence) []byte { return End(Begin(b, id, s), len(b)) }

// AppendAnswer appends what answers everything else: Result and eight octets in
// reserve. It repeats the request's sequence.
func AppendAnswer(b []byte, id uint32, s Sequence, result byte) []byte {
	start := len(b)
	b = append(Begin(b, id|Response, s), result)
	return End(wire.AppendPadded(b, "", 8), start)
}

// Append appends a PDU. On an error b is as it was.
func Append(b []byte, id uint32, s Sequence, body wire.Body) ([]byte, error) {
	out, err := wire.Encode(Begin(b, id, s), body)
	if err != nil {
		return b, err
	}
	return End(out, len(b)), nil
}

// ref is a sequence as receipts and answers are matched by it and people read it: in
// hexadecimal.
func (s Sequence) ref() (b [24]byte) {
	var id [12]byte
	binary.BigEndian.PutUint32(id[:], s.Node)
	binary.BigEndian.PutUint32(id[4:], s.Stamp)
	binary.BigEndian.PutUint32(id[8:], s.Count)
	wire.PutHex(b[:], id[:])
	return b
}

// Fields lists a sequence that stands in a body.
func (s *Sequence) Fields(f *wire.Fields) {
	f.Uint32(&s.Node)
	f.Uint32(&s.Stamp)
	f.Uint32(&s.Count)
}

// Stamp is a Sequence's at a time.
func Stamp(at time.Time) uint32 {
	at = at.In(wire.Beijing)
	return uint32((((int(at.Month())*100+at.Day())*100+at.Hour())*100+at.Minute())*100 + at.Second())
}
