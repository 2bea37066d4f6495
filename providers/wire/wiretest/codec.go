package wiretest

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tocsin/providers/wire"
)

// A Codec is how a protocol's frames are taken apart and put together; H is its header.
type Codec[H comparable] struct {
	About  string // what the first line of each golden frame begins with
	Split  func(frame []byte) (H, []byte)
	Append func(b []byte, h H, body wire.Body) ([]byte, error)
	ID     func(h H) uint32
	Sized  func(h H, length uint32) H // h with the frame's length, in octets
	Body   func(id uint32, name string) wire.Body
	// Compare are more options than Alike.
	Compare []cmp.Option
}

// Alike takes an empty slice and none for the same: the wire has the same for both.
var Alike = cmp.Transformer("string", func(b []byte) string { return string(b) })

// Golden holds that each golden frame is read as golden says, and written so again. The
// length in a header is the file's.
func (c *Codec[H]) Golden(t *testing.T, golden map[string]struct {
	Header H
	Body   wire.Body
},
) {
	frames := Frames(t, c.About)
	if len(frames) != len(golden) {
		t.Errorf("got %d files, want %d", len(frames), len(golden))
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			want, ok := golden[name]
			if !ok {
				t.Fatal("nobody says what it holds")
			}
			h, octets := c.Split(frame)
			if header := c.Sized(want.Header, uint32(len(frame))); h != header {
				t.Errorf("got header %+v, want %+v", h, header)
			}
			body := c.Body(c.ID(h), name)
			if err := wire.Decode(octets, body); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Body, body, append(c.Compare, Alike)...); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
			again, err := c.Append([]byte("before"), h, want.Body)
			if err != nil || string(again) != "before"+string(frame) {
				t.Errorf("encoded\n%x, %v, want\n%x", again, err, frame)
			}
		})
	}
}

// Cut holds that a golden frame's body cut anywhere is refused. Of those that optional
// may say, what is left can be a body; it encodes to the same octets.
func (c *Codec[H]) Cut(t *testing.T, optional func(name string) bool) {
	t.Helper()
	for name, frame := range Frames(t, c.About) {
		h, octets := c.Split(frame)
		for n := range octets {
			if Same(t, octets[:n:n], c.Body(c.ID(h), name)) && !optional(name) {
				t.Errorf("%s cut to %d octets is taken", name, n)
			}
		}
	}
}

// Unfit holds that bodies that do not fit their fields are not encoded.
func (c *Codec[H]) Unfit(t *testing.T, bodies map[string]wire.Body) {
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			var h H
			if got, err := c.Append([]byte("before"), h, body); err == nil || string(got) != "before" {
				t.Errorf("got %q, %v, want an error and what was before", got, err)
			}
		})
	}
}

// Seed gives a fuzz target the golden bodies of some commands, and what breaks decoders.
func (c *Codec[H]) Seed(f *testing.F, ids ...uint32) {
	f.Helper()
	for _, frame := range Frames(f, c.About) {
		if h, body := c.Split(frame); slices.Contains(ids, c.ID(h)) {
			f.Add(body)
		}
	}
	for _, n := range []int{0, 40, 200} {
		f.Add(bytes.Repeat([]byte{0xFF}, n))
		f.Add(make([]byte, n))
	}
	f.Add(bytes.Repeat([]byte{'a'}, 100)) // a string that does not end
}
