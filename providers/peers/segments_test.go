package peers

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	oracle "github.com/warthog618/sms"
	"github.com/warthog618/sms/encoding/tpdu"

	"tocsin/providers/sms"
)

// compare holds our encoding and cutting of text against the oracle's.
func compare(text string) error {
	want, err := oracle.Encode([]byte(text))
	if err != nil {
		return fmt.Errorf("the oracle says %w", err)
	}
	got, err := sms.Encode(nil, text)
	switch {
	case errors.Is(err, sms.ErrEmpty):
		if len(want) != 0 {
			return fmt.Errorf("got nothing to send, want %d segments", len(want))
		}
		return nil
	case errors.Is(err, sms.ErrTooLong):
		// Ours alone is the limit of sixteen; the count must hold above it too.
		if len(want) <= sms.MaxSegments {
			return fmt.Errorf("got too long, want %d segments", len(want))
		}
	case err != nil:
		return err
	}
	if n := sms.CountSegments(got.Coding, got.Octets); n != len(want) {
		return fmt.Errorf("got %d segments, want %d", n, len(want))
	}
	for i := range want {
		alphabet, err := want[i].Alphabet()
		if err != nil {
			return err
		}
		if ucs2 := alphabet == tpdu.AlphaUCS2; ucs2 != (got.Coding == sms.UCS2) || !ucs2 && alphabet != tpdu.Alpha7Bit {
			return fmt.Errorf("got %v, want alphabet %d", got.Coding, alphabet)
		}
		if part := got.Part(i); !bytes.Equal(part, want[i].UD) {
			return fmt.Errorf("segment %d of %d: got % x, want % x", i+1, len(want), part, want[i].UD)
		}
		segments, segment, _, several := want[i].ConcatInfo()
		if several && (segments != len(want) || segment != i+1) || several != (got.Segments > 1) {
			return fmt.Errorf("segment %d of %d: the oracle calls it %d of %d", i+1, len(want), segment, segments)
		}
	}
	return nil
}

func TestTextsAreCutAsTheOracleCutsThem(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"nothing", ""},
		{"one letter", "a"},
		{"160 letters are one segment", strings.Repeat("a", 160)},
		{"161 letters are two", strings.Repeat("a", 161)},
		{"306 letters fill two", strings.Repeat("a", 306)},
		{"307 letters need a third", strings.Repeat("a", 307)},
		{"80 characters of the extension table are one segment", strings.Repeat("€", 80)},
		{"an escape as the 160th septet makes two", strings.Repeat("a", 159) + "["},
		{"an escape as the 153rd septet moves", strings.Repeat("a", 152) + "{" + strings.Repeat("b", 20)},
		{"a code as the 153rd septet stays", strings.Repeat("a", 151) + "{" + strings.Repeat("b", 20)},
		{"escapes at every border", strings.Repeat("a", 152) + strings.Repeat("€", 300)},
		{"every character of the alphabet", alphabet},
		{"70 Chinese characters are one segment", strings.Repeat("水", 70)},
		{"71 are two", strings.Repeat("水", 71)},
		{"134 fill two", strings.Repeat("水", 134)},
		{"135 need a third", strings.Repeat("水", 135)},
		{"35 pairs are one segment", strings.Repeat("🌊", 35)},
		{"a pair over the 70th unit makes two", strings.Repeat("水", 69) + "🌊"},
		{"a pair over the 67th unit moves", strings.Repeat("水", 66) + "🌊" + strings.Repeat("水", 10)},
		{"a pair before the 67th unit stays", strings.Repeat("水", 65) + "🌊" + strings.Repeat("水", 10)},
		{"pairs alone", strings.Repeat("🌊", 200)},
		{"one Chinese character makes all of it UCS-2", strings.Repeat("a", 69) + "水"},
		{"octets that are not UTF-8", "a\xffb\xe6\xb0c"},
		{"a lone surrogate in UTF-8", "a\xed\xa0\x80b"},
		{"noncharacters", "\uffff\ufffe\U0010ffff"},
		{"a carriage return, a line feed, a form feed", "\r\n\f"},
		{"small c with cedilla, which the alphabet has as a capital only", "ç"},
		{"sixteen segments", strings.Repeat("a", 153*16)},
		{"seventeen are counted too", strings.Repeat("a", 153*16+1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := compare(c.text); err != nil {
				t.Error(err)
			}
		})
	}
}

// The one character on which the two differ, kept exact: U+001B. The oracle
// writes it as septet 0x1B, which a handset takes for the escape, so that it and
// the character behind it are lost; ours goes to UCS-2, where it is itself.
func TestTheEscapeCharacterIsWrittenInUCS2(t *testing.T) {
	got, err := sms.Encode(nil, "a\x1be")
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte{0, 'a', 0, 0x1B, 0, 'e'}; got.Coding != sms.UCS2 || !bytes.Equal(got.Octets, want) {
		t.Errorf("got %v % x, want %v % x", got.Coding, got.Octets, sms.UCS2, want)
	}
	theirs, err := oracle.Encode([]byte("a\x1be"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte{'a', 0x1B, 'e'}; len(theirs) != 1 || !bytes.Equal(theirs[0].UD, want) {
		t.Errorf("the oracle writes %v, not % x any more: drop this test and let random texts hold it", theirs, want)
	}
	for r := range rune(0x3000) {
		if r == 0x1B {
			continue
		}
		if err := compare(string(r)); err != nil {
			t.Errorf("%U: %v", r, err)
		}
	}
}

const alphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€"

// randomText is text whose length is often near a border.
func randomText(r *rand.Rand) string {
	septets, extended := []rune(alphabet), []rune("\f^{}\\[~]|€")
	borders := []int{1, 67, 70, 134, 153, 160, 201, 306, 459, 16 * 67, 16 * 153}
	units := max(0, borders[r.IntN(len(borders))]+r.IntN(9)-4)
	extension, pairs, wide := r.Float64(), r.Float64(), r.Float64() < 0.5
	if r.IntN(3) == 0 {
		extension, pairs = extension/20, pairs/20
	}
	var b strings.Builder
	for n := 0; n < units; {
		switch {
		case wide && r.Float64() < pairs:
			b.WriteRune(0x1F300 + rune(r.IntN(0x300)))
			n += 2
		case wide:
			b.WriteRune(0x4E00 + rune(r.IntN(0x5000)))
			n++
		case r.Float64() < extension:
			b.WriteRune(extended[r.IntN(len(extended))])
			n += 2
		default:
			b.WriteRune(septets[r.IntN(len(septets))])
			n++
		}
	}
	if r.IntN(20) == 0 { // and noise
		noise := make([]byte, r.IntN(40))
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		b.WriteString(strings.ReplaceAll(string(noise), "\x1b", "e"))
	}
	return b.String()
}

func TestRandomTextsAreCutAsTheOracleCutsThem(t *testing.T) {
	const texts = 20_000
	several, wide := 0, 0
	for seed := range uint64(texts) {
		text := randomText(rand.New(rand.NewPCG(seed, 0)))
		if err := compare(text); err != nil {
			t.Fatalf("seed %d, text %q: %v", seed, text, err)
		}
		if c, err := sms.Encode(nil, text); err == nil {
			if c.Segments > 1 {
				several++
			}
			if c.Coding == sms.UCS2 {
				wide++
			}
		}
	}
	if several < texts/4 || wide < texts/4 || wide > texts*3/4 {
		t.Errorf("of %d texts %d have several segments and %d are UCS-2: the generator misses its mark", texts, several, wide)
	}
}
