package cmpp

import (
	"encoding/binary"
	"errors"

	"tocsin/providers/wire"
)

// Command_Id, CMPP 3.0 section 7.3.
const (
	ConnectID    = 0x01
	TerminateID  = 0x02
	SubmitID     = 0x04 // there is no 3
	DeliverID    = 0x05
	QueryID      = 0x06
	CancelID     = 0x07
	ActiveTestID = 0x08
	Response     = 0x80000000 // added to a request's id
)

// Limits of a frame, in octets: the header, and a submit to 99 numbers (3471) with room.
const (
	HeaderSize = 12
	MaxFrame   = 4 << 10
)

// A Version is the protocol's, as CONNECT names it: major in the high four bits.
type Version uint8

const (
	V20 Version = 0x20
	V21 Version = 0x21 // a batch may ask for reports from here on
	V30 Version = 0x30
)

// wide reports whether numbers have 32 octets and results 4: from 3.0 on.
func (v Version) wide() bool { return v >= V30 }

// numberSize is the octets of a handset's number.
func (v Version) numberSize() int {
	if v.wide() {
		return 32
	}
	return 21
}

// MaxBatch is the most numbers in one SUBMIT: "fewer than 100", CMPP 3.0 section 7.4.3.1.
const MaxBatch = 99

// MaxText is the longest content, in octets: below 160 for ASCII, 140 for the rest, and
// never more than 140 is sent.
const MaxText = 140

// ErrPDU says that a peer sent a PDU that has no business here; the line is of no
// more use.
var ErrPDU = errors.New("malformed PDU")

// A Header begins every PDU.
type Header struct{ Length, ID, Sequence uint32 }

// Split takes a frame, at least HeaderSize octets, apart.
func Split(frame []byte) (Header, []byte) {
	return Header{
		binary.BigEndian.Uint32(frame), binary.BigEndian.Uint32(frame[4:]), binary.BigEndian.Uint32(frame[8:]),
	}, frame[HeaderSize:]
}

// Begin appends a header whose length is not known yet.
func Begin(b []byte, id, sequence uint32) []byte {
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, sequence)
}

// End fills in the length of the PDU that begins at start.
func End(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// AppendEmpty appends a PDU without a body: TERMINATE, its answer, ACTIVE_TEST.
func AppendEmpty(b []byte, id, sequence uint32) []byte { return End(Begin(b, id, sequence), len(b)) }

// Append appends a PDU. On an error b is as it was.
func Append(b []byte, id, sequence uint32, body wire.Body) ([]byte, error) {
	out, err := wire.Encode(Begin(b, id, sequence), body)
	if err != nil {
		return b, err
	}
	return End(out, len(b)), nil
}

// result is a field of one octet, of four from 3.0 on.
func result(f *wire.Fields, v *uint32, version Version) {
	if version.wide() {
		f.Uint32(v)
		return
	}
	octet := uint8(*v)
	f.Uint8(&octet)
	*v = uint32(octet)
}
