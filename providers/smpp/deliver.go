package smpp

import (
	"bytes"

	"tocsin/providers/wire"
)

// A Deliver is deliver_sm, section 4.6.1: the fields of a Submit, the other way.
type Deliver struct{ Submit }

// A Data is data_sm, section 4.7.1; its text is in message_payload.
type Data struct {
	Service    []byte // service_type
	Source, To Address
	Class      uint8 // esm_class
	Registered uint8 // which receipts are wanted
	Coding     uint8 // data_coding
	Options    wire.TLVs
}

// Fields lists the body in wire order.
func (d *Data) Fields(f *wire.Fields) {
	f.CBytes(&d.Service, 6)
	d.Source.fields(f, longAddressSize)
	d.To.fields(f, longAddressSize)
	f.Uint8(&d.Class)
	f.Uint8(&d.Registered)
	f.Uint8(&d.Coding)
	f.TLVs(&d.Options)
}

// An Alert is alert_notification, section 4.12.1: a handset that can be reached
// again. It has no answer.
type Alert struct {
	Source, To Address
	Options    wire.TLVs
}

// Fields lists the body in wire order.
func (a *Alert) Fields(f *wire.Fields) {
	a.Source.fields(f, longAddressSize)
	a.To.fields(f, longAddressSize)
	f.TLVs(&a.Options)
}

// An Arrival is what a deliver_sm or data_sm brings. The slices are the body's.
type Arrival struct {
	From, To []byte
	Class    byte // esm_class
	Coding   byte // data_coding
	Text     []byte
	ID       []byte // receipted_message_id, nil when absent
	State    byte   // message_state, 0 when absent
	Network  []byte // network_error_code
	Options  wire.TLVs
}

// ParseDeliver reads a deliver_sm's body.
func ParseDeliver(body []byte) (Arrival, error) {
	if a, ok := deliverByHand(body); ok {
		return a, nil
	}
	return deliverByList(body) // to say what is wrong
}

func deliverByList(body []byte) (Arrival, error) {
	var d Deliver
	f := wire.Reading(body)
	d.Fields(&f)
	if err := f.Finish(); err != nil {
		return Arrival{}, err
	}
	a := Arrival{From: d.Source.Text, To: d.To.Text, Class: d.Class, Coding: d.Coding, Text: d.Text}
	a.take(d.Options)
	return a, nil
}

// deliverByHand reads what deliverByList reads: there is one for every recipient,
// and the list takes 80 ns more.
func deliverByHand(b []byte) (a Arrival, ok bool) {
	_, b = cutText(b, 6) // service_type
	if len(b) < 2 {
		return a, false
	}
	if a.From, b = cutText(b[2:], addressSize); len(b) < 2 {
		return a, false
	}
	if a.To, b = cutText(b[2:], addressSize); len(b) < 3 {
		return a, false
	}
	a.Class = b[0]
	_, b = cutText(b[3:], 17) // behind protocol_id and priority_flag: schedule_delivery_time
	_, b = cutText(b, 17)     // validity_period
	if len(b) < 5 || len(b)-5 < int(b[4]) {
		return a, false
	}
	a.Coding = b[2]
	end := 5 + int(b[4])
	a.Text = b[5:end:end]
	return a, a.take(wire.TLVs(b[end:]))
}

// cutText splits off a C-octet string of at most max octets with its NUL; rest is
// nil when there is none.
func cutText(b []byte, max int) (text, rest []byte) {
	for i, c := range b[:min(max, len(b))] {
		if c == 0 {
			return b[:i:i], b[i+1:]
		}
	}
	return nil, nil
}

// ParseData reads a data_sm's body.
func ParseData(body []byte) (Arrival, error) {
	var d Data
	f := wire.Reading(body)
	d.Fields(&f)
	if err := f.Finish(); err != nil {
		return Arrival{}, err
	}
	a := Arrival{From: d.Source.Text, To: d.To.Text, Class: d.Class, Coding: d.Coding}
	a.take(d.Options)
	return a, nil
}

// take notes what optional parameters say; of one that comes twice the first. It
// reports whether they add up.
func (a *Arrival) take(options wire.TLVs) bool {
	a.Options = options
	for len(options) > 0 {
		tag, value, rest, ok := options.Next()
		if !ok {
			return false
		}
		switch tag {
		case TagReceiptedMessageID:
			if a.ID == nil {
				a.ID = bytes.TrimRight(value, "\x00")
			}
		case TagMessageState:
			if len(value) == 1 && a.State == 0 {
				a.State = max(value[0], enroute) // 0 is SCHEDULED (5.0): it has not left yet
			}
		case TagNetworkErrorCode:
			if a.Network == nil {
				a.Network = value
			}
		case TagMessagePayload:
			if len(a.Text) == 0 {
				a.Text = value
			}
		}
		options = rest
	}
	return true
}
