package wire

import (
	"encoding/binary"
	"fmt"
)

// TLVs are optional parameters as they stand on the wire, in their order and
// with repeats: for each a tag and a length of 16 bits and the value.
type TLVs []byte

// AppendTLV appends one parameter; its value is at most 65535 octets.
func AppendTLV(t TLVs, tag uint16, value ...byte) TLVs {
	t = binary.BigEndian.AppendUint16(t, tag)
	t = binary.BigEndian.AppendUint16(t, uint16(len(value)))
	return append(t, value...)
}

// Next splits off the first parameter; ok is false when there is none.
func (t TLVs) Next() (tag uint16, value []byte, rest TLVs, ok bool) {
	if len(t) < 4 {
		return 0, nil, nil, false
	}
	tag = binary.BigEndian.Uint16(t)
	n := 4 + int(binary.BigEndian.Uint16(t[2:]))
	if len(t) < n {
		return 0, nil, nil, false
	}
	return tag, t[4:n:n], t[n:], true
}

// Find is the value of the first parameter with this tag.
func (t TLVs) Find(tag uint16) (value []byte, ok bool) {
	for {
		got, v, rest, more := t.Next()
		if !more {
			return nil, false
		}
		if got == tag {
			return v, true
		}
		t = rest
	}
}

func (t TLVs) check() error {
	for len(t) > 0 {
		_, _, rest, ok := t.Next()
		if !ok {
			return fmt.Errorf("%w: optional parameter in %d octets", ErrShort, len(t))
		}
		t = rest
	}
	return nil
}
