package simulator

import (
	"encoding/binary"

	"tocsin/providers/smpp"
)

// The carrier's short names for what package smpp knows.
const (
	bindReceiver    = smpp.BindReceiver
	bindTransmitter = smpp.BindTransmitter
	submitSM        = smpp.SubmitSM
	deliverSM       = smpp.DeliverSM
	unbind          = smpp.UnbindCommand
	bindTransceiver = smpp.BindTransceiver
	enquireLink     = smpp.EnquireLink
	submitMulti     = smpp.SubmitMulti
	response        = smpp.Response
	genericNack     = smpp.GenericNack

	statusOK             = smpp.StatusOK
	statusCommandLength  = smpp.StatusInvCmdLen
	statusCommandID      = smpp.StatusInvCmdID
	statusBindStatus     = smpp.StatusInvBind
	statusAlreadyBound   = smpp.StatusAlready
	statusDestination    = smpp.StatusInvDest
	statusPassword       = smpp.StatusInvPasswd
	statusSystemID       = smpp.StatusInvSysID
	statusQueueFull      = smpp.StatusMsgQFul
	statusDestinations   = smpp.StatusInvNumDests
	statusListName       = smpp.StatusInvDLName
	statusThrottled      = smpp.StatusThrottled
	statusTemporaryError = smpp.StatusTemporary

	tagReceiptedMessageID = smpp.TagReceiptedMessageID
	tagInterfaceVersion   = smpp.TagInterfaceVersion
	tagNetworkError       = smpp.TagNetworkErrorCode
	tagMessagePayload     = smpp.TagMessagePayload
	tagMessageState       = smpp.TagMessageState

	headerSize = smpp.HeaderSize
	maxFrame   = smpp.MaxFrame
)

// Concatenation in parameters instead of a user data header, SMPP 3.4, section
// 5.3.2; only the carrier's side reads them.
const (
	tagSarTotal  = 0x020E
	tagSarNumber = 0x020F
)

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
