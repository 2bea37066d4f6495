package smpp

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

// riverOrder is the order of testdata/broadcast_sm_areas.hex.
var riverOrder = Order{
	Areas: []Area{
		Area("\x00river"),
		Area("\x01\xa0\x40\x00\x00\x40\x00\x00\x00\xc8\x18\x2d\x2c\x00"),
		Area("\x02\x53\xc0\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x00\x00\x20\x00\x00\x7f\xff\xff"),
	},
	Content: 1, Repeat: 0xFFFF, Text: []byte("\x6d\x2a\x6c\x34"),
}

func TestAnAreaAsAPersonWritesIt(t *testing.T) {
	for _, tt := range []struct {
		text  string
		want  Area
		again string // as it is written back
	}{
		{"alias:river", riverOrder.Areas[0], "alias:river"},
		{"alias:西湖区", Area("\x00西湖区"), "alias:西湖区"},
		{"arc:45,90,1000,1088,90,90", riverOrder.Areas[1], "arc:45.00000,90.00000,1000,1088,90,90"},
		{"polygon:-45,-90;0,0;22.5,180", riverOrder.Areas[2], "polygon:-45.00000,-90.00000;0.00000,0.00000;22.50000,179.99998"},
		{"circle:0,0,10", Area("\x01\xa0\x00\x00\x00\x00\x00\x00\x00\x00\x08\x00\xb3\x00"), "circle:0.00000,0.00000,11"},
		{"arc:0,0,0,10,1,1", Area("\x01\xa0\x00\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00"), "arc:0.00000,0.00000,0,11,0,2"},
		{"arc:0,0,0,10,359,360", Area("\x01\xa0\x00\x00\x00\x00\x00\x00\x00\x00\x08\xb3\xb3\x00"), "arc:0.00000,0.00000,0,11,358,360"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseArea(tt.text)
			if err != nil || string(got) != string(tt.want) {
				t.Errorf("got %x, %v, want %x", []byte(got), err, []byte(tt.want))
			}
			if got.String() != tt.again {
				t.Errorf("got %s, want %s", got, tt.again)
			}
		})
	}
}

func TestWhatIsNoArea(t *testing.T) {
	for _, text := range []string{
		"", "river", "alias:", "alias:a\x00b", "alias:" + strings.Repeat("x", 101), "box:1,2,3,4",
		"circle:1,2", "circle:91,0,5", "circle:0,181,5", "circle:0,0,0", "circle:0,0,-1", "circle:0,0,1e9", "circle:a,0,1", "circle:NaN,0,1",
		"arc:0,0,10,10,0,90", "arc:0,0,-1,10,0,90", "arc:0,0,400000,400001,0,90", "arc:0,0,0,10,360,90", "arc:0,0,0,10,0,0", "arc:0,0,0,10,0,361",
		"polygon:0,0;1,1", "polygon:0,0;1,1;2", "polygon:" + strings.Repeat("0,0;", 15) + "0,0", "polygon:0,0;1,1;91,0",
	} {
		if got, err := ParseArea(text); err == nil {
			t.Errorf("%q: got %x, want it refused", text, []byte(got))
		}
	}
}

func FuzzArea(f *testing.F) {
	for _, a := range riverOrder.Areas {
		f.Add(a.String())
	}
	f.Add("circle:30.25,120.16,5000")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseArea(text)
		if err != nil {
			return
		}
		if !a.valid() {
			t.Fatalf("%q: got %x, which no carrier takes", text, []byte(a))
		}
		if again, err := ParseArea(a.String()); err != nil || again[0] != a[0] || len(again) != len(a) {
			t.Fatalf("%q is %s, which is %x, %v", text, a, []byte(again), err)
		}
	})
}

func TestTheOrderOfABroadcast(t *testing.T) {
	whole := riverOrder.AppendTo(nil)
	without := func(tag uint16) (t wire.TLVs) {
		for got, v, rest, ok := whole.Next(); ok; got, v, rest, ok = rest.Next() {
			if got != tag {
				t = wire.AppendTLV(t, got, v...)
			}
		}
		return t
	}
	for _, tt := range []struct {
		name    string
		options wire.TLVs
		want    uint32
	}{
		{"is whole", whole, StatusOK},
		{"has no area", without(TagBroadcastArea), StatusMissingTLV},
		{"has no content type", without(TagBroadcastContent), StatusMissingTLV},
		{"has no repetitions", without(TagBroadcastRepeat), StatusMissingTLV},
		{"has no interval", without(TagBroadcastFrequency), StatusMissingTLV},
		{"has repetitions of one octet", append(without(TagBroadcastRepeat), tlv(TagBroadcastRepeat, "\x03")...), StatusMissingTLV},
		{"has an area of no format", append(tlv(TagBroadcastArea, "\x03x"), whole...), StatusAreaFormat},
		{"has a polygon of two corners", append(tlv(TagBroadcastArea, "\x02\x52aaaaaabbbbbb"), whole...), StatusAreaFormat},
		{"has half an arc", append(tlv(TagBroadcastArea, "\x01\xa0aaaaaa"), whole...), StatusAreaFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := Broadcast{Options: tt.options}
			got, status := b.Order()
			if status != tt.want {
				t.Errorf("got status %#x, want %#x", status, tt.want)
			}
			if diff := cmp.Diff(riverOrder, got); status == StatusOK && diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheAreasOfAnswers(t *testing.T) {
	a, b := Area("\x00a"), Area("\x00b")
	failed := []Failure{{a, StatusAlias}, {b, StatusAreaFormat}}
	answer := BroadcastAnswer{Answer{Options: AppendFailures(nil, failed)}}
	if diff := cmp.Diff(failed, answer.Failures()); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	answer.Options = tlvs(tlv(TagBroadcastError, "\x00\x00\x01\x08"), tlv(TagBroadcastArea, "\x00a"))
	if diff := cmp.Diff([]Failure{{a, StatusBroadcast}}, answer.Failures()); diff != "" {
		t.Errorf("an area without a status (-want +got):\n%s", diff)
	}
	reach := []Reach{{a, 40}, {b, UnknownReach}}
	said := BroadcastState{Answer{Options: AppendState(nil, 2, reach)}}
	state, got := said.State()
	if diff := cmp.Diff(reach, got); diff != "" || StateName(state) != "delivered" {
		t.Errorf("got %s (-want +got):\n%s", StateName(state), diff)
	}
	if state, areas := (&BroadcastState{}).State(); StateName(state) != "unknown" || areas != nil {
		t.Errorf("got %s, %v of nothing", StateName(state), areas)
	}
	for state, want := range map[uint8]string{0: "scheduled", 9: "skipped", 10: "state 10"} {
		if got := StateName(state); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestIntervals(t *testing.T) {
	for _, tt := range []struct {
		every time.Duration
		unit  Unit
		count uint16
		ok    bool
	}{
		{0, AsOftenAsPossible, 0, true},
		{time.Second, Seconds, 1, true},
		{90 * time.Second, Seconds, 90, true},
		{31 * time.Minute, Minutes, 31, true},
		{2 * time.Hour, Hours, 2, true},
		{48 * time.Hour, Days, 2, true},
		{time.Millisecond, 0, 0, false},
		{-time.Second, 0, 0, false},
		{65536 * time.Second, 0, 0, false}, // 18 h 12 min 16 s
	} {
		unit, count, err := Interval(tt.every)
		if unit != tt.unit || count != tt.count || (err == nil) != tt.ok {
			t.Errorf("%v: got %d of %#x, %v, want %d of %#x", tt.every, count, unit, err, tt.count, tt.unit)
		}
		o := Order{Unit: unit, Every: count}
		if got := o.Length(); tt.ok && got != tt.every {
			t.Errorf("got %v back, want %v", got, tt.every)
		}
	}
}

func FuzzBroadcast(f *testing.F) {
	codec.Seed(f, BroadcastSM)
	f.Fuzz(func(t *testing.T, data []byte) {
		var b Broadcast
		if !wiretest.Same(t, data, &b) {
			return
		}
		if o, status := b.Order(); status == StatusOK {
			again := Broadcast{Options: o.AppendTo(nil)}
			got, status := again.Order()
			if diff := cmp.Diff(o, got, wiretest.Alike); status != StatusOK || diff != "" {
				t.Fatalf("status %#x, order (-want +got):\n%s", status, diff)
			}
			for _, a := range o.Areas {
				_ = a.String()
			}
		}
	})
}

func FuzzBroadcastAnswers(f *testing.F) {
	codec.Seed(f, BroadcastSM|Response, QueryBroadcastSM, QueryBroadcastSM|Response, CancelBroadcastSM)
	f.Fuzz(func(t *testing.T, data []byte) {
		wiretest.Same(t, data, &BroadcastQuery{})
		wiretest.Same(t, data, &BroadcastCancel{})
		var a BroadcastAnswer
		if wiretest.Same(t, data, &a) {
			a.Failures()
		}
		var s BroadcastState
		if wiretest.Same(t, data, &s) {
			s.State()
		}
	})
}

func FuzzCongestion(f *testing.F) {
	codec.Seed(f, SubmitSM|Response, SubmitMulti|Response)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, id := range []uint32{SubmitSM | Response, SubmitMulti | Response, EnquireLink | Response} {
			level, ok := Congestion(id, data)
			var a Answer
			var m MultiAnswer
			var options wire.TLVs
			switch {
			case id == SubmitSM|Response && wire.Decode(data, &a) == nil:
				options = a.Options
			case id == SubmitMulti|Response && wire.Decode(data, &m) == nil:
				options = m.Options
			default:
				continue
			}
			v, _ := options.Find(TagCongestionState)
			if want := len(v) == 1 && v[0] <= 100; ok != want || ok && level != v[0] {
				t.Fatalf("PDU %#x: got %d, %v, the list says %x", id, level, ok, v)
			}
		}
	})
}

func TestCongestionIsRead(t *testing.T) {
	for _, tt := range []struct {
		name string
		id   uint32
		body string
		want uint8
		ok   bool
	}{
		{"behind a message_id", SubmitSM | Response, "1\x00\x04\x28\x00\x01\x2a", 42, true},
		{"behind an empty one", SubmitSM | Response, "\x00\x04\x28\x00\x01\x64", 100, true},
		{"alone", EnquireLink | Response, "\x04\x28\x00\x01\x50", 80, true},
		{"behind a list", SubmitMulti | Response, "1\x00\x01\x01\x01861\x00\x00\x00\x00\x0b\x04\x28\x00\x01\x07", 7, true},
		{"not when it is not there", SubmitSM | Response, "1\x00", 0, false},
		{"not above 100", SubmitSM | Response, "1\x00\x04\x28\x00\x01\x65", 0, false},
		{"not when it has two octets", SubmitSM | Response, "1\x00\x04\x28\x00\x02\x00\x2a", 0, false},
		{"not behind a list that is cut", SubmitMulti | Response, "1\x00\x02\x01\x01861\x00\x00\x00\x00\x0b\x04\x28\x00\x01\x07", 0, false},
		{"not of a request", DeliverSM, "1\x00\x04\x28\x00\x01\x2a", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := Congestion(tt.id, []byte(tt.body)); got != tt.want || ok != tt.ok {
				t.Errorf("got %d, %v, want %d, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}
