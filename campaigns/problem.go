package campaigns

import (
	"bytes"
	"slices"
	"unicode"

	"tocsin/providers/sms"
)

// What is wrong with a row that is invalid, in words that say what to correct.
const (
	noNumber      = "no number: the cell is empty"
	strangeSigns  = "letters or signs that no telephone number has"
	scientific    = "scientific notation: digits are lost; format the column as text"
	tooFewDigits  = "too few digits"
	tooManyDigits = "too many digits"
	noCountry     = "no country code: write it with + and the country's code"
	notAlone      = "something stands behind the number, or it could be two: write one number alone"
	decimal       = "a decimal number, and not a whole telephone number before its dot"
	noSuchNumber  = "there is no such number in its country"
	tooManyCells  = "more cells than columns: a cell with a separator in it needs quotation marks"
	twice         = "the number is in an earlier row"
)

// problem says what is wrong with a row that is excluded for r; "" when r says it.
func (p *planner) problem(r Reason, row [][]byte) string {
	switch r {
	case Duplicate:
		return twice
	case Invalid:
		if _, ok := p.numbers.parse(row[p.number]); ok {
			return tooManyCells
		}
		return p.numbers.problem(row[p.number])
	}
	return ""
}

// problem says why parse makes no number of a text. It does not quote it.
func (p *numbers) problem(text []byte) string {
	if len(bytes.TrimSpace(text)) == 0 {
		return noNumber
	}
	s, ok := sms.ReadSpelling(text)
	size := len(s.Digits())
	switch {
	case !ok && isScientific(text):
		return scientific
	case !ok && bytes.IndexByte(text, '.') >= 0 && !bytes.ContainsFunc(text, isStrange):
		return decimal
	case !ok && p.startsWithNumber(text):
		return notAlone
	case !ok:
		return strangeSigns
	}
	if _, is := s.Whole(); is && s.Fraction() {
		return decimal
	}
	digits := slices.Clone(s.Digits())
	switch {
	case p.find(&s).number != 0 || s.Bracketed() || p.startsWithNumber(text):
		return notAlone
	case !s.International && p.country == "":
		return noCountry
	case p.china && !s.International && size < 11 || size < 7:
		return tooFewDigits
	case p.china && !s.International && size > 11 && digits[0] == '1' || size > longest:
		return tooManyDigits
	}
	return noSuchNumber
}

// startsWithNumber reports whether a text without its last words is a number.
func (p *numbers) startsWithNumber(text []byte) bool {
	for i := len(text) - 1; i > 0; i-- {
		if c := text[i]; c >= '0' && c <= '9' && text[i-1] >= '0' && text[i-1] <= '9' {
			continue // inside a group
		}
		if _, ok := p.parse(text[:i]); ok {
			return true
		}
	}
	return false
}

// isStrange are the characters that are neither digits nor dots.
func isStrange(r rune) bool { return r != '.' && !unicode.IsDigit(r) }

// isScientific reports whether a text is a number with an exponent: 1.38E+10.
func isScientific(text []byte) bool {
	mantissa, exponent, ok := bytes.Cut(bytes.ToUpper(text), []byte("E"))
	digit := func(b []byte, also string) bool {
		return len(b) > 0 && len(bytes.Trim(b, "0123456789"+also)) == 0
	}
	return ok && digit(mantissa, "., ") && digit(exponent, "+- ")
}
