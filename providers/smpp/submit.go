package smpp

import (
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A Submit is submit_sm, section 4.4.1.
type Submit struct {
	Service    []byte // service_type
	Source, To Address
	Message
}

// Fields lists the body in wire order.
func (s *Submit) Fields(f *wire.Fields) {
	f.CBytes(&s.Service, 6)
	s.Source.fields(f, addressSize)
	s.To.fields(f, addressSize)
	s.Message.fields(f)
}

// An Answer is the response to submit_sm, deliver_sm or data_sm. With a status
// that is not 0 it may have no body.
type Answer struct {
	Absent  bool
	ID      []byte // message_id
	Options wire.TLVs
}

// Fields lists the body in wire order.
func (a *Answer) Fields(f *wire.Fields) {
	if f.Absent(&a.Absent) {
		return
	}
	f.CBytes(&a.ID, idSize)
	f.TLVs(&a.Options)
}

// idSize is the longest message_id with its NUL, section 5.2.23.
const idSize = 65

// Reference is the message_id of an Answer, nil when it has no body. What stands
// behind it is not looked at: the carrier has taken the message, and an odd
// parameter makes that no less true.
func Reference(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var id []byte
	f := wire.Reading(body)
	f.CBytes(&id, idSize)
	return id, f.Err()
}

// An Outgoing is what the submits of one text share. The octets are not kept.
type Outgoing struct {
	Source     string // at most 20 octets
	SourceTON  byte
	SourceNPI  byte
	Class      byte // esm_class
	Priority   byte
	Schedule   string // absolute time before which it is kept, 16 characters, or empty
	Validity   string // absolute time, 16 characters, or empty
	Registered byte
	Coding     byte
	Text       []byte // short_message behind its user data header
}

// head appends the fields before the destination.
func (o *Outgoing) head(b []byte) []byte {
	b = append(b, 0, o.SourceTON, o.SourceNPI) // empty service_type
	return append(append(b, o.Source...), 0)
}

// tail appends the fields behind the destination.
func (o *Outgoing) tail(b []byte, udh []byte) []byte {
	b = append(b, o.Class, 0, o.Priority) // protocol_id
	b = append(append(b, o.Schedule...), 0)
	b = append(append(b, o.Validity...), 0)
	b = append(b, o.Registered, 0, o.Coding, 0, byte(len(udh)+len(o.Text)))
	b = append(b, udh...)
	return append(b, o.Text...)
}

// AppendSubmit appends a submit_sm to one number; udh may be nil. It writes what
// Submit.Fields would, by hand because it is written once for every recipient.
func AppendSubmit(b []byte, sequence uint32, o *Outgoing, to sms.Number, udh []byte) []byte {
	start := len(b)
	b = o.head(Begin(b, SubmitSM, 0, sequence))
	b = append(b, 1, 1) // international, E.164
	b = append(to.AppendDigits(b), 0)
	return End(o.tail(b, udh), start)
}
