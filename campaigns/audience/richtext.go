package audience

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// appendRich appends the text of the element that was opened last: that of its runs,
// without what says how it is read aloud. It returns false when the text holds what no
// text has.
func appendRich(dst []byte, t *tags) ([]byte, bool, error) {
	if t.close {
		return dst, true, nil
	}
	from, outer, inside, ok := len(dst), t.depth, false, true
	for t.depth >= outer {
		if err := t.next(); err != nil {
			return dst, false, err
		}
		if inside {
			var good bool
			dst, good = t.appendText(dst)
			ok = ok && good
		}
		switch {
		case !t.open:
			inside = inside && !t.close
		case string(t.name) == "t":
			inside = !t.close
		case string(t.name) == "r":
		default:
			if err := t.skip(); err != nil {
				return dst, false, err
			}
		}
	}
	text, good := unescapeX(dst[from:])
	return append(dst[:from], text...), ok && good, nil
}

// unescapeX replaces what ST_Xstring writes characters as that XML does not have:
// _x000D_. It works in place. It returns false for a NUL and for half a character.
func unescapeX(text []byte) ([]byte, bool) {
	i := bytes.Index(text, []byte("_x"))
	if i < 0 {
		return text, true
	}
	out, ok := text[:i], true
	for i < len(text) {
		r, n := escapedX(text[i:])
		if n == 0 {
			out = append(out, text[i])
			i++
			continue
		}
		i += n
		if utf16.IsSurrogate(r) {
			low, n := escapedX(text[i:])
			r = utf16.DecodeRune(r, low)
			i += n
		}
		ok = ok && r != 0 && r != utf8.RuneError
		out = utf8.AppendRune(out, r)
	}
	return out, ok
}

// escapedX is the UTF-16 unit that text begins with as _xHHHH_, and how many octets
// that takes; 0: it begins with none.
func escapedX(text []byte) (rune, int) {
	if len(text) < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_' {
		return 0, 0
	}
	r := rune(0)
	for _, c := range text[2:6] {
		d := hexDigit(c)
		if d < 0 {
			return 0, 0
		}
		r = r<<4 | d
	}
	return r, 7
}
