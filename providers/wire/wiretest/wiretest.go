// Package wiretest is what the tests of all codecs share: golden frames, and that what
// is read is written again as it was.
package wiretest

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/providers/wire"
)

// Frames are the golden frames of a package by their names: the files testdata/*.hex,
// hexadecimal digits and comments from # to the end of a line. The first line names the
// document and the section, and begins with about.
func Frames(t testing.TB, about string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden frames", err)
	}
	frames := map[string][]byte{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# "+about) {
			t.Errorf("%s does not begin with its section", path)
		}
		var digits strings.Builder
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, "#")
			digits.WriteString(strings.Join(strings.Fields(line), ""))
		}
		frame, err := hex.DecodeString(digits.String())
		if err != nil {
			t.Fatal(path, err)
		}
		frames[strings.TrimSuffix(filepath.Base(path), ".hex")] = frame
	}
	return frames
}

// Same reports whether data is read as body; what is read must be written again octet
// by octet.
func Same(t testing.TB, data []byte, body wire.Body) bool {
	t.Helper()
	if wire.Decode(data, body) != nil {
		return false
	}
	again, err := wire.Encode(nil, body)
	if err != nil || !bytes.Equal(again, data) {
		t.Fatalf("%T: got %x, %v, want %x", body, again, err, data)
	}
	return true
}
