package smpp

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

// nothing is the body of a PDU that is only a header.
type nothing struct{}

func (*nothing) Fields(*wire.Fields) {}

// bodyOf makes the empty body of a command.
func bodyOf(id uint32) wire.Body {
	switch id {
	case BindReceiver, BindTransmitter, BindTransceiver:
		return &Bind{}
	case BindReceiver | Response, BindTransmitter | Response, BindTransceiver | Response:
		return &BindAnswer{}
	case SubmitSM:
		return &Submit{}
	case SubmitSM | Response, DeliverSM | Response, DataSM | Response:
		return &Answer{}
	case SubmitMulti:
		return &Multi{}
	case SubmitMulti | Response:
		return &MultiAnswer{}
	case DeliverSM:
		return &Deliver{}
	case DataSM:
		return &Data{}
	case BroadcastSM:
		return &Broadcast{}
	case BroadcastSM | Response:
		return &BroadcastAnswer{}
	case QueryBroadcastSM:
		return &BroadcastQuery{}
	case QueryBroadcastSM | Response:
		return &BroadcastState{}
	case CancelBroadcastSM:
		return &BroadcastCancel{}
	case AlertNotification:
		return &Alert{}
	case QuerySM:
		return &Query{}
	case QuerySM | Response:
		return &QueryAnswer{}
	case CancelSM:
		return &Cancel{}
	}
	return &nothing{}
}

func tlvs(parameters ...wire.TLVs) (all wire.TLVs) {
	for _, p := range parameters {
		all = append(all, p...)
	}
	return all
}

func tlv(tag uint16, value string) wire.TLVs { return wire.AppendTLV(nil, tag, []byte(value)...) }

var (
	person  = Address{1, 1, []byte("8613800138000")}
	code    = Address{0, 1, []byte("10690000")}
	receipt = "id:126e85a6edeac1a02020099312479564 sub:001 dlvrd:001 submit date:1002191630 done date:1002191630 stat:DELIVRD err:000 Text:Hello               "
)

// golden is what each file of testdata says.
var golden = map[string]struct {
	Header Header
	Body   wire.Body
}{
	"bind_transmitter": {
		Header{ID: BindTransmitter, Sequence: 1},
		&Bind{"SMPP3TEST", "secret08", "SUBMIT1", 0x50, 1, 1, ""},
	},
	"bind_receiver": {Header{ID: BindReceiver, Sequence: 1}, &Bind{SystemID: "tocsin", Password: "secret", Version: Version34}},
	"bind_transceiver": {
		Header{ID: BindTransceiver, Sequence: 0x7FFFFFFF},
		&Bind{"fifteen-letters", "eight888", "twelve-lette", Version34, 1, 1, "^1069[0-9]{4}$.........................."},
	},
	"bind_transceiver_resp": {
		Header{ID: BindTransceiver | Response, Sequence: 1},
		&BindAnswer{SystemID: "carrier", Options: tlv(TagInterfaceVersion, "\x34")},
	},
	"bind_receiver_resp": {
		Header{ID: BindReceiver | Response, Sequence: 1},
		&BindAnswer{SystemID: "carrier", Options: tlv(TagInterfaceVersion, "\x50")},
	},
	"bind_transmitter_resp":         {Header{ID: BindTransmitter | Response, Sequence: 1}, &BindAnswer{SystemID: "carrier"}},
	"bind_transmitter_resp_refused": {Header{ID: BindTransmitter | Response, Status: StatusInvPasswd, Sequence: 1}, &BindAnswer{Absent: true}},
	"unbind":                        {Header{ID: UnbindCommand, Sequence: 9}, &nothing{}},
	"unbind_resp":                   {Header{ID: UnbindCommand | Response, Sequence: 9}, &nothing{}},
	"enquire_link":                  {Header{ID: EnquireLink, Sequence: 10}, &nothing{}},
	"enquire_link_resp":             {Header{ID: EnquireLink | Response, Sequence: 10}, &nothing{}},
	"generic_nack":                  {Header{ID: GenericNack, Status: StatusInvCmdID, Sequence: 11}, &nothing{}},
	"submit_sm": {
		Header{ID: SubmitSM, Sequence: 0x1005},
		&Submit{Source: Address{5, 0, []byte("Tocsin")}, To: person, Message: Message{
			Priority: 3, Validity: []byte("261125161500000+"), Registered: 1, Text: []byte("Flood: keep off the river banks."),
		}},
	},
	"submit_sm_segment": {
		Header{ID: SubmitSM, Sequence: 0x2006},
		&Submit{Source: code, To: person, Message: Message{
			Class: UDHI, Priority: 1, Registered: 1, Coding: 8, Text: []byte("\x05\x00\x03\x7b\x03\x02\x6d\x2a\x6c\x34\x8b\x66\x62\xa5"),
		}},
	},
	"submit_sm_payload": {
		Header{ID: SubmitSM, Sequence: 0x3007},
		&Submit{Service: []byte("CMT"), Source: code, To: person, Message: Message{
			Class: 3, Protocol: 0x41, Schedule: []byte("000000020000000R"), Registered: 0x11, Replace: 1, Canned: 7,
			Options: tlvs(tlv(TagMessagePayload, "a text"), tlv(0x0381, "\x01\x00\x01110"), tlv(0x0381, "\x01\x00\x01119")),
		}},
	},
	"submit_sm_resp":         {Header{ID: SubmitSM | Response, Sequence: 0x1005}, &Answer{ID: []byte("0123456789ABCDEF")}},
	"submit_sm_resp_refused": {Header{ID: SubmitSM | Response, Status: StatusThrottled, Sequence: 0x1005}, &Answer{Absent: true}},
	"submit_sm_resp_empty":   {Header{ID: SubmitSM | Response, Status: StatusMsgQFul, Sequence: 0x1005}, &Answer{ID: []byte{}}},
	"submit_sm_resp_congestion": {
		Header{ID: SubmitSM | Response, Sequence: 2},
		&Answer{ID: []byte("00000001"), Options: tlv(TagCongestionState, "\x2a")},
	},
	"submit_multi": {
		Header{ID: SubmitMulti, Sequence: 0x4001},
		&Multi{
			Source: code,
			To: []Destination{
				{OneNumber, person},
				{ListName, Address{Text: []byte("flood-wardens")}},
				{OneNumber, Address{1, 1, []byte("8613800138001")}},
			},
			Message: Message{Validity: []byte("261125161500000+"), Registered: 1, Text: []byte("Fire")},
		},
	},
	"submit_multi_resp": {
		Header{ID: SubmitMulti | Response, Sequence: 3},
		&MultiAnswer{ID: []byte("m2"), Refused: []Refusal{{Address{1, 1, []byte("8613800000001")}, StatusInvDest}}},
	},
	"submit_multi_resp_all":      {Header{ID: SubmitMulti | Response, Sequence: 0x4001}, &MultiAnswer{ID: []byte("42")}},
	"submit_multi_resp_unlisted": {Header{ID: SubmitMulti | Response, Sequence: 0x4001}, &MultiAnswer{ID: []byte("42"), Unlisted: true}},
	"submit_multi_resp_congestion": {
		Header{ID: SubmitMulti | Response, Sequence: 0x4001},
		&MultiAnswer{
			ID:      []byte("42"),
			Refused: []Refusal{{person, StatusInvDest}, {Address{1, 1, []byte("8613800138001")}, StatusMsgQFul}},
			Options: tlv(TagCongestionState, "\x5a"),
		},
	},
	"deliver_sm_receipt": {
		Header{ID: DeliverSM, Sequence: 1},
		&Deliver{Submit{
			Source: Address{1, 1, []byte("44951361920")}, To: Address{0, 1, []byte("40404")},
			Message: Message{Class: 4, Coding: 3, Text: []byte(receipt), Options: tlvs(
				tlv(TagMessageState, "\x02"), tlv(TagReceiptedMessageID, "126e85a6edeac1a02020099312479564\x00"))},
		}},
	},
	"deliver_sm_notice": {
		Header{ID: DeliverSM, Sequence: 77},
		&Deliver{Submit{Source: person, To: code, Message: Message{Class: 0x20, Text: []byte{}, Options: tlvs(
			tlv(TagReceiptedMessageID, "42\x00"), tlv(TagMessageState, "\x01"), tlv(TagNetworkErrorCode, "\x03\x00\x1b"))}}},
	},
	"deliver_sm_incoming": {
		Header{ID: DeliverSM, Sequence: 78},
		&Deliver{Submit{Source: person, To: code, Message: Message{Coding: 8, Text: []byte("\x65\x36\x52\x30")}}},
	},
	"deliver_sm_resp": {Header{ID: DeliverSM | Response, Sequence: 77}, &Answer{ID: []byte{}}},
	"data_sm_receipt": {
		Header{ID: DataSM, Sequence: 79},
		&Data{Source: person, To: code, Class: 4, Options: tlvs(
			tlv(TagReceiptedMessageID, "42\x00"), tlv(TagMessageState, "\x05"), tlv(TagNetworkErrorCode, "\x03\x00\x1b"))},
	},
	"data_sm_resp": {Header{ID: DataSM | Response, Sequence: 79}, &Answer{ID: []byte("d1"), Options: tlv(0x0425, "\x02")}},
	"query_sm":     {Header{ID: QuerySM, Sequence: 0x5001}, &Query{ID: []byte("0123456789ABCDEF"), Source: code}},
	"query_sm_resp": {
		Header{ID: QuerySM | Response, Sequence: 0x5001},
		&QueryAnswer{ID: []byte("0123456789ABCDEF"), Final: []byte("261125161500032+"), State: 5, Error: 27},
	},
	"query_sm_resp_refused": {Header{ID: QuerySM | Response, Status: 0x67, Sequence: 0x5001}, &QueryAnswer{Absent: true}},
	"cancel_sm": {
		Header{ID: CancelSM, Sequence: 0x5002},
		&Cancel{Service: []byte("CMT"), ID: []byte("0123456789ABCDEF"), Source: code, To: person},
	},
	"cancel_sm_resp": {Header{ID: CancelSM | Response, Sequence: 0x5002}, &nothing{}},
	"broadcast_sm": {
		Header{ID: BroadcastSM, Sequence: 4},
		&Broadcast{Source: Address{Text: []byte("CB")}, Coding: 1, Options: tlvs(
			tlv(TagMessagePayload, "flood"), tlv(TagBroadcastArea, "\x00district-1"), tlv(TagBroadcastContent, "\x01\x00\x01"),
			tlv(TagBroadcastRepeat, "\x00\x03"), tlv(TagBroadcastFrequency, "\x09\x00\x05"))},
	},
	"broadcast_sm_areas": {
		Header{ID: BroadcastSM, Sequence: 3},
		&Broadcast{
			Service: []byte("CMT"), Source: Address{0, 1, []byte("10690")}, Priority: 1, Validity: []byte("261126161500000+"), Coding: 8,
			Options: riverOrder.AppendTo(nil),
		},
	},
	"broadcast_sm_resp": {
		Header{ID: BroadcastSM | Response, Sequence: 3},
		&BroadcastAnswer{Answer{ID: []byte("b1-7"), Options: append(
			AppendFailures(nil, []Failure{{Area("\x00river1"), StatusAlias}}), tlv(TagCongestionState, "\x55")...)}},
	},
	"query_broadcast_sm": {
		Header{ID: QueryBroadcastSM, Sequence: 5},
		&BroadcastQuery{ID: []byte("b1-7"), Source: Address{0, 1, []byte("10690")}},
	},
	"query_broadcast_sm_resp": {
		Header{ID: QueryBroadcastSM | Response, Sequence: 5},
		&BroadcastState{Answer{ID: []byte("b1-7"), Options: AppendState(nil, 1, []Reach{{Area("\x00river"), 100}, {Area("\x00hill"), UnknownReach}})}},
	},
	"cancel_broadcast_sm": {
		Header{ID: CancelBroadcastSM, Sequence: 6},
		&BroadcastCancel{
			Service: []byte("CMT"), ID: []byte("b1-7"), Source: Address{0, 1, []byte("10690")},
			Options: tlv(TagBroadcastContent, "\x00\x00\x01"),
		},
	},
	"cancel_broadcast_sm_resp": {Header{ID: CancelBroadcastSM | Response, Sequence: 6}, &nothing{}},
	"alert_notification": {
		Header{ID: AlertNotification, Sequence: 80},
		&Alert{Source: person, To: code, Options: tlv(0x0422, "\x00")},
	},
}

// codec is how the frames are taken apart.
var codec = wiretest.Codec[Header]{
	About: "SMPP ", Split: Split,
	Append: func(b []byte, h Header, body wire.Body) ([]byte, error) {
		return Append(b, h.ID, h.Status, h.Sequence, body)
	},
	ID: func(h Header) uint32 { return h.ID },
	Sized: func(h Header, length uint32) Header {
		h.Length = length
		return h
	},
	Body: func(id uint32, _ string) wire.Body { return bodyOf(id) },
}

func TestGoldenFrames(t *testing.T) { codec.Golden(t, golden) }

func TestTheVersionOfABindAnswer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options wire.TLVs
		want    byte
	}{
		{"is what the carrier says", tlv(TagInterfaceVersion, "\x50"), 0x50},
		{"is 0 when it says nothing", nil, 0},
		{"is 0 when it is no octet", tlv(TagInterfaceVersion, "34"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := BindAnswer{Options: tt.options}
			if got := a.Version(); got != tt.want {
				t.Errorf("got %#x, want %#x", got, tt.want)
			}
		})
	}
}

// Every cut of a body is an error, or is a body that leaves out what may be left
// out: then it encodes to the same octets.
func TestEveryCutBodyIsRefusedOrWhole(t *testing.T) {
	codec.Cut(t, func(string) bool { return true })
}

func TestWhatDoesNotFitIsNotEncoded(t *testing.T) {
	long := strings.Repeat("x", 65)
	codec.Unfit(t, map[string]wire.Body{
		"a system_id of 16 characters":                  &Bind{SystemID: long[:16]},
		"a password of 9 characters":                    &Bind{Password: long[:9]},
		"a system_type of 13 characters":                &Bind{SystemType: long[:13]},
		"an address_range of 41 characters":             &Bind{Range: long[:41]},
		"a system_id with a NUL":                        &Bind{SystemID: "a\x00b"},
		"an address of 21 octets":                       &Submit{To: Address{Text: []byte(long[:21])}},
		"a short_message of 256 octets":                 &Submit{Message: Message{Text: make([]byte, 256)}},
		"a validity_period of 17 characters":            &Submit{Message: Message{Validity: []byte(long[:17])}},
		"256 destinations":                              &Multi{To: make([]Destination, 256)},
		"a destination that is neither number nor list": &Multi{To: []Destination{{Flag: 3}}},
		"256 refusals":                                  &MultiAnswer{Refused: make([]Refusal, 256)},
		"a message_id of 65 characters":                 &Answer{ID: []byte(long)},
		"parameters that do not add up":                 &Deliver{Submit{Message: Message{Options: wire.TLVs{0, 30, 0, 9, 1}}}},
	})
}

// A body that promises more than it holds costs no more than it holds.
func TestWhatIsMalformedCostsLittle(t *testing.T) {
	const little = 64 << 10
	endless := bytes.Repeat([]byte{'a'}, MaxFrame-HeaderSize)
	bodies := [][]byte{
		nil, endless, bytes.Repeat([]byte{0xFF}, 100), make([]byte, 3),
		[]byte("\x00\x00\x01sender\x00\xff"),                           // 255 destinations
		[]byte("42\x00\xff"),                                           // 255 refusals
		append([]byte("\x00\x01\x01a\x00\x01\x01b\x00"), 4, 0, 0, 255), // and other lengths
		[]byte("\x00\x01\x01a\x00\x01\x01b\x00\x04\x00\x00\x04\x24\xff\xff"),
	}
	ids := []uint32{BindTransceiver, BindTransceiver | Response, SubmitSM, SubmitSM | Response, SubmitMulti, SubmitMulti | Response, DeliverSM, DataSM, AlertNotification}
	for _, id := range ids {
		for _, octets := range bodies {
			body := bodyOf(id)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := wire.Decode(octets, body)
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; err != nil && got > little {
				t.Errorf("PDU %#x with %d octets: got %d octets allocated for %v, want at most %d", id, len(octets), got, err, little)
			}
		}
	}
}
