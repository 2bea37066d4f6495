package smpp

import (
	"encoding/binary"
	"errors"

	"tocsin/providers/wire"
)

// Command ids, SMPP 3.4 section 5.1.2.1.
const (
	GenericNack       = 0x80000000
	BindReceiver      = 0x00000001
	BindTransmitter   = 0x00000002
	QuerySM           = 0x00000003
	SubmitSM          = 0x00000004
	DeliverSM         = 0x00000005
	UnbindCommand     = 0x00000006
	CancelSM          = 0x00000008
	BindTransceiver   = 0x00000009
	EnquireLink       = 0x00000015
	SubmitMulti       = 0x00000021
	AlertNotification = 0x00000102
	DataSM            = 0x00000103
	Response          = 0x80000000 // added to a request's id
)

// Limits of a frame: the header (section 3.2), and a 64 KiB message_payload with
// room for the rest.
const (
	HeaderSize = 16
	MaxFrame   = 68 << 10
)

// Tags of optional parameters, section 5.3.2; congestion_state is of 5.0.
const (
	TagReceiptedMessageID = 0x001E
	TagSarRef             = 0x020C // sar_msg_ref_num
	TagSarTotal           = 0x020E // sar_total_segments
	TagSarNumber          = 0x020F // sar_segment_seqnum, from 1
	TagInterfaceVersion   = 0x0210
	TagNetworkErrorCode   = 0x0423
	TagMessagePayload     = 0x0424
	TagMessageState       = 0x0427
	TagCongestionState    = 0x0428
)

// ErrPDU says that a peer sent a PDU that has no business here; the line is of no
// more use.
var ErrPDU = errors.New("malformed PDU")

// A Header begins every PDU. Unbind, enquire_link, their responses and
// generic_nack consist of a header only.
type Header struct{ Length, ID, Status, Sequence uint32 }

// Split takes a frame, at least HeaderSize octets, apart.
func Split(frame []byte) (Header, []byte) {
	return Header{
		binary.BigEndian.Uint32(frame), binary.BigEndian.Uint32(frame[4:]),
		binary.BigEndian.Uint32(frame[8:]), binary.BigEndian.Uint32(frame[12:]),
	}, frame[HeaderSize:]
}

// Begin appends a header whose length End fills in.
func Begin(b []byte, id, status, sequence uint32) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, id)
	b = binary.BigEndian.AppendUint32(b, status)
	return binary.BigEndian.AppendUint32(b, sequence)
}

// End fills in the length of the PDU that begins at start.
func End(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// AppendEmpty appends a PDU without a body.
func AppendEmpty(b []byte, id, status, sequence uint32) []byte {
	return End(Begin(b, id, status, sequence), len(b))
}

// Append appends a PDU. On an error b is as it was.
func Append(b []byte, id, status, sequence uint32, body wire.Body) ([]byte, error) {
	out, err := wire.Encode(Begin(b, id, status, sequence), body)
	if err != nil {
		return b, err
	}
	return End(out, len(b)), nil
}
