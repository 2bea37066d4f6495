package sms

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestAnAlphabetWritesATextInItsNarrowCodingOrItsWideOne(t *testing.T) {
	for _, tt := range []struct {
		name     string
		alphabet Alphabet
		text     string
		coding   Coding
		octets   string
		segments uint8
	}{
		{"GSM-7 has its own octet for an at sign", GSM, "a@b", GSM7, "a\x00b", 1},
		{"ASCII is itself", Octets, "a@b_$", ASCII, "a@b_$", 1},
		{"a euro sign is no ASCII", Octets, "5 €", UCS2, "\x005\x00 \x20\xac", 1},
		{"Chinese is UCS-2", Octets, "洪水", UCS2, "\x6d\x2a\x6c\x34", 1},
		{"Chinese is GB where that is wanted", OctetsGB, "洪水a", GB, "\xba\xe9\xcb\xaea", 1},
		{"a character of four octets", OctetsGB, "\U00020000", GB, "\x95\x32\x82\x36", 1},
		{"140 octets of ASCII are one segment", Octets, strings.Repeat("a", 140), ASCII, strings.Repeat("a", 140), 1},
		{"141 are two", Octets, strings.Repeat("a", 141), ASCII, strings.Repeat("a", 141), 2},
		{"70 letters are one segment where everything counts so", Wide, strings.Repeat("a", 70), UCS2, strings.Repeat("\x00a", 70), 1},
		{"71 are two there", Wide, strings.Repeat("a", 71), UCS2, strings.Repeat("\x00a", 71), 2},
		{"what is no UTF-8 is replaced", OctetsGB, "水\xff水", GB, "\xcb\xae\x84\x31\xa4\x37\xcb\xae", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := tt.alphabet.Encode([]byte("before"), tt.text)
			if err != nil || c.Coding != tt.coding || string(c.Octets) != tt.octets || c.Segments != tt.segments {
				t.Errorf("got %v %q in %d, %v, want %v %q in %d", c.Coding, c.Octets, c.Segments, err, tt.coding, tt.octets, tt.segments)
			}
		})
	}
}

func TestSegmentsInOctetsArePutTogetherAgain(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("aZ9 洪水来了请撤离€\U00020000\U0002A6D6")
	for _, a := range []Alphabet{Octets, OctetsGB} {
		for range 2000 {
			var text []rune
			for range 1 + random.IntN(400) {
				text = append(text, letters[random.IntN(len(letters))])
			}
			c, err := a.Encode(nil, string(text))
			if errors.Is(err, ErrTooLong) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			var whole []byte
			for i := range int(c.Segments) {
				part := c.Part(i)
				if len(part) == 0 || c.Segments > 1 && len(part) > ManyOctets || len(part) > OneOctets {
					t.Fatalf("segment %d of %d has %d octets", i, c.Segments, len(part))
				}
				if c.Coding == GB {
					if _, err := simplifiedchinese.GB18030.NewDecoder().Bytes(part); err != nil || bytes.ContainsRune(mustGB(t, part), '\uFFFD') {
						t.Fatalf("segment %d cuts a character: %x", i, part)
					}
				}
				whole = append(whole, part...)
			}
			if !bytes.Equal(whole, c.Octets) {
				t.Fatal("the segments are not the text")
			}
			if got := string(c.AppendText(nil)); got != string(text) {
				t.Fatalf("got %q, want %q", got, string(text))
			}
		}
	}
}

func mustGB(t *testing.T, octets []byte) []byte {
	t.Helper()
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(octets)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWritingInAnAlphabetAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("a sync.Pool drops things at random under the race detector")
	}
	text, dst := []byte("洪水预警：请立即撤离 Lilienthal"), make([]byte, 0, 1024)
	for a := range Alphabet(Alphabets) {
		if n := testing.AllocsPerRun(100, func() {
			if _, ok := a.AppendNarrow(dst, text); !ok {
				a.AppendWide(dst, text)
			}
		}); n > 0 {
			t.Errorf("alphabet %d: got %v allocations, want none", a, n)
		}
	}
}
