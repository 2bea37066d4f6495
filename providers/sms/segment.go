package sms

// CountSegments is how many SMS the octets take: as many as Part cuts, 0 for
// none. It may be more than MaxSegments.
func CountSegments(coding Coding, octets []byte) int {
	one, many := limits(coding)
	if len(octets) == 0 {
		return 0
	}
	if len(octets) <= one {
		return 1
	}
	n := 0
	for at := 0; at < len(octets); n++ {
		at = cut(coding, octets, at, many)
	}
	return n
}

// Part is the octets of segment i, counted from 0: all of them when c has one
// segment, else at most 153 septets, 67 code units or 134 octets. A cut never divides
// an escape from its code, a surrogate pair or a character of several octets, so that a segment can be shorter.
// It shares c's memory; it is nil when there is no segment i.
func (c Content) Part(i int) []byte {
	if i < 0 || i >= int(c.Segments) {
		return nil
	}
	if c.Segments == 1 {
		return c.Octets
	}
	_, many := limits(c.Coding)
	from := 0
	for ; i > 0 && from < len(c.Octets); i-- {
		from = cut(c.Coding, c.Octets, from, many)
	}
	if from >= len(c.Octets) {
		return nil
	}
	to := cut(c.Coding, c.Octets, from, many)
	return c.Octets[from:to:to]
}

// limits is how many octets fit one segment, and each of several.
func limits(coding Coding) (one, many int) {
	switch coding {
	case UCS2:
		return 2 * OneUCS2, 2 * ManyUCS2
	case ASCII, GB:
		return OneOctets, ManyOctets
	}
	return OneGSM7, ManyGSM7
}

// cut is where the segment beginning at from ends.
func cut(coding Coding, octets []byte, from, many int) int {
	to := from + many
	if to >= len(octets) {
		return len(octets)
	}
	switch coding {
	case ASCII:
		return to
	case GB:
		return cutGB(octets, from, to)
	case UCS2:
		if octets[to-2]&0xFC == 0xD8 && octets[to]&0xFC == 0xDC { // high surrogate, then low
			return to - 2
		}
		return to
	}
	// An escape that is itself behind an escape is a code; no encoder of ours
	// writes one, but a count of them keeps any octets whole.
	escapes := 0
	for i := to - 1; i >= from && octets[i] == escape; i-- {
		escapes++
	}
	if escapes%2 == 1 {
		return to - 1
	}
	return to
}

// cutGB is the last border between characters at or before to. A character of GB 18030
// has one octet below 0x81, or two, or four when the second is a digit.
func cutGB(octets []byte, from, to int) int {
	for at := from; at < to; {
		n := 1
		if octets[at] > 0x80 && at+1 < len(octets) {
			if n = 2; octets[at+1] >= '0' && octets[at+1] <= '9' {
				n = 4
			}
		}
		if at+n > to {
			return at
		}
		at += n
	}
	return to
}
