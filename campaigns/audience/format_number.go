package audience

import (
	"math"
	"strconv"
)

const (
	precision    = 15 // digits that Excel keeps of a number
	generalWidth = 11 // characters that General takes, without the minus
)

// A decimal is a number in the digits that Excel keeps: 0.d1d2… times ten to the power of
// point. Its digits have no zeros at either end.
type decimal struct {
	digits []byte
	point  int
	memory [precision + 8]byte
}

func (d *decimal) set(v float64) {
	text := strconv.AppendFloat(d.memory[:0], math.Abs(v), 'e', precision-1, 64)
	// d.dddddddddddddde±dd
	exponent, _ := strconv.Atoi(string(text[precision+2:]))
	d.digits = append(text[:1], text[2:precision+1]...)
	d.point = exponent + 1
	d.trim()
}

// trim cuts zeros off the end.
func (d *decimal) trim() {
	n := len(d.digits)
	for n > 0 && d.digits[n-1] == '0' {
		n--
	}
	if d.digits = d.digits[:n]; n == 0 {
		d.point = 0
	}
}

// round rounds half up to so many places behind the point.
func (d *decimal) round(places int) {
	n := d.point + places
	if n >= len(d.digits) {
		return
	}
	if n < 0 {
		d.digits, d.point = d.digits[:0], 0
		return
	}
	up := d.digits[n] >= '5'
	d.digits = d.digits[:n]
	if up {
		i := n - 1
		for ; i >= 0 && d.digits[i] == '9'; i-- {
		}
		if d.digits = d.digits[:i+1]; i >= 0 {
			d.digits[i]++
		} else {
			d.digits = append(d.digits, '1')
			d.point++
		}
	}
	d.trim()
}

// at is the digit in front of the point (0 is that of the ones), or behind it (-1 is that
// of the tenths).
func (d *decimal) at(place int) byte {
	if i := d.point - 1 - place; i >= 0 && i < len(d.digits) {
		return d.digits[i]
	}
	return '0'
}

// appendGeneral appends a number as General shows it in a wide column, but a whole number
// of up to fifteen digits always in digits.
func appendGeneral(dst []byte, v float64) []byte {
	var d decimal
	d.set(v)
	if len(d.digits) == 0 {
		return append(dst, '0')
	}
	if v < 0 {
		dst = append(dst, '-')
	}
	switch {
	case d.point > precision:
		return d.appendScientific(dst)
	case d.point < -3 && 2-d.point+len(d.digits) > generalWidth:
		return d.appendScientific(dst)
	case d.point >= -3: // the point takes a character, and so does a zero in front of it
		d.round(max(generalWidth-1-max(d.point, 1), 0))
	}
	return d.appendPlain(dst)
}

// appendPlain appends all digits.
func (d *decimal) appendPlain(dst []byte) []byte {
	for place := max(d.point, 1) - 1; place >= 0; place-- {
		dst = append(dst, d.at(place))
	}
	if len(d.digits) > d.point && len(d.digits) > 0 {
		dst = append(dst, '.')
		for place := -1; place >= d.point-len(d.digits); place-- {
			dst = append(dst, d.at(place))
		}
	}
	return dst
}

// appendScientific appends a mantissa of up to six digits and an exponent.
func (d *decimal) appendScientific(dst []byte) []byte {
	exponent := d.point - 1
	d.point = 1
	d.round(5)
	exponent += d.point - 1
	d.point = 1
	dst = append(d.appendPlain(dst), 'E')
	if exponent < 0 {
		dst, exponent = append(dst, '-'), -exponent
	} else {
		dst = append(dst, '+')
	}
	if exponent < 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(exponent), 10)
}

// appendNumber appends a number as the section shows it; false: that is not sure.
func (s *section) appendNumber(dst []byte, v float64, sign bool) ([]byte, bool) {
	if s.kind == generalSection {
		if sign {
			dst = append(dst, '-')
		}
		for _, i := range s.items {
			if i.letter == 'G' {
				dst = appendGeneral(dst, math.Abs(v))
			} else {
				dst = append(dst, i.text...)
			}
		}
		return dst, true
	}
	var d decimal
	d.set(v)
	exponent := 0
	if len(d.digits) > 0 {
		d.point += s.scale
	}
	if s.exponent > 0 && len(d.digits) > 0 {
		exponent = s.mantissa(&d)
	}
	d.round(s.places)
	if sign && len(d.digits) > 0 {
		dst = append(dst, '-')
	}
	left, place, point := s.whole, -1, false
	if s.whole == 0 {
		dst = s.appendWhole(dst, &d, d.point-1, 0, 0)
	}
	for _, i := range s.items {
		switch i.letter {
		case '0', '#', '?':
			if !point {
				left--
				from := left
				if left == s.whole-1 {
					from = max(d.point-1, left)
				}
				dst = s.appendWhole(dst, &d, from, left, i.letter)
				continue
			}
			switch {
			case i.letter == '0' || d.point-len(d.digits) <= place && len(d.digits) > 0:
				dst = append(dst, d.at(place))
			case i.letter == '?':
				dst = append(dst, ' ')
			}
			place--
		case '.':
			point = true
			dst = append(dst, '.')
		case 'E':
			dst = append(dst, 'E')
			if exponent < 0 {
				dst = append(dst, '-')
			} else if i.text == "+" {
				dst = append(dst, '+')
			}
			digits := strconv.Itoa(max(exponent, -exponent))
			for n := len(digits); n < s.exponent; n++ {
				dst = append(dst, '0')
			}
			dst = append(dst, digits...)
		case 'x':
		default:
			dst = append(dst, i.text...)
		}
	}
	return dst, true
}

// mantissa makes d what stands in front of the E, and returns what stands behind it: a
// multiple of how many placeholders are in front of the point.
func (s *section) mantissa(d *decimal) int {
	exponent := 0
	for range 2 { // rounding may make it ten
		e := d.point + exponent - 1
		e = int(math.Floor(float64(e)/float64(s.whole))) * s.whole
		d.point, exponent = d.point+exponent-e, e
		d.round(s.places)
	}
	return exponent
}

// appendWhole appends the digits from one place in front of the point down to another, to
// which a placeholder belongs; 0: there is none, and zeros in front are not shown.
func (s *section) appendWhole(dst []byte, d *decimal, from, to int, placeholder byte) []byte {
	for place := from; place >= to; place-- {
		switch {
		case place < d.point && len(d.digits) > 0 || placeholder == '0':
			dst = append(dst, d.at(place))
		case placeholder == '?':
			dst = append(dst, ' ')
			continue
		default:
			continue
		}
		if s.thousands && place > 0 && place%3 == 0 {
			dst = append(dst, ',')
		}
	}
	return dst
}
