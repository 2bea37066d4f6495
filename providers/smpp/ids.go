package smpp

import "strconv"

// A Notation is how a carrier writes in receipts the ids that it gave in answers.
type Notation uint8

const (
	// Same: as it wrote them then, or nobody has said: whoever matches them finds out.
	Same Notation = iota
	// Decimal: in decimal digits, where answers have them in hexadecimal ones.
	Decimal
	// Hex: in hexadecimal digits, where answers have them in decimal ones.
	Hex
)

// answered writes a receipt's id as the answer had it, into room; an id that is no such
// number, or one of more than 64 bits, is as it is. Zeros in front are lost, which nobody
// minds who compares ids.
func (n Notation) answered(id []byte, room []byte) []byte {
	from, to := uint64(10), 16
	switch n {
	case Same:
		return id
	case Hex:
		from, to = 16, 10
	}
	if len(id) == 0 {
		return id
	}
	var v uint64
	for _, c := range id {
		digit := uint64(digitOf(c))
		if digit >= from || v > (1<<64-1-digit)/from {
			return id
		}
		v = v*from + digit
	}
	return strconv.AppendUint(room[:0], v, to)
}

// digitOf is the value of a hexadecimal digit; 255 of anything else.
func digitOf(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}
