package sms

// Unsigned is the octets of a text without the signature in 【】 that begins it, for a
// carrier that puts it there itself. A text that does not begin with one, or is nothing
// else, is as it is. It does not allocate.
func Unsigned(coding Coding, octets []byte) []byte {
	var opening, closing [2]byte
	switch coding {
	case UCS2:
		opening, closing = [2]byte{0x30, 0x10}, [2]byte{0x30, 0x11}
	case GB:
		opening, closing = [2]byte{0xA1, 0xBE}, [2]byte{0xA1, 0xBF}
	default: // the other codings do not have the brackets
		return octets
	}
	if len(octets) < 2 || [2]byte(octets) != opening {
		return octets
	}
	for at := 2; at+2 < len(octets); {
		if [2]byte(octets[at:]) == closing {
			return octets[at+2:]
		}
		at += step(coding, octets[at:])
	}
	return octets
}

// step is the octets of the character that begins b, or of half of a surrogate pair.
func step(coding Coding, b []byte) int {
	switch {
	case coding == UCS2:
		return 2
	case b[0] <= 0x80 || len(b) < 2:
		return 1
	case b[1] >= '0' && b[1] <= '9':
		return 4
	}
	return 2
}
