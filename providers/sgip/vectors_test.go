package sgip

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

func TestAStampIsBeijingsClockAsANumber(t *testing.T) {
	for _, tt := range []struct {
		at   string
		want uint32
	}{
		{"2026-11-20T20:32:25+08:00", 1120203225},
		{"2026-11-20T12:32:25Z", 1120203225},
		{"2026-03-01T15:12:18+08:00", 0x11f333f2},
		{"2026-12-31T23:59:59+08:00", 1231235959},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Stamp(at); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.at, got, tt.want)
		}
	}
}

func TestAReferenceIsTheSubmitsTwelveOctets(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    Sequence
		want string
	}{
		{"of a service provider", Sequence{3053112345, 301151218, 0x6ebb10dd}, "b5facc1911f333f26ebb10dd"},
		{"of the highest node there is", Sequence{3999999999, 1231235959, 0xFFFFFFFF}, "ee6b27ff49632b77ffffffff"},
		{"of zeros", Sequence{}, "000000000000000000000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.s.ref(); string(got[:]) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// crowd is a text for n people.
func crowd(n, octets int) []sms.Message {
	content := sms.Content{Octets: make([]byte, octets), Coding: sms.UCS2, Segments: 1}
	envelope := &sms.Envelope{Campaign: 1, Receipt: true}
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{To: sms.Number(8613000000000 + i), Content: content, Envelope: envelope}
	}
	return msgs
}

func TestSizesOfPDUs(t *testing.T) {
	for _, tt := range []struct {
		name       string
		n, l, want int
	}{
		{"Submit", 1, 140, 143 + 21 + 140},
		{"Submit to 84: just under 2 KiB", 84, 140, 2047},
		{"Submit to 85: over it", 85, 140, 2068},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := len(AppendSubmit(nil, ours, &Outgoing{Text: make([]byte, tt.l)}, crowd(tt.n, tt.l), nil))
			if got != tt.want || (got <= MaxPacket) != (tt.n <= 84) {
				t.Errorf("got %d octets, want %d", got, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		name string
		body wire.Body
		want int
	}{
		{"Bind", &Bind{}, 61},
		{"an answer", &Answer{}, 29},
		{"Deliver", &Deliver{Content: make([]byte, 140)}, 77 + 140},
		{"Report", &Report{}, 64},
		{"UserRpt", &UserRpt{}, 71},
		{"Trace", &Trace{}, 61},
	} {
		if got, err := Append(nil, 1, ours, tt.body); err != nil || len(got) != tt.want {
			t.Errorf("%s: got %d octets, %v, want %d", tt.name, len(got), err, tt.want)
		}
	}
	if got := len(AppendAnswer(nil, SubmitID, ours, 0)); got != 29 {
		t.Errorf("an answer by hand: got %d octets, want 29", got)
	}
}

func TestHowManyNumbersAPacketHolds(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		packet, content, want int
	}{
		{"84 in 2 KiB for a full segment", MaxPacket, 140, 84},
		{"84 for one octet less: 85 would need 2067", MaxPacket, 139, 84},
		{"84 while 85 would be one octet too much", MaxPacket, 121, 84},
		{"85 for 120 octets: 2048", MaxPacket, 120, 85},
		{"90 for a short text", MaxPacket, 14, 90},
		{"100 where the gateway takes more", 4096, 140, 100},
		{"few in a small packet", 512, 140, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := InPacket(tt.packet, tt.content)
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
			if size := submitSize + numberSize*got + tt.content; size > tt.packet {
				t.Errorf("%d numbers make %d octets of %d", got, size, tt.packet)
			}
			if size := submitSize + numberSize*(got+1) + tt.content; got < MaxBatch && size <= tt.packet {
				t.Errorf("%d numbers would make %d octets of %d", got+1, size, tt.packet)
			}
		})
	}
}

func TestAReportByHandIsTheLists(t *testing.T) {
	_, body := Split(wiretest.Frames(t, "SGIP ")["report"])
	var list, hand Report
	if err := wire.Decode(body, &list); err != nil {
		t.Fatal(err)
	}
	if err := hand.parse(body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list, hand, wiretest.Alike); diff != "" {
		t.Errorf("by hand it is not the list's (-list +hand):\n%s", diff)
	}
	for n := range body {
		if hand.parse(body[:n]) == nil {
			t.Errorf("a report of %d octets is taken", n)
		}
	}
}
