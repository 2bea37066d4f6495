package sms

import (
	"strings"
	"testing"
)

func TestPartsAreWhole(t *testing.T) {
	tests := []struct {
		name  string
		text  string
		sizes []int // octets of each segment
	}{
		{"a short text is one segment", "abc", []int{3}},
		{"two full segments", strings.Repeat("a", 306), []int{153, 153}},
		{"an escape is not left behind at the end", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 10), []int{152, 12}},
		{"escapes that would move the cut twice add a segment", strings.Repeat("a", 152) + strings.Repeat("€", 77), []int{152, 152, 2}},
		{"80 euro signs fit one segment", strings.Repeat("€", 80), []int{160}},
		{"Chinese is cut at 67 characters", strings.Repeat("中", 71), []int{134, 8}},
		{"a surrogate pair is not cut", strings.Repeat("中", 66) + "😀" + strings.Repeat("中", 10), []int{132, 24}},
		{"emoji alone fill 66 units a segment", strings.Repeat("😀", 67), []int{132, 132, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Encode(nil, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if int(c.Segments) != len(tt.sizes) {
				t.Fatalf("got %d segments, want %d", c.Segments, len(tt.sizes))
			}
			for i, want := range tt.sizes {
				if got := len(c.Part(i)); got != want {
					t.Errorf("segment %d: got %d octets, want %d", i, got, want)
				}
			}
			checkParts(t, c)
		})
	}
}
