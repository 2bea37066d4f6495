package sms

import (
	"errors"
	"log/slog"
	"strconv"
)

// A Number is an E.164 number without its plus sign, for example
// 8613800138000. What people write is made one by ParseNumber and
// campaigns.ParseNumber, what carriers write by ParseAddress and ChinaNumber.
type Number uint64

// ErrNumber says that a text is not a telephone number Tocsin can send to. It
// never quotes the text: numbers are private.
var ErrNumber = errors.New("not a telephone number")

// ParseNumber reads a mobile number of China in the spellings people use, see
// ReadSpelling: behind +86, 0086, or, when china is true, 86 or nothing. All other
// numbers are read by campaigns.ParseNumber, which knows the plans of their countries.
//
// The error is ErrNumber. ParseNumber does not allocate.
func ParseNumber(text []byte, china bool) (Number, error) {
	var n uint64
	digits, international := 0, false
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits++
			n = n*10 + uint64(c-'0')
			if digits > 13 {
				return parseSpelling(text, china)
			}
			if digits == 2 && !international && n == 0 { // 00
				international, digits = true, 0
			}
		case c == ' ' || c == '-' || c == '\t' || c == '\'' || c == ')':
		case c == '+' && digits == 0 && !international:
			international = true
		case c == '(' && digits <= 4: // around a prefix, not around what stands behind a number
		default:
			return parseSpelling(text, china)
		}
	}
	if len(text) > 1 && text[len(text)-2] < '0' && digits > 0 { // one digit alone at the end is not of the number
		return 0, ErrNumber
	}
	if !international && china && digits == 11 && isChineseMobile(n) {
		return Number(86*1e11 + n), nil
	}
	if digits == 13 && n/1e11 == 86 && isChineseMobile(n%1e11) && (international || china) {
		return Number(n), nil
	}
	return parseSpelling(text, china)
}

// parseSpelling reads the rarer spellings of a mobile number of China.
func parseSpelling(text []byte, china bool) (Number, error) {
	s, ok := ReadSpelling(text)
	if !ok {
		return 0, ErrNumber
	}
	if whole, is := s.Whole(); is {
		if n := whole.chinese(china); n != 0 || s.Fraction() {
			return n, errUnless(n)
		}
	}
	n := s.chinese(china)
	return n, errUnless(n)
}

func errUnless(n Number) error {
	if n == 0 {
		return ErrNumber
	}
	return nil
}

// chinese is the mobile number of China that s spells; 0: none.
func (s *Spelling) chinese(china bool) Number {
	if s.Bracketed() || !china && !s.International {
		return 0
	}
	d := s.Digits()
	if len(d) > 11 && d[0] == '8' && d[1] == '6' {
		d = d[2:]
	} else if s.International {
		return 0
	}
	if len(d) == 12 && d[0] == '0' { // the prefix of long distance
		d = d[1:]
	}
	if len(d) != 11 {
		return 0
	}
	var n uint64
	for _, c := range d {
		n = n*10 + uint64(c-'0')
	}
	if !isChineseMobile(n) {
		return 0
	}
	return Number(86*1e11 + n)
}

// isChineseMobile reports whether n, of eleven digits, begins with 13 to 19.
func isChineseMobile(n uint64) bool {
	return n >= 130_0000_0000 && n <= 199_9999_9999
}

// AppendDigits appends the number's digits, country code first, without plus.
func (n Number) AppendDigits(b []byte) []byte {
	if n < 1e12 || n >= 1e13 {
		return strconv.AppendUint(b, uint64(n), 10)
	}
	// Thirteen digits are every mobile number of China: they are written where they
	// belong, two at a time.
	b = append(b, "0000000000000"...)
	d := b[len(b)-13:]
	high, low := uint32(n/1e8), uint32(n%1e8) // five digits and eight
	put4(d[9:], low%1e4)
	put4(d[5:], low/1e4)
	put4(d[1:], high%1e4)
	d[0] += byte(high / 1e4)
	return b
}

// pairs are the two digits of every number below 100.
var pairs = func() (t [100][2]byte) {
	for i := range t {
		t[i] = [2]byte{byte('0' + i/10), byte('0' + i%10)}
	}
	return t
}()

// put4 writes the four digits of a number below 10,000.
func put4(d []byte, n uint32) {
	*(*[2]byte)(d) = pairs[n/100]
	*(*[2]byte)(d[2:]) = pairs[n%100]
}

// AppendChina is AppendDigits, without China's country code when national.
func (n Number) AppendChina(b []byte, national bool) []byte {
	if national && n/1e11 == 86 {
		n %= 1e11
	}
	return n.AppendDigits(b)
}

// Digits is the number as a carrier or an export wants it. Never log it.
func (n Number) Digits() string { return strconv.FormatUint(uint64(n), 10) }

// String masks all but the first four and the last two digits, so that a
// number printed by accident stays private: 8613*******00.
func (n Number) String() string {
	d := n.Digits()
	if len(d) < 7 {
		return "***"
	}
	b := []byte(d)
	for i := 4; i < len(b)-2; i++ {
		b[i] = '*'
	}
	return string(b)
}

// LogValue masks the number in logs, as String does.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }
