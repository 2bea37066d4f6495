package smpp

import (
	"encoding/binary"
	"fmt"

	"tocsin/providers/wire"
)

// Command ids of cell broadcast: SMPP 5.0, section 4.7.
const (
	BroadcastSM       = 0x00000111
	QueryBroadcastSM  = 0x00000112
	CancelBroadcastSM = 0x00000113
)

// Tags of cell broadcast: SMPP 5.0, section 4.8.
const (
	TagBroadcastContent   = 0x0601 // broadcast_content_type: network and type
	TagBroadcastRepeat    = 0x0604 // broadcast_rep_num
	TagBroadcastFrequency = 0x0605 // broadcast_frequency_interval: unit and count
	TagBroadcastArea      = 0x0606 // broadcast_area_identifier; in a response the area that failed
	TagBroadcastError     = 0x0607 // broadcast_error_status of such an area
	TagBroadcastSuccess   = 0x0608 // broadcast_area_success, in percent
)

// Statuses of cell broadcast that are named in code: SMPP 5.0, section 4.7.
const (
	StatusInvMsgID   = 0x0C
	StatusMissingTLV = 0xC3
	StatusAlias      = 0x108
	StatusAreaFormat = 0x109
	StatusBroadcast  = 0x10D
	StatusQuery      = 0x10E
	StatusCancel     = 0x10F
)

// A Broadcast is broadcast_sm, SMPP 5.0, section 4.4: a text for every handset in
// some areas. The text is in message_payload, the areas are parameters too.
type Broadcast struct {
	Service  []byte // service_type
	Source   Address
	ID       []byte // message_id, of a broadcast that is replaced
	Priority uint8
	Schedule []byte // when to begin, 16 characters; empty: at once
	Validity []byte // until when, 16 characters; empty: the carrier's default
	Replace  uint8  // replace_if_present_flag
	Coding   uint8  // data_coding
	Canned   uint8  // sm_default_msg_id
	Options  wire.TLVs
}

// Fields lists the body in wire order.
func (b *Broadcast) Fields(f *wire.Fields) {
	f.CBytes(&b.Service, 6)
	b.Source.fields(f, addressSize)
	f.CBytes(&b.ID, idSize)
	f.Uint8(&b.Priority)
	f.CBytes(&b.Schedule, 17)
	f.CBytes(&b.Validity, 17)
	f.Uint8(&b.Replace)
	f.Uint8(&b.Coding)
	f.Uint8(&b.Canned)
	f.TLVs(&b.Options)
}

// An Order is what the parameters of a Broadcast ask for.
type Order struct {
	Areas   []Area
	Content uint16 // broadcast_content_type, of the generic network
	Repeat  uint16 // broadcast_rep_num
	Unit    Unit   // of Every
	Every   uint16 // between two repetitions
	Text    []byte // message_payload
}

// AppendTo appends the parameters that an order is: the mandatory four (SMPP 5.0,
// section 4.4.1) and the text.
func (o *Order) AppendTo(t wire.TLVs) wire.TLVs {
	for _, a := range o.Areas {
		t = wire.AppendTLV(t, TagBroadcastArea, a...)
	}
	t = wire.AppendTLV(t, TagBroadcastContent, 0, byte(o.Content>>8), byte(o.Content)) // 0: generic network
	t = wire.AppendTLV(t, TagBroadcastRepeat, byte(o.Repeat>>8), byte(o.Repeat))
	t = wire.AppendTLV(t, TagBroadcastFrequency, byte(o.Unit), byte(o.Every>>8), byte(o.Every))
	return wire.AppendTLV(t, TagMessagePayload, o.Text...)
}

// Order reads the parameters; status is the command_status of what is wrong with
// them, StatusOK when nothing is. Its slices are the body's.
func (b *Broadcast) Order() (o Order, status uint32) {
	var content, repeat, frequency bool
	for tag, v, rest, ok := b.Options.Next(); ok; tag, v, rest, ok = rest.Next() {
		switch tag {
		case TagBroadcastArea:
			if !Area(v).valid() {
				return o, StatusAreaFormat
			}
			o.Areas = append(o.Areas, v)
		case TagBroadcastContent:
			if content = len(v) == 3; content {
				o.Content = binary.BigEndian.Uint16(v[1:])
			}
		case TagBroadcastRepeat:
			if repeat = len(v) == 2; repeat {
				o.Repeat = binary.BigEndian.Uint16(v)
			}
		case TagBroadcastFrequency:
			if frequency = len(v) == 3; frequency {
				o.Unit, o.Every = Unit(v[0]), binary.BigEndian.Uint16(v[1:])
			}
		case TagMessagePayload:
			o.Text = v
		}
	}
	if len(o.Areas) == 0 || !content || !repeat || !frequency {
		return o, StatusMissingTLV
	}
	return o, StatusOK
}

// A BroadcastAnswer is the response to broadcast_sm, SMPP 5.0, section 4.4: an
// Answer whose parameters say which areas failed.
type BroadcastAnswer struct{ Answer }

// A Failure is an area that cannot be reached, and its command_status.
type Failure struct {
	Area   Area
	Status uint32
}

// AppendFailures appends the areas, then the statuses in the same order.
func AppendFailures(t wire.TLVs, failed []Failure) wire.TLVs {
	for _, f := range failed {
		t = wire.AppendTLV(t, TagBroadcastArea, f.Area...)
	}
	for _, f := range failed {
		t = wire.AppendTLV(t, TagBroadcastError, binary.BigEndian.AppendUint32(nil, f.Status)...)
	}
	return t
}

// Failures are the areas that failed. One whose status is not said has
// StatusBroadcast.
func (b *BroadcastAnswer) Failures() []Failure {
	var failed []Failure
	said := 0
	for tag, v, rest, ok := b.Options.Next(); ok; tag, v, rest, ok = rest.Next() {
		switch {
		case tag == TagBroadcastArea:
			failed = append(failed, Failure{v, StatusBroadcast})
		case tag == TagBroadcastError && len(v) == 4 && said < len(failed):
			failed[said].Status = binary.BigEndian.Uint32(v)
			said++
		}
	}
	return failed
}

// A BroadcastQuery is query_broadcast_sm, SMPP 5.0, section 4.6.
type BroadcastQuery struct {
	ID      []byte // message_id
	Source  Address
	Options wire.TLVs
}

// Fields lists the body in wire order.
func (q *BroadcastQuery) Fields(f *wire.Fields) {
	f.CBytes(&q.ID, idSize)
	q.Source.fields(f, addressSize)
	f.TLVs(&q.Options)
}

// A BroadcastState is the response to query_broadcast_sm, SMPP 5.0, section 4.6: an
// Answer whose parameters say how far it is, in all and in each area.
type BroadcastState struct{ Answer }

// A Reach is how many of the broadcasts in an area have succeeded.
type Reach struct {
	Area    Area
	Percent uint8 // UnknownReach: nobody knows
}

// UnknownReach is broadcast_area_success where it is not known: SMPP 5.0, section 4.8.
const UnknownReach = 255

// AppendState appends a message_state, the areas and how they are reached.
func AppendState(t wire.TLVs, state uint8, areas []Reach) wire.TLVs {
	t = wire.AppendTLV(t, TagMessageState, state)
	for _, a := range areas {
		t = wire.AppendTLV(t, TagBroadcastArea, a.Area...)
	}
	for _, a := range areas {
		t = wire.AppendTLV(t, TagBroadcastSuccess, a.Percent)
	}
	return t
}

// State is the message_state, UNKNOWN when it is not said, and how each area is
// reached.
func (b *BroadcastState) State() (state uint8, areas []Reach) {
	state = unknownState
	said := 0
	for tag, v, rest, ok := b.Options.Next(); ok; tag, v, rest, ok = rest.Next() {
		switch {
		case tag == TagMessageState && len(v) == 1:
			state = v[0]
		case tag == TagBroadcastArea:
			areas = append(areas, Reach{v, UnknownReach})
		case tag == TagBroadcastSuccess && len(v) == 1 && said < len(areas):
			areas[said].Percent = v[0]
			said++
		}
	}
	return state, areas
}

const unknownState = 7 // UNKNOWN: SMPP 3.4, section 5.2.28

// stateNames are message_state in SMPP's words: SMPP 5.0, section 4.7.
var stateNames = [...]string{"scheduled", "enroute", "delivered", "expired", "deleted", "undeliverable", "accepted", "unknown", "rejected", "skipped"}

// StateName is a message_state in SMPP's words.
func StateName(state uint8) string {
	if int(state) < len(stateNames) {
		return stateNames[state]
	}
	return fmt.Sprintf("state %d", state)
}

// A BroadcastCancel is cancel_broadcast_sm, SMPP 5.0, section 4.6. Its response has
// no body.
type BroadcastCancel struct {
	Service []byte // service_type
	ID      []byte // message_id
	Source  Address
	Options wire.TLVs
}

// Fields lists the body in wire order.
func (c *BroadcastCancel) Fields(f *wire.Fields) {
	f.CBytes(&c.Service, 6)
	f.CBytes(&c.ID, idSize)
	c.Source.fields(f, addressSize)
	f.TLVs(&c.Options)
}
