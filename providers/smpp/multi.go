package smpp

import (
	"bytes"
	"fmt"
	"slices"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A Multi is submit_multi, section 4.5.1.
type Multi struct {
	Service []byte // service_type
	Source  Address
	To      []Destination // at most 254
	Message
}

// Fields lists the body in wire order.
func (m *Multi) Fields(f *wire.Fields) {
	f.CBytes(&m.Service, 6)
	m.Source.fields(f, addressSize)
	n := f.Count8(len(m.To))
	if f.Reading() {
		m.To = slices.Grow(m.To[:0], n)[:n]
	}
	for i := range m.To {
		m.To[i].fields(f)
	}
	m.Message.fields(f)
}

// What a Destination is: dest_flag, section 5.2.25.
const (
	OneNumber = 1
	ListName  = 2
)

// A Destination is one dest_address of a Multi: an address, or the name of a list
// that the carrier keeps.
type Destination struct {
	Flag uint8
	Address
}

func (d *Destination) fields(f *wire.Fields) {
	f.Uint8(&d.Flag)
	switch d.Flag {
	case OneNumber:
		d.Address.fields(f, addressSize)
	case ListName:
		d.TON, d.NPI = 0, 0
		f.CBytes(&d.Text, addressSize)
	default:
		f.Fail(fmt.Errorf("%w: dest_flag %d", ErrPDU, d.Flag))
	}
}

// A MultiAnswer is the response to a Multi, section 4.5.2. Some carriers leave
// the body out when the status is not 0, and the list when nobody is in it.
type MultiAnswer struct {
	Absent   bool
	ID       []byte // message_id, of all that were taken
	Unlisted bool
	Refused  []Refusal
	Options  wire.TLVs
}

// Fields lists the body in wire order.
func (m *MultiAnswer) Fields(f *wire.Fields) {
	if f.Absent(&m.Absent) {
		return
	}
	f.CBytes(&m.ID, idSize)
	if f.Absent(&m.Unlisted) {
		return
	}
	n := f.Count8(len(m.Refused))
	if f.Reading() {
		m.Refused = slices.Grow(m.Refused[:0], n)[:n]
	}
	for i := range m.Refused {
		m.Refused[i].fields(f)
	}
	f.TLVs(&m.Options)
}

// A Refusal is an unsuccess_sme, section 4.5.2.1: a destination that was not
// taken, and its command_status.
type Refusal struct {
	Address
	Status uint32
}

func (r *Refusal) fields(f *wire.Fields) {
	r.Address.fields(f, addressSize)
	f.Uint32(&r.Status)
}

// AppendMulti appends a submit_multi to the numbers of msgs, at most 254; header is the
// text's user data header, or nil. It writes what Multi.Fields would, by hand because a
// list of addresses made for it costs more than the PDU.
func AppendMulti(b []byte, sequence uint32, o *Outgoing, msgs []sms.Message, header []byte) []byte {
	start := len(b)
	b = o.head(Begin(b, SubmitMulti, 0, sequence))
	b = append(b, byte(len(msgs)))
	for i := range msgs {
		b = append(b, OneNumber, 1, 1) // international, E.164
		b = append(msgs[i].To.AppendDigits(b), 0)
	}
	return End(o.tail(b, header), start)
}

// Refusals reads a MultiAnswer without making its list: the reference, and each
// destination that was refused with its command_status. As with Reference, what
// stands behind is not looked at.
func Refusals(body []byte, each func(to []byte, status uint32)) (ref []byte, err error) {
	if len(body) == 0 {
		return nil, nil
	}
	f := wire.Reading(body)
	f.CBytes(&ref, idSize)
	var unlisted bool
	if f.Absent(&unlisted) {
		return ref, nil
	}
	for range f.Count8(0) {
		var r Refusal
		if r.fields(&f); f.Err() != nil {
			break
		}
		each(r.Text, r.Status)
	}
	return ref, f.Err()
}

// named finds the message of a batch to the number that addr is, as a carrier
// writes it: with a plus sign, zeros in front, or without its country code. It is
// -1 when there is none, or more than one.
func named(batch []sms.Message, addr []byte) int {
	addr = bytes.TrimLeft(addr, "+0")
	if len(addr) < shortest || len(addr) > longest {
		return -1
	}
	var n, unit uint64 = 0, 1
	for _, c := range addr {
		if c < '0' || c > '9' {
			return -1
		}
		n, unit = n*10+uint64(c-'0'), unit*10
	}
	ending := -1
	for i := range batch {
		switch to := uint64(batch[i].To); {
		case to == n:
			return i
		case to%unit != n:
		case ending >= 0:
			ending = -2
		case ending == -1:
			ending = i
		}
	}
	return max(ending, -1)
}

// How many digits a number has, its country code left out or not.
const (
	shortest = 6
	longest  = 15 // ITU-T E.164, section 6.2.1
)
