package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// every is a body with a field of each kind.
type every struct {
	A     uint8
	B     uint16
	C     uint32
	D     uint64
	Name  string
	Code  []byte
	Pad   string
	Raw   []byte
	List  []uint16
	Text  []byte
	Extra TLVs
}

func (e *every) Fields(f *Fields) {
	f.Uint8(&e.A)
	f.Uint16(&e.B)
	f.Uint32(&e.C)
	f.Uint64(&e.D)
	f.CString(&e.Name, 6)
	f.CBytes(&e.Code, 6)
	f.Fixed(&e.Pad, 4)
	f.Octets(&e.Raw, 2)
	n := f.Count8(len(e.List))
	if f.Reading() {
		e.List = make([]uint16, n)
	}
	for i := range e.List {
		f.Uint16(&e.List[i])
	}
	f.Bytes8(&e.Text)
	f.TLVs(&e.Extra)
}

func whole() *every {
	return &every{
		A: 1, B: 0x0203, C: 0x04050607, D: 0x08090a0b0c0d0e0f, Name: "name", Code: []byte("code"), Pad: "pad",
		Raw: []byte{0, 0}, List: []uint16{1, 2}, Text: []byte("text"),
		Extra: AppendTLV(AppendTLV(nil, 0x0381, 'a'), 0x0381, 'b'),
	}
}

const wholeWire = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0fname\x00code\x00pad\x00" +
	"\x00\x00\x02\x00\x01\x00\x02\x04text\x03\x81\x00\x01a\x03\x81\x00\x01b"

func TestOneListIsWalkedBothWays(t *testing.T) {
	got, err := Encode([]byte("before"), whole())
	if err != nil || string(got) != "before"+wholeWire {
		t.Fatalf("got %x, %v, want %x", got, err, "before"+wholeWire)
	}
	var back every
	if err := Decode([]byte(wholeWire), &back); err != nil {
		t.Fatal(err)
	}
	again, err := Encode(nil, &back)
	if err != nil || string(again) != wholeWire {
		t.Errorf("got %x, %v, want %x", again, err, wholeWire)
	}
}

func TestEveryCutIsRefused(t *testing.T) {
	end := len(wholeWire) - 10 // where a body without its parameters ends
	for n := range len(wholeWire) {
		var e every
		err := Decode([]byte(wholeWire[:n]), &e)
		if n == end || n == end+5 { // parameters are optional
			if err != nil {
				t.Errorf("cut to %d: got %v, want none", n, err)
			}
		} else if !errors.Is(err, ErrShort) {
			t.Errorf("cut to %d: got %v, want %v", n, err, ErrShort)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*every)
		want   error
	}{
		{"text that leaves no room for its NUL", func(e *every) { e.Name = "abcdef" }, ErrLong},
		{"octets that leave no room for their NUL", func(e *every) { e.Code = []byte("abcdef") }, ErrLong},
		{"text with a NUL inside", func(e *every) { e.Name = "a\x00b" }, ErrNUL},
		{"octets with a NUL inside", func(e *every) { e.Code = []byte("a\x00b") }, ErrNUL},
		{"a fixed field that is too long", func(e *every) { e.Pad = "abcde" }, ErrLong},
		{"raw octets of another size", func(e *every) { e.Raw = []byte{1} }, ErrLong},
		{"a list of 256", func(e *every) { e.List = make([]uint16, 256) }, ErrLong},
		{"256 octets behind a length octet", func(e *every) { e.Text = make([]byte, 256) }, ErrLong},
		{"parameters that do not add up", func(e *every) { e.Extra = TLVs{0, 1, 0, 2, 3} }, ErrShort},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := whole()
			tt.change(e)
			got, err := Encode([]byte("before"), e)
			if !errors.Is(err, tt.want) || string(got) != "before" {
				t.Errorf("got %q, %v, want before, %v", got, err, tt.want)
			}
		})
	}
}

type short struct {
	Absent bool
	Text   []byte
}

func (s *short) Fields(f *Fields) {
	if !f.Absent(&s.Absent) {
		f.CBytes(&s.Text, 4)
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		name, data string
		want       error
	}{
		{"a body that is left out is none", "", nil},
		{"the longest text is taken", "abc\x00", nil},
		{"a text without NUL", "abc", ErrShort},
		{"a text longer than its field", "abcd\x00", ErrLong},
		{"octets behind the last field", "abc\x00d", ErrRest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s short
			err := Decode([]byte(tt.data), &s)
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) || s.Absent != (tt.data == "") {
				t.Errorf("got %v, absent %v, want %v", err, s.Absent, tt.want)
			}
		})
	}
}

func TestTLVsKeepOrderAndRepeats(t *testing.T) {
	e := whole()
	if v, ok := e.Extra.Find(0x0381); !ok || string(v) != "a" {
		t.Errorf("got %q, %v, want the first", v, ok)
	}
	if _, ok := e.Extra.Find(0x0001); ok {
		t.Error("got a parameter that is not there")
	}
	var got strings.Builder
	for tag, v, rest, ok := e.Extra.Next(); ok; tag, v, rest, ok = rest.Next() {
		if tag != 0x0381 {
			t.Errorf("got tag %x, want 381", tag)
		}
		got.Write(v)
	}
	if got.String() != "ab" {
		t.Errorf("got %q, want ab", got.String())
	}
}

func TestWalkingAKnownBodyAllocatesNothing(t *testing.T) {
	data, dst := []byte("abc\x00"), make([]byte, 0, 64)
	var s short
	if n := testing.AllocsPerRun(100, func() {
		r := Reading(data)
		s.Fields(&r)
		w := Writing(dst)
		s.Fields(&w)
		if got, err := w.Written(); err != nil || r.Finish() != nil || len(got) != 4 {
			t.Fatal("did not come back")
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(wholeWire))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var e every
		if Decode(data, &e) != nil {
			return
		}
		got, err := Encode(nil, &e)
		if errors.Is(err, ErrNUL) {
			return // a C string cannot hold one, but padding inside a fixed field is dropped
		}
		var again every
		if err != nil || Decode(got, &again) != nil {
			t.Fatalf("got %x, %v of %x", got, err, data)
		}
		if !strings.HasSuffix(e.Pad, "\x00") && !bytes.Equal(got, data) {
			t.Fatalf("got %x, want %x", got, data)
		}
	})
}
