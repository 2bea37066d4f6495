package cmpp

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

// reserved is the body of ACTIVE_TEST_RESP.
type reserved struct{ octet uint8 }

func (r *reserved) Fields(f *wire.Fields) { f.Uint8(&r.octet) }

// bodyOf makes the empty body of a command.
func bodyOf(id uint32, v Version) wire.Body {
	switch id {
	case ConnectID:
		return &Connect{}
	case ConnectID | Response:
		return &ConnectAnswer{Wide: v.wide()}
	case SubmitID:
		return &Submit{Version: v}
	case SubmitID | Response:
		return &SubmitAnswer{Version: v}
	case DeliverID:
		return &Deliver{Version: v}
	case DeliverID | Response:
		return &DeliverAnswer{Version: v}
	case QueryID:
		return &Query{}
	case QueryID | Response:
		return &QueryAnswer{}
	case CancelID:
		return &Cancel{}
	case CancelID | Response:
		return &CancelAnswer{Version: v}
	case ActiveTestID | Response:
		return &reserved{}
	}
	return &nothing{}
}

// versionOf is the version a golden frame is of, by its name.
func versionOf(name string) Version {
	if strings.Contains(name, "_20") {
		return V20
	}
	return V30
}

// b is text as a field has it.
func b(text string) []byte { return []byte(text) }

const (
	gocmpp   = "\x6d\x4b\x8b\xd5\x00g\x00o\x00c\x00m\x00p\x00p\x00 \x00s\x00u\x00b\x00m\x00i\x00t" // 测试gocmpp submit
	flooding = "\x05\x00\x03\x7b\x03\x02\x6d\x2a\x6c\x34"                                          // 洪水, the second of three
	redAlert = "\xba\xec\xc9\xab\xd4\xa4\xbe\xaf"                                                  // 红色预警 in GB 18030
)

// gocmppSubmit is the SUBMIT that gocmpp's tests hold in both versions.
func gocmppSubmit(v Version) *Submit {
	return &Submit{
		Version: v, Total: 1, Number: 1, Registered: 1, Level: 1, Service: b("test"), FeeUser: 2, FeeNumber: b("13500002696"),
		Format: 8, Source: b("900001"), FeeType: b("02"), FeeCode: b("10"), Valid: b("151105131555101+"), Sender: b("900001"),
		To: [][]byte{b("13500002696")}, Content: b(gocmpp),
	}
}

// realReport is the content of a real report of 71 octets.
const realReport = "\x52\x2a\x49\x80\x00\x2a\xa6\xcdAF:4\x00\x00\x0000010100000001010000" +
	"13592261791\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// golden is what each file of testdata says.
var golden = map[string]struct {
	Header Header
	Body   wire.Body
}{
	"connect": {
		Header{ID: ConnectID, Sequence: 0x17},
		&Connect{b("900001"), b("\x90\xd0\x0c\x1d\x51\x7a\xbd\x0b\x4f\x65\xf6\xbc\xf8\x53\x5d\x16"), 0x21, 1021080510},
	},
	"connect_resp_20": {
		Header{ID: ConnectID | Response, Sequence: 0x17},
		&ConnectAnswer{0, b("\x6c\x0b\x84\x6e\x25\xba\xb6\xda\xa4\xed\x1c\x46\x6e\x0f\x4b\xd8"), 0x20, false},
	},
	"connect_resp_30": {
		Header{ID: ConnectID | Response, Sequence: 0x17},
		&ConnectAnswer{0, b("\x79\x42\x97\x72\x74\x09\x8c\xf2\x10\xab\x0c\x16\xc3\x67\xbc\x8d"), 0x30, true},
	},
	"connect_resp_30_refused": {
		Header{ID: ConnectID | Response, Sequence: 0x17},
		&ConnectAnswer{ConnectSecret, make([]byte, 16), 0x30, true},
	},
	"terminate":        {Header{ID: TerminateID, Sequence: 0x17}, &nothing{}},
	"terminate_resp":   {Header{ID: TerminateID | Response, Sequence: 0x17}, &nothing{}},
	"active_test":      {Header{ID: ActiveTestID, Sequence: 0x17}, &nothing{}},
	"active_test_resp": {Header{ID: ActiveTestID | Response, Sequence: 0x17}, &reserved{}},
	"submit_20":        {Header{ID: SubmitID, Sequence: 0x17}, gocmppSubmit(V20)},
	"submit_30":        {Header{ID: SubmitID, Sequence: 0x17}, gocmppSubmit(V30)},
	"submit_20_gb": {
		Header{ID: SubmitID, Sequence: 0x2001},
		&Submit{
			Version: V20, Total: 1, Number: 1, Level: 9, Service: b("WARN"), FeeUser: 2, Format: 15, Source: b("900001"), FeeType: b("01"),
			FeeCode: b("000000"), Sender: b("10690000"), To: [][]byte{b("8613800138000"), b("8613800138001")}, Content: b(redAlert),
		},
	},
	"submit_30_segment": {
		Header{ID: SubmitID, Sequence: 0x2002},
		&Submit{
			Version: V30, Total: 3, Number: 2, Registered: 1, Service: b("WARN"), FeeUser: 2, UDHI: 1, Format: 8, Source: b("900001"),
			FeeType: b("01"), FeeCode: b("000000"), Valid: b("261125161500032+"), Sender: b("10690000"),
			To: [][]byte{b("8613800138000")}, Content: b(flooding),
		},
	},
	"submit_30_scheduled": {
		Header{ID: SubmitID, Sequence: 0x2003},
		&Submit{
			Version: V30, Total: 1, Number: 1, Registered: 1, Level: 5, Service: b("WARN"), Source: b("900001"), FeeType: b("01"),
			FeeCode: b("000000"), Valid: b("261125161500032+"), At: b("261125120000032+"), Sender: b("10690000"),
			To: [][]byte{b("8613800138000")}, Content: b("Flood: keep off the river banks."), Reserve: b("01234567890123456789"),
		},
	},
	"submit_resp_20":      {Header{ID: SubmitID | Response, Sequence: 0x17}, &SubmitAnswer{V20, 0xb2b9da8000010000, 0}},
	"submit_resp_30":      {Header{ID: SubmitID | Response, Sequence: 0x17}, &SubmitAnswer{V30, 0xb2b9da8000010000, 0}},
	"submit_resp_30_flow": {Header{ID: SubmitID | Response, Sequence: 0x18}, &SubmitAnswer{V30, 0, ResultFlow}},
	"deliver_20": {
		Header{ID: DeliverID, Sequence: 5},
		&Deliver{Version: V20, ID: 0xb525628000010000, To: b("900001"), From: b("13412340000"), Content: b("This is a test MO.")},
	},
	"deliver_30": {
		Header{ID: DeliverID, Sequence: 1},
		&Deliver{Version: V30, ID: 0xb4c5530000010000, To: b("900001"), From: b("13412340000"), Content: b("This is a test MO.")},
	},
	"deliver_30_report": {
		Header{ID: DeliverID, Sequence: 0x99},
		&Deliver{
			Version: V30, ID: 0x522a4980002aa6ce, To: b("10085110"), Service: b("mmcczx_sms"), From: b("13592261791"), Registered: 1,
			Content: b(realReport),
		},
	},
	"deliver_30_report_short": {
		Header{ID: DeliverID, Sequence: 0x9a},
		&Deliver{
			Version: V30, ID: 0xb525628000010001, To: b("10690000"), Service: b("WARN"), From: b("8613800138000"), Registered: 1,
			Content: b("\xb5\x25\x62\x80\x00\x01\x00\x00DELIVRD26112515152611251516" + "8613800138000\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x07"),
		},
	},
	"deliver_20_report": {
		Header{ID: DeliverID, Sequence: 0x9b},
		&Deliver{
			Version: V20, ID: 0xb525628000010001, To: b("10690000"), Service: b("WARN"), From: b("13800138000"), Registered: 1,
			Content: b("\xb5\x25\x62\x80\x00\x01\x00\x00MA:004126112515152611251516" + "13800138000\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x07"),
		},
	},
	"deliver_resp_20": {Header{ID: DeliverID | Response, Sequence: 5}, &DeliverAnswer{V20, 0xb525628000010000, 0}},
	"deliver_resp_30": {Header{ID: DeliverID | Response, Sequence: 1}, &DeliverAnswer{V30, 0xb4c5530000010000, 0}},
	"query":           {Header{ID: QueryID, Sequence: 3}, &Query{Day: b("20261125"), Type: 1, Code: b("WARN")}},
	"query_resp": {
		Header{ID: QueryID | Response, Sequence: 3},
		&QueryAnswer{b("20261125"), 1, b("WARN"), 1, 2, 3, 4, 5, 6, 7, 8},
	},
	"cancel":         {Header{ID: CancelID, Sequence: 4}, &Cancel{0xb525628000010000}},
	"cancel_resp_20": {Header{ID: CancelID | Response, Sequence: 4}, &CancelAnswer{V20, 1}},
	"cancel_resp_30": {Header{ID: CancelID | Response, Sequence: 4}, &CancelAnswer{V30, 0}},
}

// codec is how the frames are taken apart.
var codec = wiretest.Codec[Header]{
	About: "CMPP ", Split: Split,
	Append: func(b []byte, h Header, body wire.Body) ([]byte, error) { return Append(b, h.ID, h.Sequence, body) },
	ID:     func(h Header) uint32 { return h.ID },
	Sized: func(h Header, length uint32) Header {
		h.Length = length
		return h
	},
	Body:    func(id uint32, name string) wire.Body { return bodyOf(id, versionOf(name)) },
	Compare: []cmp.Option{cmp.AllowUnexported(reserved{})},
}

func TestGoldenFrames(t *testing.T) { codec.Golden(t, golden) }

func TestEveryCutBodyIsRefused(t *testing.T) {
	codec.Cut(t, func(string) bool { return false })
}

func TestWhatDoesNotFitIsNotEncoded(t *testing.T) {
	long := strings.Repeat("x", 33)
	codec.Unfit(t, map[string]wire.Body{
		"a Source_Addr of 7 characters": &Connect{Source: b(long[:7]), Authenticator: make([]byte, 16)},
		"a digest of 15 octets":         &Connect{Authenticator: make([]byte, 15)},
		"a Service_Id of 11 characters": &Submit{Version: V30, Service: b(long[:11])},
		"a number of 22 octets in 2.0":  &Submit{Version: V20, To: [][]byte{b(long[:22])}},
		"a number of 33 octets in 3.0":  &Submit{Version: V30, To: [][]byte{b(long[:33])}},
		"a Src_Id of 22 characters":     &Submit{Version: V30, Sender: b(long[:22])},
		"a ValId_Time of 18 characters": &Submit{Version: V30, Valid: b(long[:18])},
		"a content of 256 octets":       &Submit{Version: V30, Content: make([]byte, 256)},
		"256 numbers":                   &Submit{Version: V30, To: make([][]byte, 256)},
		"a Reserve of 9 octets in 2.0":  &Deliver{Version: V20, Reserve: b(long[:9])},
		"a LinkID of 21 octets in 3.0":  &Deliver{Version: V30, Reserve: b(long[:21])},
		"a Stat of 8 characters":        &Report{State: b(long[:8])},
		"a Query_Code of 11 characters": &Query{Code: b(long[:11])},
	})
}

func TestABodyThatPromisesMuchIsRefused(t *testing.T) {
	endless := bytes.Repeat([]byte{0xFF}, MaxFrame-HeaderSize)
	for id := uint32(0); id < 0x10; id++ {
		for _, v := range []Version{V20, V30} {
			for _, id := range []uint32{id, id | Response} {
				if err := wire.Decode(endless, bodyOf(id, v)); err == nil {
					t.Errorf("PDU %#x of %#x: %d octets of 0xFF are taken", id, v, len(endless))
				}
			}
		}
	}
}
