package sgip

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

// nothing is the body of a PDU that is only a header.
type nothing struct{}

func (*nothing) Fields(*wire.Fields) {}

// bodyOf makes the empty body of a command.
func bodyOf(id uint32) wire.Body {
	switch id {
	case BindID:
		return &Bind{}
	case SubmitID:
		return &Submit{}
	case DeliverID:
		return &Deliver{}
	case ReportID:
		return &Report{}
	case UserRptID:
		return &UserRpt{}
	case TraceID:
		return &Trace{}
	case BindID | Response, SubmitID | Response, DeliverID | Response, ReportID | Response, UserRptID | Response:
		return &Answer{}
	}
	return &nothing{}
}

// b is text as a field has it.
func b(text string) []byte { return []byte(text) }

var (
	ours = Sequence{3053112345, 1125161500, 0x1002}
	smgs = Sequence{10100, 1125161500, 7}
)

const (
	flooding = "\x05\x00\x03\x7b\x03\x02\x6d\x2a\x6c\x34" // 洪水, the second of three
	redAlert = "\xba\xec\xc9\xab\xd4\xa4\xbe\xaf"         // 红色预警 in GBK
	received = "\x65\x36\x52\x30"                         // 收到
)

// golden is what each file of testdata says.
var golden = map[string]struct {
	header Header // its length is the file's
	body   wire.Body
}{
	"bind": {Header{ID: BindID}, &Bind{Type: ToGateway, Name: b("testusername"), Password: b("testpwd")}},
	"bind_from_gateway": {
		Header{ID: BindID, Sequence: Sequence{10100, 1125161500, 0}},
		&Bind{Type: FromGateway, Name: b("smg"), Password: b("sixteen letters!")},
	},
	"bind_resp":   {Header{ID: BindID | Response}, &Answer{Result: ResultLogin}},
	"unbind":      {Header{ID: UnbindID, Sequence: ours}, &nothing{}},
	"unbind_resp": {Header{ID: UnbindID | Response, Sequence: ours}, &nothing{}},
	"submit": {
		Header{ID: SubmitID, Sequence: Sequence{0, 301151218, 0x6ebb10dd}},
		&Submit{
			Sender: b("1060559125028"), To: [][]byte{b("8618657118636")}, Corp: b("61118"), FeeType: 2, Priority: 9, Report: ReportAlways,
			Content: b("233a"),
		},
	},
	"submit_two": {
		Header{ID: SubmitID, Sequence: ours},
		&Submit{
			Sender: b("10690001"), Charge: b(payer), To: [][]byte{b("8613000000000"), b("8613000000001")}, Corp: b("12345"), Service: b("WARN"),
			FeeType: 1, FeeValue: b("0"), GivenValue: b("0"), Cause: NoCause, Priority: 9, Expires: b("261125161500032+"),
			Schedule: b("261125120000032+"), Report: ReportAlways, Coding: 15, Content: b(redAlert),
		},
	},
	"submit_segment": {
		Header{ID: SubmitID, Sequence: ours},
		&Submit{
			Sender: b("10690001"), Charge: b(payer), To: [][]byte{b("8613000000000")}, Corp: b("12345"), Service: b("WARN"), FeeType: 1,
			FeeValue: b("0"), GivenValue: b("0"), Cause: NoCause, Report: ReportNever, UDHI: 1, Coding: 8, Content: b(flooding),
		},
	},
	"submit_resp": {Header{ID: SubmitID | Response, Sequence: ours}, &Answer{Result: ResultBusy}},
	"deliver": {
		Header{ID: DeliverID, Sequence: smgs},
		&Deliver{From: b("8613000000000"), To: b("10690001"), Coding: 8, Content: b(received)},
	},
	"deliver_resp": {Header{ID: DeliverID | Response, Sequence: smgs}, &Answer{}},
	"report": {
		Header{ID: ReportID},
		&Report{Submit: Sequence{0, 0, 2}, To: b("17611000000"), State: StateFailed, Code: 9},
	},
	"report_resp": {Header{ID: ReportID | Response}, &Answer{}},
	"userrpt": {
		Header{ID: UserRptID, Sequence: Sequence{10100, 1125161500, 8}},
		&UserRpt{To: b("10690001"), User: b("8613000000000"), Condition: 1},
	},
	"trace": {Header{ID: TraceID, Sequence: ours}, &Trace{Submit: ours, User: b("8613000000000")}},
}

// alike takes an empty slice and none for the same: the wire has NULs for both.
var alike = cmp.Transformer("string", func(b []byte) string { return string(b) })

func TestGoldenFrames(t *testing.T) {
	frames := wiretest.Frames(t, "SGIP ")
	if len(frames) != len(golden) {
		t.Errorf("got %d files, want %d", len(frames), len(golden))
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			want, ok := golden[name]
			if !ok {
				t.Fatal("nobody says what it holds")
			}
			want.header.Length = uint32(len(frame))
			h, octets := Split(frame)
			if h != want.header {
				t.Errorf("got header %+v, want %+v", h, want.header)
			}
			body := bodyOf(h.ID)
			if err := wire.Decode(octets, body); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.body, body, alike); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
			again, err := Append([]byte("before"), h.ID, h.Sequence, want.body)
			if err != nil || string(again) != "before"+string(frame) {
				t.Errorf("encoded\n%x, %v, want\n%x", again, err, frame)
			}
		})
	}
}

func TestEveryCutBodyIsRefused(t *testing.T) {
	for name, frame := range wiretest.Frames(t, "SGIP ") {
		h, octets := Split(frame)
		for n := range octets {
			if wire.Decode(octets[:n:n], bodyOf(h.ID)) == nil {
				t.Errorf("%s cut to %d octets is taken", name, n)
			}
		}
	}
}

func TestWhatDoesNotFitIsNotEncoded(t *testing.T) {
	long := strings.Repeat("x", 22)
	for _, tt := range []struct {
		name string
		body wire.Body
	}{
		{"a Login Name of 17 characters", &Bind{Name: b(long[:17])}},
		{"a Login Password of 17 characters", &Bind{Password: b(long[:17])}},
		{"an SPNumber of 22 characters", &Submit{Sender: b(long)}},
		{"a UserNumber of 22 characters", &Submit{To: [][]byte{b(long)}}},
		{"a CorpId of 6 characters", &Submit{Corp: b(long[:6])}},
		{"a ServiceType of 11 characters", &Submit{Service: b(long[:11])}},
		{"an ExpireTime of 17 characters", &Submit{Expires: b(long[:17])}},
		{"256 numbers", &Submit{To: make([][]byte, 256)}},
		{"a Reserve of 9 octets", &Answer{Reserve: b(long[:9])}},
		{"a UserNumber of 22 characters in a report", &Report{To: b(long)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := Append([]byte("before"), 1, ours, tt.body); err == nil || string(got) != "before" {
				t.Errorf("got %q, %v, want an error and what was before", got, err)
			}
		})
	}
}

func TestABodyThatPromisesMuchIsRefused(t *testing.T) {
	endless := bytes.Repeat([]byte{0xFF}, MaxFrame-HeaderSize)
	for _, id := range []uint32{BindID, UnbindID, SubmitID, DeliverID, ReportID, UserRptID, TraceID} {
		for _, id := range []uint32{id, id | Response} {
			if err := wire.Decode(endless, bodyOf(id)); err == nil {
				t.Errorf("PDU %#x: %d octets of 0xFF are taken", id, len(endless))
			}
		}
	}
}
