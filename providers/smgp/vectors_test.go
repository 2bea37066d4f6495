package smgp

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

// gatewaysDigest is AuthenticatorServer for testid, testauth and 1021080510.
const gatewaysDigest = "\x71\xb2\x7b\xa5\xd3\x89\x3f\xbd\x8c\xc6\xf5\xe5\x8a\x30\x78\x2b"

func TestTheDigestOfALogin(t *testing.T) {
	for _, tt := range []struct {
		name, client, secret string
		stamp                uint32
		want                 string
	}{
		{"is go-sms-protocol's", "testid", "testauth", 1021080510, "ca0eff036f70aa1116b8e5df1d55cf48"},
		{"takes ten digits of a month below 10", "testid", "testauth", 0x11F0E540, digest("testid", "testauth", "0301000000")},
		{"takes a ClientID as it is, not padded", "1", "fifteen letters", 1021080510, digest("1", "fifteen letters", "1021080510")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Authenticator(tt.client, tt.secret, tt.stamp)
			if hex.EncodeToString(got[:]) != tt.want {
				t.Errorf("got %x, want %s", got, tt.want)
			}
		})
	}
	if got := Reply(0, Authenticator("testid", "testauth", 1021080510), "testauth"); string(got[:]) != gatewaysDigest {
		t.Errorf("got the gateway's digest %x, want %x", got, gatewaysDigest)
	}
}

// digest is MD5 of what SMGP 3.0.3 section 7.2.1 lists.
func digest(client, secret, stamp string) string {
	sum := md5.Sum([]byte(client + strings.Repeat("\x00", 7) + secret + stamp))
	return hex.EncodeToString(sum[:])
}

func TestATimestampIsBeijingsClockAsANumber(t *testing.T) {
	for _, tt := range []struct {
		at   string
		want uint32
	}{
		{"2026-03-01T00:00:00+08:00", 0x11F0E540},
		{"2026-02-28T16:00:00Z", 301000000},
		{"2026-10-21T08:05:10+08:00", 1021080510},
		{"2026-12-31T23:59:59+08:00", 1231235959},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Timestamp(at); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.at, got, tt.want)
		}
	}
}

// crowd is a text for n people.
func crowd(n, octets int) []sms.Message {
	content := sms.Content{Octets: make([]byte, octets), Coding: sms.UCS2, Segments: 1}
	envelope := &sms.Envelope{Campaign: 1, Receipt: true}
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{To: sms.Number(8613300000000 + i), Content: content, Envelope: envelope}
	}
	return msgs
}

func TestSizesOfPDUs(t *testing.T) {
	for _, tt := range []struct {
		name       string
		n, l, want int
		header     []byte
	}{
		{"Submit", 1, 140, 126 + 21 + 140, nil},
		{"Submit to 100", 100, 140, 126 + 2100 + 140, nil},
		{"Submit of a segment, with its three parameters", 1, 134, 126 + 21 + 140 + 15, []byte{5, 0, 3, 1, 2, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Outgoing{FeeType: "00", FeeCode: "000000", Text: make([]byte, tt.l)}
			if got := len(AppendSubmit(nil, 1, &o, crowd(tt.n, tt.l), tt.header, 1, 2)); got != tt.want || got > MaxFrame {
				t.Errorf("got %d octets, want %d", got, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		name string
		body wire.Body
		want int
	}{
		{"Login", &Login{Authenticator: make([]byte, 16)}, 42},
		{"Login_Resp", &LoginAnswer{Authenticator: make([]byte, 16)}, 33},
		{"Submit_Resp", &Answer{ID: make([]byte, 10)}, 26},
		{"Deliver", &Deliver{ID: make([]byte, 10), Content: make([]byte, 122)}, 89 + 122},
	} {
		if got, err := Append(nil, 1, 1, tt.body); err != nil || len(got) != tt.want {
			t.Errorf("%s: got %d octets, %v, want %d", tt.name, len(got), err, tt.want)
		}
	}
}

func idOf(t *testing.T, digits string) (id [idSize]byte) {
	t.Helper()
	if n, err := hex.Decode(id[:], []byte(digits)); err != nil || n != idSize {
		t.Fatal(digits, err)
	}
	return id
}

// A MsgID is three octets of gateway, month, day, hour, minute, and a sequence of six
// decimal digits.
func TestTheIDsOfABatchGoOnInDecimalDigits(t *testing.T) {
	for _, tt := range []struct {
		name, id string
		i        int
		want     string
		ok       bool
	}{
		{"the first is the answer's", "01006101161700012345", 0, "01006101161700012345", true},
		{"the next is one more", "01006101161700012345", 1, "01006101161700012346", true},
		{"behind 9 comes 10, not A", "01006101161700012349", 1, "01006101161700012350", true},
		{"the last of 100", "01006101161700012345", 99, "01006101161700012444", true},
		{"behind 999999 comes 000000, and the minute stays", "01006101161700999999", 1, "01006101161700000000", true},
		{"in the middle of a batch", "01006101161759999950", 99, "01006101161759000049", true},
		{"an id whose sequence is no digits stays", "6495c36ac4ea6b00000b", 3, "6495c36ac4ea6b00000b", false},
		{"so does one whose sequence begins with none", "6495c36ac4ea6bb00009", 1, "6495c36ac4ea6bb00009", false},
		{"a gateway that is no digits does no harm", "6495c36ac4ea6b000009", 1, "6495c36ac4ea6b000010", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := InRange(idOf(t, tt.id), tt.i)
			if hex.EncodeToString(got[:]) != tt.want || ok != tt.ok {
				t.Errorf("got %x %v, want %s %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// reportOf is a report of the id in ten octets, in the words of a gateway.
func reportOf(id [idSize]byte, words string) []byte {
	return append(append([]byte("id:"), id[:]...), words...)
}

func TestReportsInAllDialects(t *testing.T) {
	done := time.Date(2024, 1, 3, 20, 39, 0, 0, wire.Beijing).UnixMilli()
	delivered := sms.Receipt{State: sms.Delivered, Time: done}
	failed := func(reason sms.Reason, code uint32) sms.Receipt {
		return sms.Receipt{State: sms.Failed, Reason: reason, Code: code, Time: done}
	}
	const text = "000\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	for _, tt := range []struct {
		name, id, words string
		want            sms.Receipt
	}{
		{
			"the document's", "01601301032038120568",
			" sub:001 dlvrd:001 Submit date:2401032038 done date:2401032039 stat:DELIVRD err:000 Text:" + text, delivered,
		},
		{
			"in small letters", "01601301032038120568",
			" sub:001 dlvrd:001 submit date:2401032038 done date:2401032039 stat:DELIVRD err:000 text:" + text, delivered,
		},
		{
			"with underlines, txt, and no space behind the id", "6495c36ac4ea6b00000b",
			"sub:001 dlvrd:001 submit_date:2401032038 done_date:2401032039 stat:DELIVRD err:000 txt:", delivered,
		},
		{
			"with an s for each space, and capitals", "01601301032038120568",
			"sSub:001sDlvrd:000sSubmit_Date:2401032038sDone_Date:2401032039sStat:BWLISTSsErr:163sText:007BWLISTS", failed(sms.Blocked, 163),
		},
		{
			"with an id of letters that look like its fields", hex.EncodeToString(b("stat:err: ")),
			" sub:001 dlvrd:001 Submit date:2401032038 done date:2401032039 stat:DELIVRD err:000 Text:" + text, delivered,
		},
		{
			"with an id of spaces", "20202020202020202020",
			" sub:001 dlvrd:001 Submit date:2401032038 done date:2401032039 stat:DELIVRD err:000 Text:" + text, delivered,
		},
		{
			"with an id of the letter s", "73737373737373737373",
			"sSub:001sDlvrd:001sSubmit_Date:2401032038sDone_Date:2401032039sStat:DELIVRDsErr:000sText:", delivered,
		},
		{
			"with an id of colons and NULs", "3a003a003a003a003a00",
			" sub:001 dlvrd:001 Submit date:2401032038 done date:2401032039 stat:DELIVRD err:000 Text:", delivered,
		},
		{"unreachable", "01601301032038120568", " done date:2401032039 stat:UNDELIV err:001 Text:", failed(sms.Unreachable, 1)},
		{"busy", "01601301032038120568", " done date:2401032039 stat:EXPIRED err:002 Text:", failed(sms.TooLate, 2)},
		{"no such number", "01601301032038120568", " done date:2401032039 stat:UNDELIV err:003 Text:", failed(sms.InvalidNumber, 3)},
		{"on the black list", "01601301032038120568", " done date:2401032039 stat:UNDELIV err:005 Text:", failed(sms.Blocked, 5)},
		{"the system's fault", "01601301032038120568", " done date:2401032039 stat:UNDELIV err:006 Text:", failed(sms.CarrierFault, 6)},
		{"rejected", "01601301032038120568", " done date:2401032039 stat:REJECTD err:999 Text:", failed(sms.Blocked, 999)},
		{"a word nobody has heard", "01601301032038120568", " done date:2401032039 stat:RT:0148 err:148 Text:", failed(sms.Unreachable, 148)},
		{"an err that is no number", "01601301032038120568", " done date:2401032039 stat:RT:0148 err:XYZ Text:", failed(sms.Unreachable, 0)},
		{"on its way", "01601301032038120568", " done date:2401032039 stat:ACCEPTD err:000 Text:", sms.Receipt{State: sms.Accepted, Time: done}},
		{"cut behind its stat", "01601301032038120568", " stat:DELIVRD", sms.Receipt{State: sms.Delivered}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d receiptReader
			got, ok := d.read(reportOf(idOf(t, tt.id), tt.words), b("13300000000"))
			if !ok || string(got.Ref) != tt.id || got.To != 8613300000000 {
				t.Fatalf("got %v, reference %q of %v, want %q", ok, got.Ref, got.To, tt.id)
			}
			got.Ref, got.To = nil, 0
			if got.State != tt.want.State || got.Reason != tt.want.Reason || got.Code != tt.want.Code || got.Time != tt.want.Time {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	for name, content := range map[string][]byte{
		"without a stat":   reportOf(idOf(t, "01601301032038120568"), " sub:001 dlvrd:001"),
		"of 12 octets":     b("id:\x01\x60\x13\x01\x03\x20\x38\x12\x05"),
		"nothing":          nil,
		"a stat in the id": b("id:stat:DELIVstat"),
	} {
		var d receiptReader
		if r, ok := d.read(content, b("13300000000")); ok {
			t.Errorf("%s: got %+v", name, r)
		}
	}
	var d receiptReader
	if _, ok := d.read(b(realReport), b("somebody")); ok {
		t.Error("a report of nobody is taken")
	}
}

// What a Deliver holds is read by hand as by its list, and still when its parameters
// do not add up or its end is missing.
func TestADeliverByHandIsTheLists(t *testing.T) {
	for name, frame := range wiretest.Frames(t, "SMGP ") {
		h, body := Split(frame)
		if h.ID != DeliverID {
			continue
		}
		var list Deliver
		if err := wire.Decode(body, &list); err != nil {
			t.Fatal(name, err)
		}
		whole := len(body)
		end := whole - len(list.Options) - reserveSize // of the content
		for _, n := range []int{whole, whole - 1, end + reserveSize, end + 1, end} {
			var hand delivery
			if err := hand.parse(body[:n]); err != nil {
				t.Fatalf("%s of %d octets: %v", name, n, err)
			}
			udhi, _ := list.Options.Find(TagUDHI)
			if string(hand.id) != string(list.ID) || string(wire.First(hand.from)) != string(list.From) || string(wire.First(hand.to)) != string(list.To) ||
				hand.format != list.Format || hand.report != (list.Report == 1) || string(hand.content) != string(list.Content) ||
				hand.udhi != (n > end+reserveSize && len(udhi) > 0) {
				t.Errorf("%s of %d octets: got %+v, the list reads %+v", name, n, hand, list)
			}
		}
		var hand delivery
		if err := hand.parse(body[:end-len(list.Content)-1]); err == nil {
			t.Errorf("%s without its MsgLength is taken", name)
		}
	}
}
