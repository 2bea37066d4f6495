package sms

import (
	"strings"
	"testing"
)

func TestTheHeaderOfAMessageIsCutAndSaysItsPart(t *testing.T) {
	for _, tt := range []struct {
		name, octets, text string
		part               Part
	}{
		{"a reference of 8 bits", "\x05\x00\x03\x2A\x03\x02hello", "hello", Part{0x2A, 3, 2}},
		{"a reference of 16 bits", "\x06\x08\x04\x01\x2A\x02\x01hello", "hello", Part{0x12A, 2, 1}},
		{"behind another element", "\x0B\x05\x04\x0B\x84\x23\xF0\x00\x03\x2A\x02\x02hello", "hello", Part{0x2A, 2, 2}},
		{"another element alone", "\x06\x05\x04\x0B\x84\x23\xF0hello", "hello", Part{}},
		{"no element", "\x00hello", "hello", Part{}},
		{"one part of one is a whole message", "\x05\x00\x03\x2A\x01\x01hello", "hello", Part{}},
		{"part 0", "\x05\x00\x03\x2A\x02\x00hello", "hello", Part{}},
		{"a part behind the last", "\x05\x00\x03\x2A\x02\x03hello", "hello", Part{}},
		{"an element that is cut", "\x04\x00\x03\x2A\x02hello", "hello", Part{}},
		{"an element of another length", "\x06\x00\x04\x2A\x02\x01\x00hello", "hello", Part{}},
		{"a header that is longer than all", "hello", "hello", Part{}},
		{"the longest header", "\xFF" + strings.Repeat("\x00", 255) + "hello", "hello", Part{}},
		{"nothing", "", "", Part{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, part := CutHeader([]byte(tt.octets))
			if string(text) != tt.text || part != tt.part {
				t.Errorf("got %q, %+v, want %q, %+v", text, part, tt.text, tt.part)
			}
		})
	}
}

func FuzzReadText(f *testing.F) {
	for _, octets := range []string{"\x05\x00\x03\x2A\x03\x02hello", "\x06\x08\x04\x01\x2A\x02\x01\x6c\x34", "\xff\xff", ""} {
		f.Add(byte(8), true, []byte(octets))
		f.Add(byte(15), true, []byte(octets))
	}
	f.Fuzz(func(t *testing.T, format byte, header bool, octets []byte) {
		text, p := ReadText(format, header, octets)
		if len(text) > 4*len(octets) {
			t.Fatalf("%d octets became %d", len(octets), len(text))
		}
		if p != (Part{}) && (!header || p.Of < 2 || p.Number == 0 || p.Number > p.Of) {
			t.Fatalf("got %+v", p)
		}
	})
}
