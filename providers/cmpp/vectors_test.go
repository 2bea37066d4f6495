package cmpp

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

func TestTheDigestOfALogin(t *testing.T) {
	for _, tt := range []struct {
		name, source, secret string
		stamp                uint32
		want                 string
	}{
		{"is gocmpp's", "900001", "888888", 1021080510, "90d00c1d517abd0b4f65f6bcf8535d16"},
		{"takes ten digits of a month below 10", "900001", "888888", 301000000, digest("900001", "888888", "0301000000")},
		{"takes a short SP_Id as it is, not padded", "1234", "888888", 1021080510, digest("1234", "888888", "1021080510")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Authenticator(tt.source, tt.secret, tt.stamp)
			if hex.EncodeToString(got[:]) != tt.want {
				t.Errorf("got %x, want %s", got, tt.want)
			}
		})
	}
}

// digest is MD5 of what CMPP 3.0 section 7.4.1.1 lists.
func digest(source, secret, stamp string) string {
	sum := md5.Sum([]byte(source + strings.Repeat("\x00", 9) + secret + stamp))
	return hex.EncodeToString(sum[:])
}

func TestTheGatewaysDigestHasTheWidthOfItsStatus(t *testing.T) {
	source := Authenticator("900001", "888888", 1021080510)
	for _, tt := range []struct {
		name string
		a    ConnectAnswer
		want string
	}{
		{"one octet in 2.0", ConnectAnswer{}, "6c0b846e25bab6daa4ed1c466e0f4bd8"},
		{"four in 3.0", ConnectAnswer{Wide: true}, "7942977274098cf210ab0c16c367bc8d"},
	} {
		if got := Reply(tt.a, source, "888888"); hex.EncodeToString(got[:]) != tt.want {
			t.Errorf("%s: got %x, want %s", tt.name, got, tt.want)
		}
	}
}

func TestATimestampIsBeijingsClockAsANumber(t *testing.T) {
	for _, tt := range []struct {
		at   string
		want uint32
	}{
		{"2026-03-01T00:00:00+08:00", 301000000},
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
		msgs[i] = sms.Message{To: sms.Number(8613800138000 + i), Content: content, Envelope: envelope}
	}
	return msgs
}

func TestSizesOfPDUs(t *testing.T) {
	for _, tt := range []struct {
		name       string
		v          Version
		n, l, want int
	}{
		{"SUBMIT of 2.0", V20, 1, 140, 138 + 21 + 140},
		{"SUBMIT of 2.0 to 99", V20, 99, 140, 138 + 21*99 + 140},
		{"SUBMIT of 3.0", V30, 1, 140, 335},
		{"SUBMIT of 3.0 to 99", V30, 99, 140, 3471},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Outgoing{Version: tt.v, FeeType: "01", FeeCode: "000000", Text: make([]byte, tt.l)}
			if got := len(AppendSubmit(nil, 1, &o, crowd(tt.n, tt.l), nil, 1, 1)); got != tt.want || got > MaxFrame {
				t.Errorf("got %d octets, want %d", got, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		name string
		body wire.Body
		want int
	}{
		{"DELIVER of 2.0", &Deliver{Version: V20, Content: make([]byte, 60)}, 85 + 60},
		{"DELIVER of 3.0", &Deliver{Version: V30, Content: make([]byte, 71)}, 109 + 71},
		{"a report of 60 octets", &Report{Short: true}, HeaderSize + shortReport},
		{"a report of 71 octets", &Report{}, HeaderSize + longReport},
	} {
		if got, err := Append(nil, 1, 1, tt.body); err != nil || len(got) != tt.want {
			t.Errorf("%s: got %d octets, %v, want %d", tt.name, len(got), err, tt.want)
		}
	}
}

// A Msg_Id is month, day, hour, minute, second, gateway and sequence.
func TestTheLayoutOfAMsgID(t *testing.T) {
	const id = 0x522a4980002aa6cd
	got := fmt.Sprintf("%02d-%02d %02d:%02d:%02d gw %d seq %d",
		uint64(id)>>60, uint64(id)>>55&31, uint64(id)>>50&31, uint64(id)>>44&63, uint64(id)>>38&63, uint64(id)>>16&0x3fffff, uint64(id)&0xffff)
	if want := "05-04 10:36:38 gw 42 seq 42701"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if text := ref(id); string(text[:]) != "522a4980002aa6cd" {
		t.Errorf("got reference %s", text)
	}
}

func TestTheIDsOfABatchGoOnWithoutACarry(t *testing.T) {
	for _, tt := range []struct {
		name string
		id   uint64
		i    int
		want uint64
	}{
		{"the first is the answer's", 0x522a4980002aa6cd, 0, 0x522a4980002aa6cd},
		{"the next is one more", 0x522a4980002aa6cd, 1, 0x522a4980002aa6ce},
		{"the last of 99", 0x522a4980002aa6cd, 98, 0x522a4980002aa72f},
		{"behind 0xFFFF comes 0, and the gateway stays", 0x522a4980002affff, 1, 0x522a4980002a0000},
		{"in the middle of a batch", 0x522a4980002afff0, 98, 0x522a4980002a0052},
		{"a gateway of ones gets no carry", 0x5fffffffffffffff, 1, 0x5fffffffffff0000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := InRange(tt.id, tt.i); got != tt.want {
				t.Errorf("got %#x, want %#x", got, tt.want)
			}
		})
	}
}

// report60 and report71 are reports of a number; a number shorter than its field is
// followed by NULs.
func report60(stat, to string) []byte { return reportOf(stat, to, true) }
func report71(stat, to string) []byte { return reportOf(stat, to, false) }

func reportOf(stat, to string, short bool) []byte {
	r := Report{Short: short, ID: 0xb525628000010000, State: b(stat), Submitted: b("2611251515"), Done: b("2611251516"), To: b(to), Sequence: 7}
	content, err := wire.Encode(nil, &r)
	if err != nil {
		panic(err)
	}
	return content
}

func TestReports(t *testing.T) {
	done := time.Date(2026, 11, 25, 15, 16, 0, 0, wire.Beijing).UnixMilli()
	const to, ref = 8613800138000, "b525628000010000"
	for _, tt := range []struct {
		name    string
		content []byte
		from    string
		want    sms.Receipt
		ref     string
	}{
		{"of 60 octets", report60("DELIVRD", "13800138000"), "", sms.Receipt{To: to, State: sms.Delivered, Time: done}, ref},
		{"of 71 octets", report71("DELIVRD", "13800138000"), "", sms.Receipt{To: to, State: sms.Delivered, Time: done}, ref},
		{"of 60 octets whose number fills its field", report60("DELIVRD", "861380013800000000000"), "13800138000", sms.Receipt{To: to, State: sms.Delivered, Time: done}, ref},
		{"with the country code", report71("DELIVRD", "8613800138000"), "", sms.Receipt{To: to, State: sms.Delivered, Time: done}, ref},
		{"with a plus sign", report71("DELIVRD", "+8613800138000"), "", sms.Receipt{To: to, State: sms.Delivered, Time: done}, ref},
		{"without a number take the DELIVER's", report60("DELIVRD", ""), "8613800138000", sms.Receipt{To: to, State: sms.Delivered, Time: done}, ref},
		{"that expired", report71("EXPIRED", "13800138000"), "", sms.Receipt{To: to, State: sms.Failed, Reason: sms.TooLate, Time: done}, ref},
		{"that was deleted", report71("DELETED", "13800138000"), "", sms.Receipt{To: to, State: sms.Failed, Reason: sms.Rejected, Time: done}, ref},
		{"that is undeliverable", report71("UNDELIV", "13800138000"), "", sms.Receipt{To: to, State: sms.Failed, Reason: sms.Unreachable, Time: done}, ref},
		{"that is on its way settles nothing", report71("ACCEPTD", "13800138000"), "", sms.Receipt{To: to, State: sms.Accepted, Time: done}, ref},
		{"that nobody knows settles nothing", report71("UNKNOWN", "13800138000"), "", sms.Receipt{To: to, State: sms.Accepted, Time: done}, ref},
		{"that was rejected", report71("REJECTD", "13800138000"), "", sms.Receipt{To: to, State: sms.Failed, Reason: sms.Blocked, Time: done}, ref},
		{"of the SMSC's own errors", report60("MA:0041", "13800138000"), "", sms.Receipt{To: to, State: sms.Failed, Reason: sms.Unreachable, Code: 41, Time: done}, ref},
		{"of the next gateway's errors", report60("IC:0001", "13800138000"), "", sms.Receipt{To: to, State: sms.Failed, Reason: sms.Unreachable, Code: 1, Time: done}, ref},
		{"of a word nobody has heard", report60("GONE!!!", "13800138000"), "", sms.Receipt{To: to, State: sms.Failed, Reason: sms.Unreachable, Time: done}, ref},
		{"that are real", b(realReport), "", sms.Receipt{To: 8613592261791, State: sms.Failed, Reason: sms.Unreachable, Code: 4, Time: 0}, "522a4980002aa6cd"},
		{"longer than any", append(report71("DELIVRD", "13800138000"), 1, 2, 3), "", sms.Receipt{To: to, State: sms.Delivered, Time: done}, ref},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d receiptReader
			got, ok := d.read(tt.content, b(tt.from))
			if !ok || string(got.Ref) != tt.ref {
				t.Fatalf("got %v, reference %q, want %q", ok, got.Ref, tt.ref)
			}
			if got.To != tt.want.To || got.State != tt.want.State || got.Reason != tt.want.Reason || got.Code != tt.want.Code ||
				tt.want.Time != 0 && got.Time != tt.want.Time {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	for name, content := range map[string][]byte{
		"59 octets":               report60("DELIVRD", "13800138000")[:59],
		"nobody's":                report60("DELIVRD", ""),
		"nothing":                 nil,
		"a number that is a name": report71("DELIVRD", "somebody"),
	} {
		var d receiptReader
		if r, ok := d.read(content, nil); ok {
			t.Errorf("%s: got a report for %v", name, r.To)
		}
	}
}

// What a DELIVER holds is read by hand as by its list, and still when the end of it
// is missing.
func TestADeliverByHandIsTheLists(t *testing.T) {
	for name, frame := range wiretest.Frames(t, "CMPP ") {
		h, body := Split(frame)
		if h.ID != DeliverID {
			continue
		}
		v := versionOf(name)
		list := Deliver{Version: v}
		if err := wire.Decode(body, &list); err != nil {
			t.Fatal(name, err)
		}
		end := v.reserveSize()
		for _, cut := range []int{0, 1, end - 1, end} {
			var hand delivery
			if err := hand.parse(body[:len(body)-cut], v); err != nil {
				t.Fatalf("%s without its last %d octets: %v", name, cut, err)
			}
			if hand.id != list.ID || string(trim(hand.to)) != string(list.To) || string(trim(hand.from)) != string(list.From) ||
				hand.udhi != list.UDHI || hand.format != list.Format || hand.report != (list.Registered == 1) || string(hand.content) != string(list.Content) {
				t.Errorf("%s without its last %d octets: got %+v, the list reads %+v", name, cut, hand, list)
			}
		}
		var hand delivery
		if err := hand.parse(body[:len(body)-end-len(list.Content)-1], v); err == nil {
			t.Errorf("%s without its Msg_Length is taken", name)
		}
	}
}
