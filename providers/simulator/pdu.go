package simulator

import (
	"bytes"
	"encoding/binary"
)

// SMPP 3.4, section 5.1.2.1.
const (
	bindReceiver    = 0x00000001
	bindTransmitter = 0x00000002
	submitSM        = 0x00000004
	deliverSM       = 0x00000005
	unbind          = 0x00000006
	bindTransceiver = 0x00000009
	enquireLink     = 0x00000015
	submitMulti     = 0x00000021
	response        = 0x80000000 // the bit that makes an answer of a request
	genericNack     = response
)

// SMPP 3.4, section 5.1.3.
const (
	statusOK             = 0x00
	statusCommandLength  = 0x02 // RINVCMDLEN
	statusCommandID      = 0x03 // RINVCMDID
	statusBindStatus     = 0x04 // RINVBNDSTS
	statusAlreadyBound   = 0x05 // RALYBND
	statusDestination    = 0x0B // RINVDSTADR
	statusPassword       = 0x0E // RINVPASWD
	statusSystemID       = 0x0F // RINVSYSID
	statusQueueFull      = 0x14 // RMSGQFUL
	statusDestinations   = 0x33 // RINVNUMDESTS
	statusListName       = 0x34 // RINVDLNAME
	statusThrottled      = 0x58 // RTHROTTLED
	statusTemporaryError = 0x64 // RX_T_APPN
)

// SMPP 3.4, section 5.3.2.
const (
	tagReceiptedMessageID = 0x001E
	tagSarReference       = 0x020C
	tagSarTotal           = 0x020E
	tagSarNumber          = 0x020F
	tagInterfaceVersion   = 0x0210
	tagNetworkError       = 0x0423
	tagMessagePayload     = 0x0424
	tagMessageState       = 0x0427
)

const (
	headerSize = 16
	// maxFrame is the longest PDU taken: a message_payload of 64 KiB and change.
	maxFrame = 68 << 10
)

// A cursor walks a PDU's body; after a field that is not there it is bad and
// yields zeros.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) uint8() byte {
	if len(c.b) == 0 {
		c.bad = true
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

// text is a C-octet string of at most size octets with its NUL.
func (c *cursor) text(size int) []byte {
	i := bytes.IndexByte(c.b[:min(size, len(c.b))], 0)
	if i < 0 {
		c.bad, c.b = true, nil
		return nil
	}
	v := c.b[:i]
	c.b = c.b[i+1:]
	return v
}

func (c *cursor) octets(n int) []byte {
	if n > len(c.b) {
		c.bad, c.b = true, nil
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

// tlv is the next optional parameter; ok is false at the end.
func (c *cursor) tlv() (tag uint16, value []byte, ok bool) {
	if len(c.b) == 0 {
		return 0, nil, false
	}
	head := c.octets(4)
	if c.bad {
		return 0, nil, false
	}
	value = c.octets(int(binary.BigEndian.Uint16(head[2:])))
	return binary.BigEndian.Uint16(head), value, !c.bad
}

// appendHeader begins a PDU; setLength ends it.
func appendHeader(b []byte, command, status, sequence uint32) []byte {
	b = append(b, 0, 0, 0, headerSize)
	b = binary.BigEndian.AppendUint32(b, command)
	b = binary.BigEndian.AppendUint32(b, status)
	return binary.BigEndian.AppendUint32(b, sequence)
}

// setLength writes the length of the PDU that begins at start and ends with b.
func setLength(b []byte, start int) {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
}

func appendTLV8(b []byte, tag uint16, v byte) []byte {
	return append(b, byte(tag>>8), byte(tag), 0, 1, v)
}

// parseNumber reads the digits of an address; 0 when it has none or anything
// else, or more than E.164 allows.
func parseNumber(addr []byte) (n uint64) {
	if len(addr) > 0 && addr[0] == '+' {
		addr = addr[1:]
	}
	if len(addr) > 15 { // ITU-T E.164, section 6.2.1
		return 0
	}
	for _, c := range addr {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}
