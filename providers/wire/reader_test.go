package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func frame(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i)
	}
	binary.BigEndian.PutUint32(b, uint32(size))
	return b
}

func TestReader(t *testing.T) {
	var stream []byte
	sizes := []int{16, 17, 4000, 16, roomAtFirst, roomAtFirst + 1, 68 << 10, 16}
	for _, n := range sizes {
		stream = append(stream, frame(n)...)
	}
	tests := []struct {
		name string
		src  func(io.Reader) io.Reader
	}{
		{"as much as there is at once", func(r io.Reader) io.Reader { return r }},
		{"half of it at once", iotest.HalfReader},
		{"one octet at once", iotest.OneByteReader},
		{"the end together with the last octets", iotest.DataErrReader},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReader(tt.src(bytes.NewReader(stream)), 16, 68<<10)
			for i, n := range sizes {
				ready := r.Buffered()
				got, err := r.Next()
				if err != nil || !bytes.Equal(got, frame(n)) {
					t.Fatalf("frame %d: got %d octets, %v, want %d", i, len(got), err, n)
				}
				if i == 0 && ready {
					t.Error("a frame is buffered before anything is read")
				}
			}
			if _, err := r.Next(); err != io.EOF {
				t.Errorf("got %v, want %v", err, io.EOF)
			}
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"a length below the header", []byte{0, 0, 0, 15}, ErrFrame},
		{"a length above the limit", []byte{0, 1, 0, 1}, ErrFrame},
		{"a length with its highest bit set", []byte{0xFF, 0xFF, 0xFF, 0xFF}, ErrFrame},
		{"a stream that ends inside a length", []byte{0, 0}, io.ErrUnexpectedEOF},
		{"a stream that ends inside a frame", frame(20)[:19], io.ErrUnexpectedEOF},
		{"a stream without a frame", nil, io.EOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReader(bytes.NewReader(tt.data), 16, 64<<10)
			if _, err := r.Next(); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAPromisedLengthCostsNothingUntilItComes(t *testing.T) {
	const most = 1 << 20
	src := append([]byte{0, 0x10, 0, 0}, make([]byte, 1000)...) // 1 MiB promised
	r := NewReader(bytes.NewReader(src), 16, most)
	if _, err := r.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if len(r.buf) > roomAtFirst {
		t.Errorf("got a buffer of %d octets for 1004 that came, want at most %d", len(r.buf), roomAtFirst)
	}
}

func TestBufferedSpeaksOfWholeFrames(t *testing.T) {
	r := NewReader(bytes.NewReader(append(append(frame(16), frame(16)...), frame(20)[:19]...)), 16, 100)
	for i, want := range []bool{true, false} {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if got := r.Buffered(); got != want {
			t.Errorf("after frame %d: got %v, want %v", i, got, want)
		}
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	src := bytes.NewReader(bytes.Repeat(frame(30), 3000))
	r := NewReader(src, 16, 100)
	if n := testing.AllocsPerRun(2000, func() {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

// FuzzReader reads a stream in pieces of any size: the frames put together are
// the stream, up to the first wrong length or the end.
func FuzzReader(f *testing.F) {
	f.Add(append(frame(16), frame(20)...), uint8(3))
	f.Add([]byte{0, 0, 0, 0}, uint8(1))
	f.Add([]byte{0, 0, 0, 15, 1, 2, 3}, uint8(2))
	f.Add([]byte{0x80, 0, 0, 0, 0, 0, 0, 0}, uint8(7))
	f.Add(append(frame(17), 0xFF, 0xFF, 0xFF, 0xFF), uint8(0))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		const least, most = 16, 300
		r := NewReader(&pieces{stream, int(piece) + 1}, least, most)
		var whole []byte
		for {
			buffered := r.Buffered()
			got, err := r.Next()
			if err != nil {
				rest := stream[len(whole):]
				switch {
				case errors.Is(err, ErrFrame):
					n := int64(binary.BigEndian.Uint32(rest))
					if n >= least && n <= most {
						t.Fatalf("refused a length of %d", n)
					}
				case err == io.EOF:
					if buffered || len(rest) > 0 {
						t.Fatalf("the end comes with %d octets left, buffered %v", len(rest), buffered)
					}
				case err == io.ErrUnexpectedEOF:
					if buffered || len(rest) == 0 {
						t.Fatalf("the end is unexpected with %d octets left, buffered %v", len(rest), buffered)
					}
				default:
					t.Fatal(err)
				}
				return
			}
			whole = append(whole, got...)
			if len(got) < least || len(got) > most || !bytes.HasPrefix(stream, whole) {
				t.Fatalf("got a frame %x that is not the stream's", got)
			}
		}
	})
}

// pieces reads at most n octets at once.
type pieces struct {
	left []byte
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.n)], p.left)
	p.left = p.left[n:]
	return n, nil
}
