package smpp

import "strconv"

// A Notation is how a carrier writes in receipts the ids that it gave in answers.
type Notation uint8

const (
	// Same: as it wrote them in the answer, or it is not known: the matching finds out.
	Same Notation = iota
	// Decimal: in decimal digits, where answers have them in hexadecimal ones.
	Decimal
	// Hex: in hexadecimal digits, where answers have them in decimal ones.
	Hex
)

// answered writes a receipt's id into room as the answer had it; an id that is no such
// number, or one of more than 64 bits, stays as it is. Leading zeros are lost, which does
// not matter to a comparison of ids.
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
