package smgp

import (
	"encoding/binary"
	"errors"

	"tocsin/providers/wire"
)

// RequestID, SMGP 3.0.3 section 7.3. They are not those of CMPP.
const (
	LoginID      = 0x01
	SubmitID     = 0x02
	DeliverID    = 0x03
	ActiveTestID = 0x04
	ExitID       = 0x06
	QueryID      = 0x07
	Response     = 0x80000000 // added to a request's id
)

// Limits of a frame, in octets: the header, and a submit to 100 numbers (2366) with room.
const (
	HeaderSize = 12
	MaxFrame   = 4 << 10
)

// Version30 is ClientVersion.
const Version30 = 0x30

// MaxBatch is the most numbers in one Submit, section 7.2.3.
const MaxBatch = 100

// MaxText is the longest content, in octets, section 7.2.3.
const MaxText = 140

// idSize is the octets of a MsgID: ten, of two decimal digits each.
const idSize = 10

// Optional parameters, section 7.2.8.
const (
	TagUDHI   = 0x0002 // TP_udhi
	TagTotal  = 0x0009 // PkTotal
	TagNumber = 0x000A // PkNumber
)

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

// AppendEmpty appends a PDU without a body: Active_Test, Exit and their answers.
func AppendEmpty(b []byte, id, sequence uint32) []byte { return End(Begin(b, id, sequence), len(b)) }

// Append appends a PDU. On an error b is as it was.
func Append(b []byte, id, sequence uint32, body wire.Body) ([]byte, error) {
	out, err := wire.Encode(Begin(b, id, sequence), body)
	if err != nil {
		return b, err
	}
	return End(out, len(b)), nil
}
