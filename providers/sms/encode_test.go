package sms

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEncode(t *testing.T) {
	tests := []struct {
		name     string
		text     string
		coding   Coding
		octets   string
		segments uint8
	}{
		{"plain English is GSM-7", "Hello", GSM7, "Hello", 1},
		{"an at sign is septet zero", "@", GSM7, "\x00", 1},
		{"the euro sign takes an escape", "€5", GSM7, "\x1b\x655", 1},
		{"a brace takes an escape", "{", GSM7, "\x1b\x28", 1},
		{"a grave accent is not in the alphabet", "`", UCS2, "\x00`", 1},
		{"the letter c with a small cedilla is not in the alphabet", "ç", UCS2, "\x00\xe7", 1},
		{"the escape character itself is not in the alphabet", "\x1b", UCS2, "\x00\x1b", 1},
		{"Chinese is UCS-2, big endian", "中", UCS2, "\x4e\x2d", 1},
		{"an emoji is a surrogate pair", "😀", UCS2, "\xd8\x3d\xde\x00", 1},
		{"a wrong octet becomes a replacement character", "a\xffb", UCS2, "\x00a\xff\xfd\x00b", 1},
		{"160 septets fit one segment", strings.Repeat("a", 160), GSM7, strings.Repeat("a", 160), 1},
		{"161 septets take two", strings.Repeat("a", 161), GSM7, strings.Repeat("a", 161), 2},
		{"70 units fit one segment", strings.Repeat("中", 70), UCS2, strings.Repeat("\x4e\x2d", 70), 1},
		{"71 units take two", strings.Repeat("中", 71), UCS2, strings.Repeat("\x4e\x2d", 71), 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Encode(nil, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if c.Coding != tt.coding || string(c.Octets) != tt.octets || c.Segments != tt.segments {
				t.Errorf("got %v %q %d, want %v %q %d", c.Coding, c.Octets, c.Segments, tt.coding, tt.octets, tt.segments)
			}
		})
	}
}

func TestEncodeLimits(t *testing.T) {
	tests := []struct {
		name string
		text string
		want error
	}{
		{"no text is refused", "", ErrEmpty},
		{"sixteen segments of Chinese are allowed", strings.Repeat("中", 16*67), nil},
		{"one character more is too long", strings.Repeat("中", 16*67+1), ErrTooLong},
		{"sixteen segments of English are allowed", strings.Repeat("a", 16*153), nil},
		{"one letter more is too long", strings.Repeat("a", 16*153+1), ErrTooLong},
		{"a very long text is too long, not wrapped around", strings.Repeat("a", 300*153), ErrTooLong},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Encode(nil, tt.text); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestEncodeAppends(t *testing.T) {
	dst := append(make([]byte, 0, 64), "before"...)
	c, err := Encode(dst, "after")
	if err != nil || string(c.Octets) != "after" || string(dst) != "before" {
		t.Errorf("got %q, %q, %v; want after, before", c.Octets, dst, err)
	}
}

func TestForcingUCS2(t *testing.T) {
	if got := string(ForcingUCS2("It’s 5 € – “it’s”")); got != "’–“”" {
		t.Errorf("got %q, want ’–“”", got)
	}
	if got := ForcingUCS2("plain [text] €"); got != nil {
		t.Errorf("got %q, want none", string(got))
	}
}

func TestEncodingIntoRoomAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 1024)
	chinese, english := []byte("您好，张三，这里是反诈中心😀"), []byte("Hello [you] €")
	if n := testing.AllocsPerRun(100, func() {
		AppendUCS2(dst, chinese)
		AppendGSM7(dst, english)
		AppendGSM7(dst, chinese)
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "a", "€", "中😀", "a\xff", strings.Repeat("€", 100), strings.Repeat("😀", 50), strings.Repeat("a", 152) + "€€"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Encode(nil, text)
		if err != nil {
			if text != "" && !errors.Is(err, ErrTooLong) {
				t.Fatalf("got %v, want too long or nothing", err)
			}
			return
		}
		if got := string(c.AppendText(nil)); utf8.ValidString(text) && got != text {
			t.Fatalf("got %q back, want %q", got, text)
		}
		if (c.Coding == UCS2) != (len(ForcingUCS2(text)) > 0) {
			t.Fatalf("got %v with forcing characters %q", c.Coding, ForcingUCS2(text))
		}
		checkParts(t, c)
	})
}

func BenchmarkAppendUCS2(b *testing.B) {
	text := []byte("【反诈中心】近期有人冒充贷款客服，要求先交保证金再放款，都是诈骗。请勿转账，遇事拨打96110。")
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		AppendUCS2(dst, text)
	}
}

func ExampleEncode() {
	c, err := Encode(nil, "【反诈中心】先交钱再放款的贷款都是诈骗。")
	fmt.Println(c.Coding, len(c.Octets)/2, c.Segments, err)
	c, err = Encode(nil, "Price: 5€")
	fmt.Println(c.Coding, len(c.Octets), c.Segments, err)
	// Output:
	// UCS-2 20 1 <nil>
	// GSM-7 10 1 <nil>
}

func ExampleParseNumber() {
	for _, text := range []string{"138 0013 8000", "＋８６１３８００１３８０００", "10086"} {
		n, err := ParseNumber([]byte(text), true)
		fmt.Println(n, err) // printed masked
	}
	// Output:
	// 8613*******00 <nil>
	// 8613*******00 <nil>
	// *** not a telephone number
}

func checkParts(t *testing.T, c Content) {
	t.Helper()
	if got := CountSegments(c.Coding, c.Octets); got != int(c.Segments) {
		t.Fatalf("got %d segments counted, want %d", got, c.Segments)
	}
	var whole []byte
	_, many := limits(c.Coding)
	for i := range int(c.Segments) {
		p := c.Part(i)
		if len(p) == 0 || c.Segments > 1 && len(p) > many {
			t.Fatalf("got segment %d of %d octets", i, len(p))
		}
		if c.Coding == UCS2 {
			if last := len(p) - 2; i+1 < int(c.Segments) && p[last]&0xFC == 0xD8 {
				t.Fatalf("segment %d ends inside a surrogate pair", i)
			}
		} else if p[len(p)-1] == escape {
			t.Fatalf("segment %d ends with an escape", i)
		}
		whole = append(whole, p...)
	}
	if !bytes.Equal(whole, c.Octets) {
		t.Fatalf("got parts %x, want %x", whole, c.Octets)
	}
	if c.Part(int(c.Segments)) != nil || c.Part(-1) != nil {
		t.Fatal("got a segment that is not there")
	}
}
