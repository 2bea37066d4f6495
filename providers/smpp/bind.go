package smpp

import "tocsin/providers/wire"

// interface_version: SMPP 3.4, section 5.2.4, and SMPP 5.0, section 4.7.
const (
	Version34 = 0x34
	Version50 = 0x50
)

// A Bind is bind_transceiver, bind_transmitter or bind_receiver, section 4.1.
type Bind struct {
	SystemID, Password, SystemType string
	Version                        uint8 // interface_version
	TON, NPI                       uint8
	Range                          string // address_range
}

// Fields lists the body in wire order.
func (b *Bind) Fields(f *wire.Fields) {
	f.CString(&b.SystemID, 16)
	f.CString(&b.Password, 9)
	f.CString(&b.SystemType, 13)
	f.Uint8(&b.Version)
	f.Uint8(&b.TON)
	f.Uint8(&b.NPI)
	f.CString(&b.Range, 41)
}

// A BindAnswer is the response to a Bind. With a status that is not 0 it has no
// body.
type BindAnswer struct {
	Absent   bool
	SystemID string
	Options  wire.TLVs
}

// Fields lists the body in wire order.
func (b *BindAnswer) Fields(f *wire.Fields) {
	if f.Absent(&b.Absent) {
		return
	}
	f.CString(&b.SystemID, 16)
	f.TLVs(&b.Options)
}

// Version is sc_interface_version, 0 when the carrier does not say. Below
// Version34 it takes no optional parameters: SMPP 5.0, section 2.11.2.
func (b *BindAnswer) Version() byte {
	if v, _ := b.Options.Find(TagInterfaceVersion); len(v) == 1 {
		return v[0]
	}
	return 0
}
