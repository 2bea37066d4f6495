package smgp

import (
	"bytes"
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
	case LoginID:
		return &Login{}
	case LoginID | Response:
		return &LoginAnswer{}
	case SubmitID:
		return &Submit{}
	case SubmitID | Response, DeliverID | Response:
		return &Answer{}
	case DeliverID:
		return &Deliver{}
	case QueryID:
		return &Query{}
	case QueryID | Response:
		return &QueryAnswer{}
	}
	return &nothing{}
}

// b is text as a field has it.
func b(text string) []byte { return []byte(text) }

func tlv(tag uint16, value string) wire.TLVs { return wire.AppendTLV(nil, tag, []byte(value)...) }

func tlvs(parameters ...wire.TLVs) (all wire.TLVs) {
	for _, p := range parameters {
		all = append(all, p...)
	}
	return all
}

const (
	flooding = "\x05\x00\x03\x7b\x03\x02\x6d\x2a\x6c\x34" // 洪水, the second of three
	received = "\x05\x00\x03\x01\x02\x01\x65\x36\x52\x30" // 收到, the first of two
	// realReport is the content of a real report.
	realReport = "id:\x01\x60\x13\x01\x03\x20\x38\x12\x05\x68 sub:001 dlvrd:001 Submit date:2401032038 done date:2401032038 stat:DELIVRD err:000 Text:" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
)

// golden is what each file of testdata says.
var golden = map[string]struct {
	Header Header
	Body   wire.Body
}{
	"login": {
		Header{ID: LoginID, Sequence: 1},
		&Login{b("testid"), b("\xca\x0e\xff\x03\x6f\x70\xaa\x11\x16\xb8\xe5\xdf\x1d\x55\xcf\x48"), 0, 1021080510, Version30},
	},
	"login_resp":         {Header{ID: LoginID | Response, Sequence: 1}, &LoginAnswer{0, b(gatewaysDigest), Version30}},
	"login_resp_refused": {Header{ID: LoginID | Response, Sequence: 1}, &LoginAnswer{StatusSecret, make([]byte, 16), Version30}},
	"submit": {
		Header{ID: SubmitID, Sequence: 0x4d2},
		&Submit{
			Type: ToHandset, Report: 1, Priority: 2, Service: b("serviceId"), FeeType: b("0"), FeeCode: b("0"), FixedFee: b("0"), Format: 15,
			Sender: b("10690001111"), To: [][]byte{b("17600000000")}, Content: b("hello test msg"),
		},
	},
	"submit_segment": {
		Header{ID: SubmitID, Sequence: 0x2001},
		&Submit{
			Type: ToHandset, Priority: 3, Service: b("WARN"), FeeType: b("00"), FeeCode: b("000000"), FixedFee: b("000000"), Format: 8,
			Valid: b("261125161500032+"), At: b("261125120000032+"), Sender: b("10690002"), To: [][]byte{b("8613300000000")},
			Content: b(flooding),
			Options: tlvs(tlv(TagUDHI, "\x01"), tlv(TagTotal, "\x03"), tlv(TagNumber, "\x02"), tlv(0x0012, "WARN"), tlv(0x1234, "")),
		},
	},
	"submit_resp":      {Header{ID: SubmitID | Response, Sequence: 0x4d2}, &Answer{b("\x64\x95\xc3\x6a\xc4\xea\x6b\x00\x00\x0b"), 0}},
	"submit_resp_busy": {Header{ID: SubmitID | Response, Sequence: 0x4d3}, &Answer{make([]byte, 10), StatusBusy}},
	"deliver_report": {
		Header{ID: DeliverID, Sequence: 9},
		&Deliver{
			ID: b("\x01\x60\x13\x01\x03\x20\x38\x12\x05\x69"), Report: 1, At: b("20240103203801"), From: b("13300000000"), To: b("10690002"),
			Content: b(realReport),
		},
	},
	"deliver": {
		Header{ID: DeliverID, Sequence: 10},
		&Deliver{
			ID: b("\x01\x00\x61\x01\x16\x17\x00\x01\x23\x45"), Format: 8, At: b("20261125161500"), From: b("13300000000"), To: b("10690002"),
			Content: b(received), Options: tlvs(tlv(TagUDHI, "\x01"), tlv(0x0003, strings.Repeat("\x00", 20))),
		},
	},
	"deliver_resp":     {Header{ID: DeliverID | Response, Sequence: 10}, &Answer{b("\x01\x00\x61\x01\x16\x17\x00\x01\x23\x45"), 0}},
	"active_test":      {Header{ID: ActiveTestID, Sequence: 5}, &nothing{}},
	"active_test_resp": {Header{ID: ActiveTestID | Response, Sequence: 5}, &nothing{}},
	"exit":             {Header{ID: ExitID, Sequence: 6}, &nothing{}},
	"exit_resp":        {Header{ID: ExitID | Response, Sequence: 6}, &nothing{}},
	"query":            {Header{ID: QueryID, Sequence: 7}, &Query{Day: b("20261125")}},
	"query_resp":       {Header{ID: QueryID | Response, Sequence: 7}, &QueryAnswer{b("20261125"), 0, nil, 1, 2, 3, 4, 5, 6, 7, 8}},
}

// codec is how the frames are taken apart.
var codec = wiretest.Codec[Header]{
	About: "SMGP ", Split: Split,
	Append: func(b []byte, h Header, body wire.Body) ([]byte, error) { return Append(b, h.ID, h.Sequence, body) },
	ID:     func(h Header) uint32 { return h.ID },
	Sized: func(h Header, length uint32) Header {
		h.Length = length
		return h
	},
	Body: func(id uint32, _ string) wire.Body { return bodyOf(id) },
}

func TestGoldenFrames(t *testing.T) { codec.Golden(t, golden) }

// Behind the last field there may be optional parameters or none: a cut between two
// of them is a body, and encodes to the same octets.
func TestEveryCutBodyIsRefusedOrWhole(t *testing.T) {
	codec.Cut(t, func(name string) bool { return name == "submit_segment" || name == "deliver" })
}

func TestWhatDoesNotFitIsNotEncoded(t *testing.T) {
	long := strings.Repeat("x", 22)
	codec.Unfit(t, map[string]wire.Body{
		"a ClientID of 9 characters":    &Login{Client: b(long[:9]), Authenticator: make([]byte, 16)},
		"a digest of 17 octets":         &Login{Authenticator: make([]byte, 17)},
		"a ServiceID of 11 characters":  &Submit{Service: b(long[:11])},
		"a number of 22 characters":     &Submit{To: [][]byte{b(long)}},
		"a content of 256 octets":       &Submit{Content: make([]byte, 256)},
		"256 numbers":                   &Submit{To: make([][]byte, 256)},
		"parameters that do not add up": &Submit{Options: wire.TLVs{0, 2, 0, 9, 1}},
		"a MsgID of 9 octets":           &Answer{ID: make([]byte, 9)},
		"a RecvTime of 15 characters":   &Deliver{ID: make([]byte, 10), At: b(long[:15])},
		"a QueryCode of 11 characters":  &Query{Code: b(long[:11])},
	})
}

func TestABodyThatPromisesMuchIsRefused(t *testing.T) {
	endless := bytes.Repeat([]byte{0xFF}, MaxFrame-HeaderSize)
	for id := uint32(0); id < 0x13; id++ {
		for _, id := range []uint32{id, id | Response} {
			if err := wire.Decode(endless, bodyOf(id)); err == nil {
				t.Errorf("PDU %#x: %d octets of 0xFF are taken", id, len(endless))
			}
		}
	}
}
