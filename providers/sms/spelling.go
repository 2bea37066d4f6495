package sms

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

const (
	maxSpelt  = 24  // digits of a spelling, with 00 and a second prefix
	maxGroups = 12  // of digits
	maxText   = 160 // octets of a number with all its decoration
)

// A Separator is what stands between two groups of digits, the strongest of it.
type Separator uint8

// The separators, from the weakest to the strongest.
const (
	Nothing Separator = iota // only a bracket
	Space
	Hyphen
	Dot
	Slash
)

// A Group is some digits of a number that stand together.
type Group struct {
	Digits    int
	Before    Separator // what divides it from the group before
	Bracketed bool      // it stands in brackets that are opened behind another group
}

// A Spelling is how a number is written: its digits, and how they are grouped.
type Spelling struct {
	International bool // behind + or 00
	Zeros         bool // behind 00

	digits [maxSpelt]byte
	size   int
	groups [maxGroups]Group
	count  int
	dots   int
}

// Digits are the number's digits in ASCII, without 00 or plus sign. They are good as
// long as s is.
func (s *Spelling) Digits() []byte { return s.digits[:s.size] }

// Groups are the groups of Digits. They are good as long as s is.
func (s *Spelling) Groups() []Group { return s.groups[:s.count] }

// Bracketed reports whether the last of several groups stands in brackets, as a note
// does and no part of a number.
func (s *Spelling) Bracketed() bool { return s.count > 1 && s.groups[s.count-1].Bracketed }

// Whole is s without a last group of zeros behind a dot, as a spreadsheet writes a number
// that it took for a decimal fraction; ok is false when it does not end so.
func (s *Spelling) Whole() (whole Spelling, ok bool) {
	if s.count < 2 || s.groups[s.count-1].Before != Dot {
		return whole, false
	}
	last := s.groups[s.count-1].Digits
	for _, c := range s.digits[s.size-last : s.size] {
		if c != '0' {
			return whole, false
		}
	}
	whole = *s
	whole.size -= last
	whole.count--
	whole.dots--
	return whole, true
}

// Fraction reports whether what Whole cuts off can be a decimal fraction alone: there is
// no other dot, or a single digit stands behind this one.
func (s *Spelling) Fraction() bool { return s.dots == 1 || s.groups[s.count-1].Digits == 1 }

// Without is s without its group k.
func (s *Spelling) Without(k int) Spelling {
	w := *s
	at := 0
	for _, g := range s.groups[:k] {
		at += g.Digits
	}
	n := s.groups[k].Digits
	copy(w.digits[at:], s.digits[at+n:s.size])
	copy(w.groups[k:], s.groups[k+1:s.count])
	w.size -= n
	w.count--
	return w
}

// ReadSpelling reads how a number is written: with or without plus sign or 00, its digits,
// of any script, divided by spaces, hyphens, dots, slashes and brackets. Marks that are
// not seen, for the direction of writing or without width, are passed over, and so is the
// apostrophe of a spreadsheet. A dot divides groups, the last of at least two
// digits, or it stands before the zeros of a decimal fraction. ok is false for anything else: letters, signs of
// an extension, a second line. It does not allocate.
func ReadSpelling(text []byte) (s Spelling, ok bool) {
	text = bytes.Trim(text, " \t\r\n")
	if len(text) > maxText {
		return s, false
	}
	plus, bracket := false, 0 // bracket: the first group in it
	between, dotted := Nothing, false
	divided := true // the next digit begins a group
	for len(text) > 0 {
		r, size := rune(text[0]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text)
		}
		text = text[size:]
		if value, is := digitOf(r); is {
			if s.size == maxSpelt {
				return s, false
			}
			if divided {
				if s.count == maxGroups {
					return s, false
				}
				s.groups[s.count] = Group{Before: between}
				if dotted && s.count > 0 {
					s.dots++
				}
				s.count++
				divided, dotted, between = false, false, Nothing
			}
			s.digits[s.size] = '0' + value
			s.size++
			s.groups[s.count-1].Digits++
			continue
		}
		switch kindOf(r) {
		case unseen:
			continue
		case wrong:
			return s, false
		case plusSign:
			if plus || s.size > 0 {
				return s, false
			}
			plus = true
			continue
		case opening:
			bracket = s.count
		case closing:
			s.enclose(bracket)
			bracket = 0
		case space:
			between = max(between, Space)
		case hyphen:
			between = max(between, Hyphen)
		case dot:
			between, dotted = max(between, Dot), true
		case slash:
			between = max(between, Slash)
		}
		divided = true
	}
	s.enclose(bracket)
	s.International = plus
	if !plus && s.size > 2 && s.digits[0] == '0' && s.digits[1] == '0' {
		s.International, s.Zeros = true, true
		s.cut(2)
	}
	return s, s.size > 0 && (!s.International || s.digits[0] != '0') && s.dotsAreRight()
}

// enclose marks the groups of a bracket.
func (s *Spelling) enclose(first int) {
	for k := first; first > 0 && k < s.count; k++ {
		s.groups[k].Bracketed = true
	}
}

// cut takes the first n digits away.
func (s *Spelling) cut(n int) {
	copy(s.digits[:], s.digits[n:s.size])
	s.size -= n
	for n > 0 {
		k := min(n, s.groups[0].Digits)
		s.groups[0].Digits -= k
		n -= k
		if s.groups[0].Digits == 0 {
			copy(s.groups[:], s.groups[1:s.count])
			s.count--
		}
	}
	s.groups[0].Before = Nothing
}

// longArea is the most digits that stand before the only dot of a number, unless its
// country's code is among them.
const longArea = 5

// dotsAreRight reports whether the dots divide a number as people do it, and are no
// decimal points: 0171.1234567, but not 1380013.80 or 1.38.
func (s *Spelling) dotsAreRight() bool {
	if s.dots == 0 {
		return true
	}
	if _, zeros := s.Whole(); zeros {
		return true
	}
	if last := s.groups[s.count-1]; last.Before == Dot && last.Digits < 2 {
		return false
	}
	if s.dots > 1 || s.International {
		return true
	}
	before := s.groups[0].Digits
	return s.count > 2 || before <= longArea && (before > 1 || s.digits[0] == '0')
}

// A kind is what a character that is no digit does in a number.
type kind uint8

const (
	wrong kind = iota // no number has it
	unseen
	plusSign
	opening
	closing
	space
	hyphen
	dot
	slash
)

func kindOf(r rune) kind {
	switch r {
	case '+', '＋':
		return plusSign
	case '(', '（', '[', '［':
		return opening
	case ')', '）', ']', '］':
		return closing
	case ' ', '\t', '\'', '\u00a0', '\u1680', '\u202f', '\u205f', '\u3000':
		return space
	case '-', '\u2212', '\u30fc', '\ufe58', '\ufe63', '－':
		return hyphen
	case '.', '．':
		return dot
	case '/', '／':
		return slash
	case '\u00ad', '\u061c', '\u180e', '\ufeff':
		return unseen
	}
	switch {
	case r >= '\u2000' && r <= '\u200a':
		return space
	case r >= '\u2010' && r <= '\u2015':
		return hyphen
	case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u2069':
		return unseen
	}
	return wrong
}

// digitOf is the value of a decimal digit of any script. Each range of Unicode's table of
// them begins with a zero and holds whole rows of ten.
func digitOf(r rune) (value byte, ok bool) {
	if r >= '0' && r <= '9' {
		return byte(r - '0'), true
	}
	if r < 0x660 { // the first of the others
		return 0, false
	}
	for _, t := range unicode.Nd.R16 {
		if lo := rune(t.Lo); r >= lo && r <= rune(t.Hi) {
			return byte((r - lo) % 10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo := rune(t.Lo); r >= lo && r <= rune(t.Hi) {
			return byte((r - lo) % 10), true
		}
	}
	return 0, false
}
