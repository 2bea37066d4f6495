package sms

import (
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrTooLong says that a text needs more than MaxSegments segments.
var ErrTooLong = errors.New("text is too long")

// ErrEmpty says that there is no text to send.
var ErrEmpty = errors.New("text is empty")

// escape leads to the extension table, 3GPP TS 23.038 section 6.2.1.1.
const escape = 0x1B

// alphabet is the GSM 7-bit default alphabet by septet, 3GPP TS 23.038 section
// 6.2.1. The escape stands for itself here and is no character.
var alphabet = [128]rune{
	'@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
	'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', escape, 'Æ', 'æ', 'ß', 'É',
	' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
	'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
	'¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
	'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
	'¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
	'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
}

// extension is the extension table, 3GPP TS 23.038 section 6.2.1.1.
var extension = [...]struct {
	septet byte
	char   rune
}{
	{0x0A, '\f'},
	{0x14, '^'},
	{0x28, '{'},
	{0x29, '}'},
	{0x2F, '\\'},
	{0x3C, '['},
	{0x3D, '~'},
	{0x3E, ']'},
	{0x40, '|'},
	{0x65, '€'},
}

// absent marks a character that GSM7 cannot write.
const absent = 0xFF

// septets turns characters below 0x400, all that the default alphabet knows
// but the euro sign, into septets: the high bit says that an escape goes first.
var septets = func() (t [0x400]byte) {
	for i := range t {
		t[i] = absent
	}
	for i, r := range alphabet {
		if r != escape {
			t[r] = byte(i)
		}
	}
	for _, e := range extension {
		if e.char < 0x400 {
			t[e.char] = e.septet | 0x80
		}
	}
	return t
}()

func septet(r rune) byte {
	switch {
	case r < 0x400:
		return septets[r]
	case r == '€':
		return 0x65 | 0x80
	}
	return absent
}

// Encode writes text for the air, as GSM7 when all of it can be, else as UCS2,
// and counts its segments. The content's octets are appended to dst; text that
// is not UTF-8 is written with U+FFFD in place of each wrong octet.
//
// The error is ErrEmpty, or wraps ErrTooLong: Segments then says how many would
// be needed, at most 255.
func Encode(dst []byte, text string) (Content, error) { return GSM.Encode(dst, text) }

// Encode is the package's Encode in another alphabet: in its narrow coding when all of
// the text can be, else in its wide one.
func (a Alphabet) Encode(dst []byte, text string) (Content, error) {
	start := len(dst)
	octets, ok := a.AppendNarrow(dst, []byte(text))
	coding := a.Narrow()
	if !ok {
		octets, coding = a.AppendWide(dst, []byte(text)), a.Wide()
	}
	return NewContent(coding, octets[start:])
}

// AppendNarrow appends UTF-8 text in the narrow coding. It returns dst as it was, and
// false, when a character is not in it, or the text is empty.
func (a Alphabet) AppendNarrow(dst, text []byte) ([]byte, bool) {
	switch a {
	case GSM:
		return appendGSM7(dst, text)
	case Wide:
		return dst, false // nothing is narrow
	}
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return dst, false
		}
	}
	return append(dst, text...), true
}

// AppendWide appends UTF-8 text in the wide coding.
func (a Alphabet) AppendWide(dst, text []byte) []byte {
	if a == OctetsGB {
		return appendGB(dst, text)
	}
	return appendUCS2(dst, text)
}

// NewContent counts the segments of octets that AppendGSM7 or AppendUCS2 made.
// The errors are those of Encode.
func NewContent(coding Coding, octets []byte) (Content, error) {
	n := CountSegments(coding, octets)
	c := Content{Octets: octets, Coding: coding, Segments: uint8(min(n, 255))}
	switch {
	case n == 0:
		return c, ErrEmpty
	case n > MaxSegments:
		return c, fmt.Errorf("%w: it needs %d segments, at most %d can be sent", ErrTooLong, n, MaxSegments)
	}
	return c, nil
}

// AppendGSM7 appends UTF-8 text as unpacked septets, one in each octet, an
// escape before those of the extension table. It returns dst as it was, and
// false, when a character is not in the alphabet.
func AppendGSM7(dst, text []byte) ([]byte, bool) { return appendGSM7(dst, text) }

// AppendUCS2 appends UTF-8 text as UTF-16, big endian, with surrogate pairs for
// what does not fit 16 bits and U+FFFD for octets that are not UTF-8.
func AppendUCS2(dst, text []byte) []byte { return appendUCS2(dst, text) }

func appendGSM7[T string | []byte](dst []byte, text T) ([]byte, bool) {
	start := len(dst)
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = decode(text, i)
		}
		s := septet(r)
		if s == absent {
			return dst[:start], false
		}
		if s&0x80 != 0 {
			dst = append(dst, escape)
		}
		dst = append(dst, s&0x7F)
		i += size
	}
	return dst, true
}

func appendUCS2[T string | []byte](dst []byte, text T) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			dst = append(dst, 0, c)
			i++
			continue
		}
		// Nearly all Chinese characters are three octets of UTF-8.
		if c >= 0xE1 && c <= 0xEC && i+2 < len(text) && text[i+1]&0xC0 == 0x80 && text[i+2]&0xC0 == 0x80 {
			dst = append(dst, c<<4|text[i+1]>>2&0x0F, text[i+1]<<6|text[i+2]&0x3F)
			i += 3
			continue
		}
		r, size := decode(text, i)
		if r > 0xFFFF {
			high, low := utf16.EncodeRune(r)
			dst = append(dst, byte(high>>8), byte(high))
			r = low
		}
		dst = append(dst, byte(r>>8), byte(r))
		i += size
	}
	return dst
}

// decode reads the character at text[i]. It exists because utf8 has no
// function for both kinds of text.
func decode[T string | []byte](text T, i int) (rune, int) {
	var b [utf8.UTFMax]byte
	n := copy(b[:], text[i:])
	return utf8.DecodeRune(b[:n])
}

// ForcingUCS2 is the characters of text that GSM7 cannot write, each once, in
// order of appearance: what makes a text cost 70 characters a segment instead
// of 160.
func ForcingUCS2(text string) []rune {
	var forcing []rune
	seen := map[rune]bool{}
	for _, r := range text {
		if septet(r) == absent && !seen[r] {
			seen[r] = true
			forcing = append(forcing, r)
		}
	}
	return forcing
}

// AppendText appends the content's text in UTF-8, as a handset shows it.
func (c Content) AppendText(dst []byte) []byte {
	switch c.Coding {
	case ASCII:
		return append(dst, c.Octets...)
	case GB:
		return readGB(dst, c.Octets)
	}
	if c.Coding == UCS2 {
		for i := 0; i+1 < len(c.Octets); i += 2 {
			r := rune(c.Octets[i])<<8 | rune(c.Octets[i+1])
			if utf16.IsSurrogate(r) && i+3 < len(c.Octets) {
				low := rune(c.Octets[i+2])<<8 | rune(c.Octets[i+3])
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r = pair
					i += 2
				}
			}
			dst = utf8.AppendRune(dst, r)
		}
		return dst
	}
	for i := 0; i < len(c.Octets); i++ {
		s := c.Octets[i] & 0x7F
		if s == escape && i+1 < len(c.Octets) {
			i++
			dst = utf8.AppendRune(dst, extended(c.Octets[i]))
			continue
		}
		dst = utf8.AppendRune(dst, alphabet[s])
	}
	return dst
}

// extended is the character behind an escape; a code the table does not have
// shows as the character of the default alphabet, 3GPP TS 23.038 section 6.2.1.1.
func extended(s byte) rune {
	for _, e := range extension {
		if e.septet == s {
			return e.char
		}
	}
	return alphabet[s&0x7F]
}
