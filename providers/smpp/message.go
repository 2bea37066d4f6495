package smpp

import (
	"tocsin/providers/sms"
)

// esm_class, SMPP 3.4 section 5.2.12.
const (
	UDHI        = 0x40
	typeMask    = 0x3C
	typeReceipt = 0x04
	typeNotice  = 0x20 // intermediate notification
)

// A Submit is a submit_sm or submit_multi, as both sides need it. The octets are
// not kept.
type Submit struct {
	Source     string
	SourceTON  byte
	SourceNPI  byte
	Class      byte // esm_class
	Priority   byte
	Validity   string // absolute time, 16 characters, or empty
	Registered byte
	Coding     byte
	Text       []byte // short_message, UDH included
}

// head appends the fields before the destination.
func (s *Submit) head(b []byte) []byte {
	b = append(b, 0, s.SourceTON, s.SourceNPI) // empty service_type
	return AppendCString(b, s.Source)
}

// tail appends the fields behind the destination.
func (s *Submit) tail(b []byte, udh []byte) []byte {
	b = append(b, s.Class, 0, s.Priority, 0) // protocol_id, empty schedule_delivery_time
	b = AppendCString(b, s.Validity)
	b = append(b, s.Registered, 0, s.Coding, 0, byte(len(udh)+len(s.Text)))
	b = append(b, udh...)
	return append(b, s.Text...)
}

// AppendSubmit appends a submit_sm to one number; udh may be nil.
func AppendSubmit(b []byte, sequence uint32, s *Submit, to sms.Number, udh []byte) []byte {
	start := len(b)
	b = s.head(Begin(b, SubmitSM, 0, sequence))
	b = append(b, 1, 1) // international, E.164
	b = append(to.AppendDigits(b), 0)
	return End(s.tail(b, udh), start)
}

// AppendMulti appends a submit_multi to the numbers of msgs, at most 254 (section 4.5.1).
func AppendMulti(b []byte, sequence uint32, s *Submit, msgs []sms.Message) []byte {
	start := len(b)
	b = s.head(Begin(b, SubmitMulti, 0, sequence))
	b = append(b, byte(len(msgs)))
	for i := range msgs {
		b = append(b, 1, 1, 1) // an address, international, E.164
		b = append(msgs[i].To.AppendDigits(b), 0)
	}
	return End(s.tail(b, nil), start)
}

// ParseSubmit reads a submit_sm's body. The slices are the body's.
func ParseSubmit(body []byte) (s Submit, to []byte, err error) {
	f := Read(body)
	s.readHead(&f)
	f.Octets(2)
	to = f.CString(21)
	s.readTail(&f)
	return s, to, f.Err()
}

// ParseMulti reads a submit_multi's body and gives each destination to each.
func ParseMulti(body []byte, each func(to []byte)) (s Submit, err error) {
	f := Read(body)
	s.readHead(&f)
	for n := f.Uint8(); n > 0 && f.err == nil; n-- {
		if f.Uint8() != 1 { // distribution lists are not known
			return s, ErrPDU
		}
		f.Octets(2)
		if to := f.CString(21); f.err == nil {
			each(to)
		}
	}
	s.readTail(&f)
	return s, f.Err()
}

func (s *Submit) readHead(f *Fields) {
	f.CString(6)
	s.SourceTON, s.SourceNPI = f.Uint8(), f.Uint8()
	f.CString(21)
}

func (s *Submit) readTail(f *Fields) {
	s.Class = f.Uint8()
	f.Uint8()
	s.Priority = f.Uint8()
	f.CString(17)
	f.CString(17)
	s.Registered = f.Uint8()
	f.Uint8()
	s.Coding = f.Uint8()
	f.Uint8()
	s.Text = f.Octets(int(f.Uint8()))
	for {
		tag, value, ok := f.TLV()
		if !ok {
			return
		}
		if tag == TagMessagePayload && len(s.Text) == 0 {
			s.Text = value
		}
	}
}

// A Deliver is a deliver_sm or data_sm as it arrives. The slices are the body's.
type Deliver struct {
	From, To []byte
	Class    byte
	Coding   byte
	Text     []byte
	ID       []byte // receipted_message_id, nil when absent
	State    byte   // message_state, 0 when absent
	Network  []byte // network_error_code
}

// ParseDeliver reads a deliver_sm's body.
func ParseDeliver(body []byte) (d Deliver, err error) {
	f := Read(body)
	f.CString(6)
	f.Octets(2)
	d.From = f.CString(21)
	f.Octets(2)
	d.To = f.CString(21)
	d.Class = f.Uint8()
	f.Octets(2)
	f.CString(17)
	f.CString(17)
	f.Octets(2)
	d.Coding = f.Uint8()
	f.Uint8()
	d.Text = f.Octets(int(f.Uint8()))
	d.options(&f)
	return d, f.Err()
}

// ParseData reads a data_sm's body.
func ParseData(body []byte) (d Deliver, err error) {
	f := Read(body)
	f.CString(6)
	f.Octets(2)
	d.From = f.CString(65)
	f.Octets(2)
	d.To = f.CString(65)
	d.Class = f.Uint8()
	f.Uint8()
	d.Coding = f.Uint8()
	d.options(&f)
	return d, f.Err()
}

func (d *Deliver) options(f *Fields) {
	for {
		tag, value, ok := f.TLV()
		if !ok {
			return
		}
		switch tag {
		case TagReceiptedMessageID:
			for len(value) > 0 && value[len(value)-1] == 0 {
				value = value[:len(value)-1]
			}
			d.ID = value
		case TagMessageState:
			if len(value) == 1 {
				d.State = value[0]
			}
		case TagNetworkErrorCode:
			d.Network = value
		case TagMessagePayload:
			if len(d.Text) == 0 {
				d.Text = value
			}
		}
	}
}

// AppendDeliver appends a deliver_sm; for the carrier's side.
func AppendDeliver(b []byte, sequence uint32, d *Deliver) []byte {
	start := len(b)
	b = Begin(b, DeliverSM, 0, sequence)
	b = append(b, 0, 1, 1)
	b = append(append(b, d.From...), 0, 0, 1)
	b = append(append(b, d.To...), 0)
	b = append(b, d.Class, 0, 0, 0, 0, 0, 0, d.Coding, 0, byte(len(d.Text)))
	b = append(b, d.Text...)
	if d.ID != nil {
		b = append(b, TagReceiptedMessageID>>8, TagReceiptedMessageID&0xFF, 0, byte(len(d.ID)+1))
		b = append(append(b, d.ID...), 0)
	}
	if d.State != 0 {
		b = append(b, TagMessageState>>8, TagMessageState&0xFF, 0, 1, d.State)
	}
	return End(b, start)
}

// Refusals reads a submit_multi_resp's body: the reference, and each
// destination that was refused with its command_status.
func Refusals(body []byte, each func(to []byte, status uint32)) (ref []byte, err error) {
	if len(body) == 0 {
		return nil, nil
	}
	f := Read(body)
	ref = f.CString(65)
	if len(f.Rest()) == 0 && f.err == nil {
		return ref, nil
	}
	for n := f.Uint8(); n > 0 && f.err == nil; n-- {
		f.Octets(2)
		to := f.CString(21)
		if status := f.Uint32(); f.err == nil {
			each(to, status)
		}
	}
	return ref, f.Err()
}
