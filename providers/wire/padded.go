package wire

import "bytes"

// Padded is Fixed without a copy: n octets, filled up with NULs on the right, which do
// not belong to the value.
func (f *Fields) Padded(v *[]byte, n int) {
	if f.reading {
		if b := f.take(n); b != nil {
			*v = bytes.TrimRight(b, "\x00")
		}
		return
	}
	if f.fits(len(*v), n) {
		f.b = AppendPadded(f.b, *v, n)
	}
}

// First is what stands in a padded field before the first NUL or space: a number, or a
// name.
func First(b []byte) []byte {
	for i, c := range b {
		if c == 0 || c == ' ' {
			return b[:i]
		}
	}
	return b
}

// padding is what fields are filled up with; none is longer.
var padding [64]byte

// AppendPadded appends v and NULs up to n octets, at most 64; v is not longer.
func AppendPadded[T string | []byte](b []byte, v T, n int) []byte {
	b = append(b, v...)
	return append(b, padding[:n-len(v)]...)
}

// Bytes32 is a length of four octets and as many octets.
func (f *Fields) Bytes32(v *[]byte) {
	n := uint32(len(*v))
	f.Uint32(&n)
	if !f.reading {
		if f.err == nil {
			f.b = append(f.b, *v...)
		}
		return
	}
	if int64(n) > int64(len(f.b)) { // before it is an int anywhere
		n = uint32(len(f.b)) + 1
	}
	if b := f.take(int(n)); b != nil {
		*v = b
	}
}

// Rest is all octets that are left.
func (f *Fields) Rest(v *[]byte) {
	if !f.reading {
		if f.err == nil {
			f.b = append(f.b, *v...)
		}
		return
	}
	*v = f.take(len(f.b))
}
