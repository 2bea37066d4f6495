package smpp

import (
	"encoding/binary"
	"errors"
)

// Command ids, SMPP 3.4 section 5.1.2.1.
const (
	GenericNack     = 0x80000000
	BindReceiver    = 0x00000001
	BindTransmitter = 0x00000002
	SubmitSM        = 0x00000004
	DeliverSM       = 0x00000005
	UnbindCommand   = 0x00000006
	BindTransceiver = 0x00000009
	EnquireLink     = 0x00000015
	SubmitMulti     = 0x00000021
	DataSM          = 0x00000103
	Response        = 0x80000000 // added to a request's id
)

// Limits of a frame: the header (section 3.2), and a 64 KiB message_payload with
// room for the rest.
const (
	HeaderSize = 16
	MaxFrame   = 68 << 10
)

// ErrPDU says that a peer sent what is no PDU; framing is lost and the line has
// to be closed.
var ErrPDU = errors.New("malformed PDU")

// A Header begins every PDU.
type Header struct{ Length, ID, Status, Sequence uint32 }

// ParseHeader reads a header from at least HeaderSize octets; it fails when the
// length cannot be a frame's.
func ParseHeader(b []byte) (Header, error) {
	h := Header{
		binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]),
		binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:]),
	}
	if h.Length < HeaderSize || h.Length > MaxFrame {
		return h, ErrPDU
	}
	return h, nil
}

// Frame splits the first whole PDU off b: body is nil and rest b when there is
// none yet.
func Frame(b []byte) (h Header, body, rest []byte, err error) {
	if len(b) < HeaderSize {
		return h, nil, b, nil
	}
	if h, err = ParseHeader(b); err != nil {
		return h, nil, b, err
	}
	if len(b) < int(h.Length) {
		return h, nil, b, nil
	}
	return h, b[HeaderSize:h.Length:h.Length], b[h.Length:], nil
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

// A Fields reads a body; its error sticks.
type Fields struct {
	b   []byte
	err error
}

// Read begins to read a body.
func Read(body []byte) Fields { return Fields{b: body} }

// Err is ErrPDU when something did not fit.
func (f *Fields) Err() error { return f.err }

// Rest is what has not been read.
func (f *Fields) Rest() []byte { return f.b }

// Uint8 reads an octet.
func (f *Fields) Uint8() byte {
	if len(f.b) == 0 {
		f.err = ErrPDU
		return 0
	}
	v := f.b[0]
	f.b = f.b[1:]
	return v
}

// Uint32 reads four octets.
func (f *Fields) Uint32() uint32 {
	b := f.Octets(4)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// Octets reads n octets.
func (f *Fields) Octets(n int) []byte {
	if n > len(f.b) {
		f.err, f.b = ErrPDU, nil
		return nil
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

// CString reads a C-octet string of at most max octets, its NUL included, and
// returns it without the NUL.
func (f *Fields) CString(max int) []byte {
	for i, c := range f.b {
		if i == max {
			break
		}
		if c == 0 {
			v := f.b[:i:i]
			f.b = f.b[i+1:]
			return v
		}
	}
	f.err, f.b = ErrPDU, nil
	return nil
}

// TLV reads the next optional parameter; ok is false at the end.
func (f *Fields) TLV() (tag uint16, value []byte, ok bool) {
	if len(f.b) == 0 || f.err != nil {
		return 0, nil, false
	}
	h := f.Octets(4)
	if h == nil {
		return 0, nil, false
	}
	value = f.Octets(int(binary.BigEndian.Uint16(h[2:])))
	return binary.BigEndian.Uint16(h), value, f.err == nil
}

// AppendCString appends a C-octet string.
func AppendCString(b []byte, s string) []byte { return append(append(b, s...), 0) }

// AppendTLV appends an optional parameter.
func AppendTLV(b []byte, tag uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// Tags of optional parameters, section 5.3.2.
const (
	TagReceiptedMessageID = 0x001E
	TagInterfaceVersion   = 0x0210
	TagNetworkErrorCode   = 0x0423
	TagMessagePayload     = 0x0424
	TagMessageState       = 0x0427
)

// A Bind is the body of bind_transceiver, bind_transmitter and bind_receiver.
type Bind struct{ SystemID, Password, SystemType string }

// Version34 is interface_version for SMPP 3.4.
const Version34 = 0x34

// AppendBind appends a bind request.
func AppendBind(b []byte, id, sequence uint32, d Bind) []byte {
	start := len(b)
	b = Begin(b, id, 0, sequence)
	b = AppendCString(b, d.SystemID)
	b = AppendCString(b, d.Password)
	b = AppendCString(b, d.SystemType)
	b = append(b, Version34, 0, 0, 0) // addr_ton, addr_npi, empty address_range
	return End(b, start)
}

// ParseBind reads a bind request's body.
func ParseBind(body []byte) (Bind, error) {
	f := Read(body)
	d := Bind{string(f.CString(16)), string(f.CString(9)), string(f.CString(13))}
	f.Octets(3)
	f.CString(41)
	return d, f.Err()
}
