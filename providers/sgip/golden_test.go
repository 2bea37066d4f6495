package sgip

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
	Header Header
	Body   wire.Body
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

// codec is how the frames are taken apart.
var codec = wiretest.Codec[Header]{
	About: "SGIP ", Split: Split,
	Append: func(b []byte, h Header, body wire.Body) ([]byte, error) { return Append(b, h.ID, h.Sequence, body) },
	ID:     func(h Header) uint32 { return h.ID },
	Sized: func(h Header, length uint32) Header {
		h.Length = length
		return h
	},
	Body: func(id uint32, _ string) wire.Body { return bodyOf(id) },
}

func TestGoldenFrames(t *testing.T) { codec.Golden(t, golden) }

func TestEveryCutBodyIsRefused(t *testing.T) {
	codec.Cut(t, func(string) bool { return false })
}

func TestWhatDoesNotFitIsNotEncoded(t *testing.T) {
	long := strings.Repeat("x", 22)
	codec.Unfit(t, map[string]wire.Body{
		"a Login Name of 17 characters":             &Bind{Name: b(long[:17])},
		"a Login Password of 17 characters":         &Bind{Password: b(long[:17])},
		"an SPNumber of 22 characters":              &Submit{Sender: b(long)},
		"a UserNumber of 22 characters":             &Submit{To: [][]byte{b(long)}},
		"a CorpId of 6 characters":                  &Submit{Corp: b(long[:6])},
		"a ServiceType of 11 characters":            &Submit{Service: b(long[:11])},
		"an ExpireTime of 17 characters":            &Submit{Expires: b(long[:17])},
		"256 numbers":                               &Submit{To: make([][]byte, 256)},
		"a Reserve of 9 octets":                     &Answer{Reserve: b(long[:9])},
		"a UserNumber of 22 characters in a report": &Report{To: b(long)},
	})
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
