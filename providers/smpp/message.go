package smpp

import "tocsin/providers/wire"

// esm_class, SMPP 3.4 section 5.2.12.
const (
	UDHI        = 0x40
	typeMask    = 0x3C
	typeReceipt = 0x04
	typeNotice  = 0x20 // intermediate notification
)

// Longest addresses, their NUL included: section 5.2.8, and 5.2.9 for data_sm
// and alert_notification.
const (
	addressSize     = 21
	longAddressSize = 65
)

// An Address is a type of number, a numbering plan, and digits or a name:
// sections 5.2.5 to 5.2.9.
type Address struct {
	TON, NPI uint8
	Text     []byte
}

func (a *Address) fields(f *wire.Fields, max int) {
	f.Uint8(&a.TON)
	f.Uint8(&a.NPI)
	f.CBytes(&a.Text, max)
}

// A Message is what submit_sm, submit_multi and deliver_sm hold behind the
// destination.
type Message struct {
	Class      uint8 // esm_class
	Protocol   uint8 // protocol_id
	Priority   uint8
	Schedule   []byte // when to deliver, 16 characters; empty: at once
	Validity   []byte // until when, 16 characters; empty: the carrier's default
	Registered uint8  // which receipts are wanted
	Replace    uint8  // replace_if_present_flag
	Coding     uint8  // data_coding
	Canned     uint8  // sm_default_msg_id
	Text       []byte // short_message, with its user data header
	Options    wire.TLVs
}

func (m *Message) fields(f *wire.Fields) {
	f.Uint8(&m.Class)
	f.Uint8(&m.Protocol)
	f.Uint8(&m.Priority)
	f.CBytes(&m.Schedule, 17)
	f.CBytes(&m.Validity, 17)
	f.Uint8(&m.Registered)
	f.Uint8(&m.Replace)
	f.Uint8(&m.Coding)
	f.Uint8(&m.Canned)
	f.Bytes8(&m.Text)
	f.TLVs(&m.Options)
}
