package sms

import (
	"strings"
	"testing"
)

func TestTheSignatureThatACarrierPutsThereItself(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"is taken off the front", "【县防汛办】洪水", "洪水"},
		{"once", "【县防汛办】【红色】洪水", "【红色】洪水"},
		{"with letters and digits in it", "【CCTV 9】Flood", "Flood"},
		{"with characters of four octets in it", "【𠀀局】洪水", "洪水"},
		{"is not looked for elsewhere", "洪水【县防汛办】", "洪水【县防汛办】"},
		{"stays when it is all there is", "【县防汛办】", "【县防汛办】"},
		{"stays when it does not end", "【县防汛办洪水", "【县防汛办洪水"},
		{"is none in brackets of another kind", "[Flood office] Flood", "[Flood office] Flood"},
		{"is not there", "洪", "洪"},
	} {
		for _, a := range []Alphabet{Octets, OctetsGB} {
			c, err := a.Encode(nil, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			c.Octets = Unsigned(c.Coding, c.Octets)
			if got := string(c.AppendText(nil)); got != tt.want {
				t.Errorf("%s, in %v: got %q, want %q", tt.name, c.Coding, got, tt.want)
			}
		}
	}
}

func FuzzUnsigned(f *testing.F) {
	for _, text := range []string{"【县防汛办】洪水", "【】", "【", ""} {
		for _, a := range []Alphabet{Octets, OctetsGB} {
			c, _ := a.Encode(nil, text)
			f.Add(c.Octets)
		}
	}
	f.Add([]byte("\xa1\xbe\x810\x81"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		for _, coding := range []Coding{GSM7, ASCII, UCS2, GB} {
			if got := Unsigned(coding, octets); !strings.HasSuffix(string(octets), string(got)) || len(got) == 0 && len(octets) > 0 {
				t.Fatalf("%v: got %x of %x", coding, got, octets)
			}
		}
	})
}
