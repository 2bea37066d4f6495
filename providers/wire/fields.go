package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors of Encode and Decode; both are wrapped with the size that was wrong.
var (
	// ErrShort says that the octets end inside a field.
	ErrShort = errors.New("body ends inside a field")
	// ErrLong says that a value does not fit its field. Nothing is ever cut.
	ErrLong = errors.New("value is too long for its field")
	// ErrRest says that octets are left behind the last field.
	ErrRest = errors.New("octets are left behind the last field")
	// ErrNUL says that a value holds the NUL that would end it.
	ErrNUL = errors.New("value holds a NUL")
)

// A Body is what follows a frame's header.
type Body interface {
	// Fields lists the body's fields in wire order. It is the one place that
	// knows the layout and is walked to write and to read.
	Fields(f *Fields)
}

// Fields is one walk over a body, writing or reading. The first error sticks and
// makes the rest of the walk do nothing. Values read as []byte are slices of the
// octets given to Decode.
type Fields struct {
	b       []byte // writing: written so far; reading: not yet read
	reading bool
	err     error
}

// Encode appends b to dst. On an error it returns dst as it was.
func Encode(dst []byte, b Body) ([]byte, error) {
	f := Writing(dst)
	b.Fields(&f)
	out, err := f.Written()
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Decode reads b out of data, all of it.
func Decode(data []byte, b Body) error {
	f := Reading(data)
	b.Fields(&f)
	return f.Finish()
}

// Writing begins a walk that appends to dst; a caller that knows its body's type
// walks it without an allocation and ends with Written.
func Writing(dst []byte) Fields { return Fields{b: dst} }

// Reading begins a walk that reads data and ends with Finish.
func Reading(data []byte) Fields { return Fields{b: data, reading: true} }

// Written ends a writing walk: all octets, those before it included.
func (f *Fields) Written() ([]byte, error) { return f.b, f.err }

// Finish ends a reading walk: ErrRest when octets are left.
func (f *Fields) Finish() error {
	if f.err == nil && len(f.b) > 0 {
		f.err = fmt.Errorf("%w: %d", ErrRest, len(f.b))
	}
	return f.err
}

// Err is what ended the walk so far. A reader that takes what stands behind the
// last field as it is asks here instead of Finish.
func (f *Fields) Err() error { return f.err }

// Fail ends the walk with err, if nothing else has.
func (f *Fields) Fail(err error) {
	if f.err == nil {
		f.err = err
	}
	if f.reading {
		f.b = nil
	}
}

// take splits n octets off; nil after an error.
func (f *Fields) take(n int) []byte {
	if f.err != nil {
		return nil
	}
	if len(f.b) < n {
		f.Fail(fmt.Errorf("%w: %d of %d octets", ErrShort, len(f.b), n))
		return nil
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

// Uint8 is one octet.
func (f *Fields) Uint8(v *uint8) {
	if !f.reading {
		f.b = append(f.b, *v)
	} else if b := f.take(1); b != nil {
		*v = b[0]
	}
}

// Uint16 is two octets.
func (f *Fields) Uint16(v *uint16) {
	if !f.reading {
		f.b = binary.BigEndian.AppendUint16(f.b, *v)
	} else if b := f.take(2); b != nil {
		*v = binary.BigEndian.Uint16(b)
	}
}

// Uint32 is four octets.
func (f *Fields) Uint32(v *uint32) {
	if !f.reading {
		f.b = binary.BigEndian.AppendUint32(f.b, *v)
	} else if b := f.take(4); b != nil {
		*v = binary.BigEndian.Uint32(b)
	}
}

// Uint64 is eight octets.
func (f *Fields) Uint64(v *uint64) {
	if !f.reading {
		f.b = binary.BigEndian.AppendUint64(f.b, *v)
	} else if b := f.take(8); b != nil {
		*v = binary.BigEndian.Uint64(b)
	}
}

// CString is text ended by a NUL, at most max octets with it.
func (f *Fields) CString(v *string, max int) {
	if f.reading {
		var b []byte
		f.CBytes(&b, max)
		if f.err == nil {
			*v = string(b)
		}
		return
	}
	if f.fits(len(*v)+1, max) {
		at := len(f.b)
		f.b = append(append(f.b, *v...), 0)
		f.noNUL(f.b[at : len(f.b)-1])
	}
}

// CBytes is CString without a copy.
func (f *Fields) CBytes(v *[]byte, max int) {
	switch {
	case f.reading:
		f.readText(v, max)
	case f.fits(len(*v)+1, max) && f.noNUL(*v):
		f.b = append(append(f.b, *v...), 0)
	}
}

func (f *Fields) readText(v *[]byte, max int) {
	for end, c := range f.b { // the field is short: a call of bytes.IndexByte costs more
		switch {
		case c == 0:
			*v = f.b[:end:end]
			f.b = f.b[end+1:]
			return
		case end == max-1:
			f.Fail(fmt.Errorf("%w: more than %d octets", ErrLong, max))
			return
		}
	}
	if f.err == nil {
		f.Fail(fmt.Errorf("%w: no NUL in %d octets", ErrShort, len(f.b)))
	}
}

// Fixed is n octets, filled up with NULs on the right, which do not belong to
// the value.
func (f *Fields) Fixed(v *string, n int) {
	if f.reading {
		if b := f.take(n); b != nil {
			*v = string(bytes.TrimRight(b, "\x00"))
		}
		return
	}
	if f.fits(len(*v), n) {
		f.b = append(f.b, *v...)
		for range n - len(*v) {
			f.b = append(f.b, 0)
		}
	}
}

// Octets is exactly n octets, kept as they are.
func (f *Fields) Octets(v *[]byte, n int) {
	if f.reading {
		if b := f.take(n); b != nil {
			*v = b
		}
		return
	}
	if len(*v) != n {
		f.Fail(fmt.Errorf("%w: %d octets instead of %d", ErrLong, len(*v), n))
		return
	}
	f.b = append(f.b, *v...)
}

// Bytes8 is a length octet and as many octets.
func (f *Fields) Bytes8(v *[]byte) {
	if f.reading {
		var n uint8
		f.Uint8(&n)
		if b := f.take(int(n)); b != nil {
			*v = b
		}
		return
	}
	if f.fits(len(*v), 255) {
		f.b = append(append(f.b, byte(len(*v))), *v...)
	}
}

// Count8 is an octet that counts what follows: writing, n; reading, what it
// says. It is 0 after an error.
func (f *Fields) Count8(n int) int {
	if !f.reading && !f.fits(n, 255) {
		return 0
	}
	c := uint8(n)
	f.Uint8(&c)
	if f.err != nil {
		return 0
	}
	return int(c)
}

// Reading reports whether the walk reads: a list makes room before its entries.
func (f *Fields) Reading() bool { return f.reading }

// Absent is a body that may be left out whole: reading, it says whether no octet
// is left; writing, it leaves the body out when *absent. The list ends there
// when it returns true.
func (f *Fields) Absent(absent *bool) bool {
	if f.reading {
		*absent = f.err == nil && len(f.b) == 0
	}
	return *absent
}

// TLVs is the optional parameters; nothing comes behind them.
func (f *Fields) TLVs(v *TLVs) {
	if f.err != nil {
		return
	}
	if f.reading {
		*v = f.b
		f.b = nil
	}
	if err := v.check(); err != nil {
		f.Fail(err)
		return
	}
	if !f.reading {
		f.b = append(f.b, *v...)
	}
}

func (f *Fields) fits(n, max int) bool {
	if f.err == nil && n > max {
		f.Fail(fmt.Errorf("%w: %d octets of at most %d", ErrLong, n, max))
	}
	return f.err == nil
}

func (f *Fields) noNUL(v []byte) bool {
	if bytes.IndexByte(v, 0) >= 0 {
		f.Fail(ErrNUL)
	}
	return f.err == nil
}
