package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFrame says that a frame's length cannot be right: framing is lost and the
// connection is of no more use.
var ErrFrame = errors.New("frame length out of range")

// lengthSize is the length that begins every frame, in octets; it counts itself.
const lengthSize = 4

// roomAtFirst is a Reader's buffer, in octets, before a longer frame fills it.
const roomAtFirst = 64 << 10

// A Reader cuts a stream into frames that begin with their length. It reads as
// much as there is room for, so that many small frames cost one read.
type Reader struct {
	src        io.Reader
	buf        []byte
	from, to   int // what is read and not yet given out
	least, max int
}

// NewReader reads frames of least to max octets; least is at least 4.
func NewReader(src io.Reader, least, max int) *Reader {
	return &Reader{src: src, buf: make([]byte, min(max, roomAtFirst)), least: least, max: max}
}

// Next is the next frame, its length included. It is a slice of the Reader's
// buffer, valid until the next call. A length out of range is ErrFrame, before
// anything is made for it; a stream that ends inside a frame is
// io.ErrUnexpectedEOF, between two frames io.EOF.
func (r *Reader) Next() ([]byte, error) {
	size := lengthSize
	for {
		if r.to-r.from >= lengthSize {
			n := binary.BigEndian.Uint32(r.buf[r.from:])
			if int64(n) < int64(r.least) || int64(n) > int64(r.max) {
				return nil, fmt.Errorf("%w: %d octets, not %d to %d", ErrFrame, n, r.least, r.max)
			}
			if size = int(n); r.to-r.from >= size {
				frame := r.buf[r.from : r.from+size : r.from+size]
				r.from += size
				return frame, nil
			}
		}
		if err := r.fill(size); err != nil {
			return nil, err
		}
	}
}

// Buffered reports whether Next would return at once: a whole frame, or a wrong
// length, is in the buffer.
func (r *Reader) Buffered() bool {
	have := r.to - r.from
	if have < lengthSize {
		return false
	}
	n := binary.BigEndian.Uint32(r.buf[r.from:])
	return int64(n) <= int64(have) || int64(n) > int64(r.max)
}

// fill reads once. The buffer grows only when it is full: a length that a peer
// promises costs nothing until the octets come.
func (r *Reader) fill(size int) error {
	switch {
	case r.from == r.to:
		r.from, r.to = 0, 0
	case r.from > 0 && (r.to == len(r.buf) || r.from+size > len(r.buf)):
		r.to = copy(r.buf, r.buf[r.from:r.to])
		r.from = 0
	case r.to == len(r.buf):
		buf := make([]byte, min(r.max, 2*len(r.buf)))
		copy(buf, r.buf)
		r.buf = buf
	}
	n, err := r.src.Read(r.buf[r.to:])
	r.to += n
	switch {
	case n > 0 || err == nil:
		return nil // an error comes again with the next read
	case errors.Is(err, io.EOF) && r.to > r.from:
		return io.ErrUnexpectedEOF
	}
	return err
}
