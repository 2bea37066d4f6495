package audience

import (
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Li": "Li", "13800138000": "13800138000", "a=b": "a=b", "'Li": "'Li", "李-王": "李-王",
		"=1+1": "'=1+1", "+8613800138000": "'+8613800138000", "-1": "'-1", "@x": "'@x", " \u00a0=x": "' \u00a0=x",
		"＝1+1": "'＝1+1", "＋86": "'＋86", "－王": "'－王", "＠小明": "'＠小明", "\u3000＝1": "'\u3000＝1",
		"'=1": "''=1", "''=1": "'''=1",
		"\tx": `'\tx`, "\r=x": `'\r=x`, "a\nb": `a\nb`, "\x1b[2Jx": `'\x1b[2Jx`, "a\x00b": `a\x00b`, "a\u0085b": `a\u0085b`, "a\u2028b": `a\u2028b`, `a\b`: `a\\b`,
	} {
		if got := Harmless(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if got := string(Bare([]byte(want))); got != in {
			t.Errorf("%q: got %q back, want %q", want, got, in)
		}
	}
}

// TestBareUndoesHarmless: what we write, we read as it was, and no control character and
// no formula is in it.
func TestBareUndoesHarmless(t *testing.T) { // B19, D8, D12
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("'=+-@＝＋－＠\\ntrxu0 \u00a0\u3000\t\r\n\x1b\u0085\u2028a王")), rapid.Rune())).Draw(t, "value")
		cell := Harmless(in)
		for _, r := range cell {
			if unicode.IsControl(r) {
				t.Fatalf("%q became %q, with a control character", in, cell)
			}
		}
		if got := string(Bare([]byte(cell))); got != in {
			t.Fatalf("%q became %q, and that %q", in, cell, got)
		}
	})
}
