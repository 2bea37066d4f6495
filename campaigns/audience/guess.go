package audience

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// A guess is what a sample would cost in an encoding: the bits that say it when the
// usual characters of the languages written in it take few and rare ones many. The
// right encoding is the one in which the text is the most usual.
type guess struct {
	encoding string // as namedEncoding knows it; "": another of one octet a character
	bits     float64
}

// ahead is how many bits GB18030 and UTF-8, in which nearly all lists come, are ahead.
const ahead = 1.5

// What characters cost. A set of n characters that makes up the part p of a text costs
// log2(n/p) for each.
const (
	bitsHanzi    = 10.5 // of commonHanzi, commonFanti and commonKanji
	bitsKanji    = 13.5 // of the other kanji of JIS level 1
	bitsRare     = 16   // of the other characters of a standard's first tables
	bitsRarest   = 20   // of all others
	bitsMark     = 10   // punctuation of East Asia, full-width forms
	bitsSymbol   = 14
	bitsKana     = 8
	bitsHangul   = 8.5
	bitsDamage   = 24
	bitsInside   = 12 // for Chinese inside a word of Latin letters
	bitsLetter   = 6  // of an alphabet of one octet a letter
	bitsThai     = 6.5
	bitsOddOctet = 9
	bitsUnknown  = 7 // an octet of whatever it is
)

// rank says what a sample of octets, with what is beside them, costs in each encoding,
// the least first.
func rank(sample []byte) (best, second guess) {
	best, second = guess{bits: 1e18}, guess{bits: 1e18}
	for _, g := range []guess{
		{"utf-8", costUTF8(sample) - ahead},
		{"gb18030", costGB(sample) - ahead},
		{"big5", costOf(sample, traditionalchinese.Big5, bitsOfBig5) + ahead},
		{"euc-kr", costOf(sample, korean.EUCKR, bitsOfKorean)},
		{"shift_jis", costOf(sample, japanese.ShiftJIS, bitsOfJapanese)},
		{"euc-jp", costOf(sample, japanese.EUCJP, bitsOfJapanese)},
		{"windows-1252", costLatin(sample)},
		{"windows-1251", costCased(sample, func(c byte) (upper, letter bool) { return c < 0xE0, c >= 0xC0 || c == 0xA8 || c == 0xB8 })},
		{"koi8-r", costCased(sample, func(c byte) (upper, letter bool) { return c >= 0xE0, c >= 0xC0 })},
		{"windows-1256", costArabic(sample)},
		{"windows-874", costThai(sample)},
		{"", costUnknown(sample)},
	} {
		if g.bits < best.bits {
			best, second = g, best
		} else if g.bits < second.bits {
			second = g
		}
	}
	return best, second
}

var hanzi = sync.OnceValue(func() map[rune]bool { return setOf(commonHanzi + commonFanti) })

var (
	hangul = sync.OnceValue(func() map[rune]bool { return setOf(commonHangul) })
	kanji  = sync.OnceValue(func() map[rune]bool { return setOf(commonKanji) })
	// level1 is the first level of JIS X 0208: the 2,965 kanji in rows 16 to 47.
	level1 = sync.OnceValue(func() map[rune]bool {
		var rows []byte
		for row := byte(16); row <= 47; row++ {
			for cell := byte(1); cell <= 94; cell++ {
				rows = append(rows, 0xA0+row, 0xA0+cell)
			}
		}
		text, _ := japanese.EUCJP.NewDecoder().Bytes(rows)
		return setOf(string(text))
	})
)

func setOf(text string) map[rune]bool {
	set := make(map[rune]bool, len(text)/3)
	for _, r := range text {
		set[r] = true
	}
	return set
}

// isWide reports whether a character is punctuation of East Asia or a full-width form.
func isWide(r rune) bool { return r >= 0x3000 && r <= 0x303F || r >= 0xFF01 && r <= 0xFF5E }

// alphabets are the blocks of the letters in use that have two octets in UTF-8.
var alphabets = &unicode.RangeTable{R16: []unicode.Range16{
	{0x00C0, 0x017F, 1},                      // Latin
	{0x0370, 0x03CE, 1},                      // Greek
	{0x0400, 0x045F, 1}, {0x0490, 0x0493, 1}, // Cyrillic
	{0x0531, 0x0587, 1}, // Armenian
	{0x05D0, 0x05EA, 1}, // Hebrew
	{0x0620, 0x06D3, 1}, // Arabic
	{0x0710, 0x07A5, 1}, // Syriac, Thaana
}}

func costUTF8(sample []byte) float64 {
	bits, damaged := 0.0, false
	for i := 0; i < len(sample); {
		r, n := utf8.DecodeRune(sample[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			if bits += 6; !damaged {
				bits += bitsDamage
			}
		case r < utf8.RuneSelf:
		case hanzi()[r] || hangul()[r]:
			bits += bitsHanzi
		case n == 2 && (r < 0xC0 || unicode.IsDigit(r) || unicode.IsLetter(r) && unicode.Is(alphabets, r)):
			bits += bitsOddOctet
		case isWide(r) || r >= 0x3040 && r < 0x3100:
			bits += bitsMark
		case !unicode.IsPrint(r):
			bits += bitsDamage
		case n == 3:
			bits += bitsRare
		default:
			bits += bitsRarest
		}
		damaged = r == utf8.RuneError && n == 1
		i += n
	}
	return bits
}

// costGB cuts pairs itself: in which table of the standard a character stands says much.
func costGB(sample []byte) float64 {
	bits, letter, inside := 0.0, false, false // a letter came last; Chinese came behind one
	text := simplifiedchinese.GB18030.NewDecoder()
	var char [8]byte
	for i := 0; i < len(sample); {
		if sample[i] < 0x80 {
			if inside && small(sample[i]) {
				bits += bitsInside
			}
			letter, inside = isLetter(sample[i]), false
			i++
			continue
		}
		letter, inside = false, inside || letter
		n := gbLength(sample[i:])
		if n <= 0 {
			bits += bitsDamage
			i++
			continue
		}
		lead, trail := sample[i], sample[i+1]
		size, _, _ := text.Transform(char[:], sample[i:i+n], true)
		r, _ := utf8.DecodeRune(char[:size])
		i += n
		switch {
		case n == 4: // few octets stand so by chance
			bits += bitsSymbol
		case hanzi()[r]:
			bits += bitsHanzi
		case isWide(r):
			bits += bitsMark
		case lead >= 0xB0 && lead <= 0xF7 && trail >= 0xA1:
			bits += bitsRare
		case lead >= 0xA1 && lead <= 0xA9 && trail >= 0xA1:
			bits += bitsSymbol
		default:
			bits += bitsRarest
		}
	}
	return bits
}

// costOf decodes a sample and adds up what its characters cost.
func costOf(sample []byte, e encoding.Encoding, bitsOf func(rune) float64) float64 {
	text, err := e.NewDecoder().Bytes(sample)
	if err != nil {
		return 1e18
	}
	bits := 0.0
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf:
		case r == utf8.RuneError:
			bits += bitsDamage
		default:
			bits += bitsOf(r)
		}
	}
	return bits
}

func bitsOfBig5(r rune) float64 {
	switch {
	case hanzi()[r]:
		return bitsHanzi
	case isWide(r):
		return bitsMark
	case unicode.Is(unicode.Han, r):
		return bitsRare + 1 // of thirteen thousand
	}
	return bitsRarest
}

func bitsOfKorean(r rune) float64 {
	switch {
	case hangul()[r]:
		return bitsHangul
	case isWide(r):
		return bitsMark + 2
	case unicode.Is(unicode.Hangul, r):
		return bitsRare
	}
	return bitsRarest
}

func bitsOfJapanese(r rune) float64 {
	switch {
	case r >= 0x3040 && r < 0x3100, r >= 0xFF61 && r <= 0xFF9F:
		return bitsKana
	case kanji()[r]:
		return bitsHanzi
	case level1()[r]:
		return bitsKanji
	case isWide(r):
		return bitsMark
	case unicode.Is(unicode.Han, r):
		return bitsRare + 1
	}
	return bitsRarest
}

// beside reports whether an ASCII letter stands beside an octet.
func beside(sample []byte, i int) bool {
	return i > 0 && isLetter(sample[i-1]) || i+1 < len(sample) && isLetter(sample[i+1])
}

func small(c byte) bool    { return c >= 'a' && c <= 'z' }
func isLetter(c byte) bool { return small(c | 0x20) }

// costLatin is for Windows-1252 and its neighbours: letters stand beside those of ASCII.
func costLatin(sample []byte) float64 {
	bits := 0.0
	for i, c := range sample {
		if c < 0x80 {
			continue
		}
		if beside(sample, i) && c != 0xD7 && c != 0xF7 || strings.IndexByte("\x91\x92\x93\x94\x96\x97\xa0\xab\xb0\xbb", c) >= 0 {
			bits += bitsLetter
		} else {
			bits += bitsOddOctet
		}
	}
	return bits
}

// costCased is for alphabets with capital letters: words are small, or begin with one
// capital letter, or are of capital letters alone.
func costCased(sample []byte, kind func(c byte) (upper, letter bool)) float64 {
	bits, length, uppers, first := 0.0, 0, 0, false
	for i := 0; i <= len(sample); i++ {
		if i < len(sample) && sample[i] >= 0x80 {
			upper, letter := kind(sample[i])
			if letter && !beside(sample, i) {
				if length == 0 {
					first = upper
				}
				length++
				if upper {
					uppers++
				}
				bits += bitsLetter - 0.5
			} else {
				bits += bitsOddOctet
			}
			continue
		}
		if length > 1 && uppers > 0 && uppers < length && !(uppers == 1 && first) {
			bits += bitsDamage / 2
		}
		length, uppers = 0, 0
	}
	return bits
}

// costArabic is for Windows-1256. Its Arabic letters stand from 0xC0 to 0xED, with some of
// Latin's between them.
func costArabic(sample []byte) float64 {
	bits := 0.0
	for i, c := range sample {
		switch {
		case c < 0x80:
		case c >= 0xC0 && c <= 0xED && strings.IndexByte("\xd7\xe0\xe2\xe7\xe8\xe9\xea\xeb", c) < 0 && !beside(sample, i):
			bits += bitsLetter - 0.5
		default:
			bits += bitsOddOctet
		}
	}
	return bits
}

// costThai is for Windows-874: signs above and below (0xD1, 0xD4 to 0xDA, 0xE7 to 0xEE)
// follow a consonant (0xA1 to 0xCE) or another sign, vowels in front (0xE0 to 0xE4) come
// before a consonant.
func costThai(sample []byte) float64 {
	consonant := func(c byte) bool { return c >= 0xA1 && c <= 0xCE }
	sign := func(c byte) bool { return c == 0xD1 || c >= 0xD4 && c <= 0xDA || c >= 0xE7 && c <= 0xEE }
	bits, last := 0.0, byte(0)
	for i, c := range sample {
		front := last >= 0xE0 && last <= 0xE4
		switch {
		case front && !consonant(c), sign(c) && !consonant(last) && !sign(last):
			bits += bitsDamage / 2
		case c < 0x80:
		case (consonant(c) || sign(c) || c >= 0xCF && c <= 0xD3 || c >= 0xE0 && c <= 0xE6) && !beside(sample, i):
			bits += bitsThai
		default:
			bits += bitsOddOctet
		}
		last = c
	}
	return bits
}

func costUnknown(sample []byte) float64 {
	bits := 0.0
	for _, c := range sample {
		if c >= 0x80 {
			bits += bitsUnknown
		}
	}
	return bits
}

// gbLength is how many octets the character of GB18030-2022 has that data begins with:
// one below 0x80, two (81–FE, 40–7E or 80–FE), or four (81–FE, 30–39, 81–FE, 30–39). 0:
// data ends inside it; -1: it is none.
func gbLength(data []byte) int {
	high := func(c byte) bool { return c >= 0x81 && c <= 0xFE }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	switch {
	case data[0] < 0x80:
		return 1
	case !high(data[0]):
		return -1
	case len(data) < 2:
		return 0
	case data[1] >= 0x40 && data[1] != 0x7F && data[1] != 0xFF:
		return 2
	case !digit(data[1]) || len(data) > 2 && !high(data[2]) || len(data) > 3 && !digit(data[3]):
		return -1
	case len(data) < 4:
		return 0
	}
	return 4
}
