package audience

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Harmless makes a value fit for a cell of a file that people open with a spreadsheet or
// print: what a spreadsheet would run as a formula gets an apostrophe in front, which
// makes it a text (OWASP, CSV injection), and control characters are written as \n or
// \x1b, so that nothing can pass for another line or command a terminal. Bare undoes it.
func Harmless(cell string) string {
	if strings.ContainsFunc(cell, escaped) {
		cell = escape(cell)
	}
	if formula(cell) {
		return "'" + cell
	}
	return cell
}

// Bare is the value that Harmless made a cell of.
func Bare(cell []byte) []byte {
	if len(cell) > 1 && cell[0] == '\'' && formula(string(cell[1:])) {
		cell = cell[1:]
	}
	if bytes.IndexByte(cell, '\\') < 0 {
		return cell
	}
	return unescaped(cell)
}

// formula reports whether a spreadsheet could run a cell, or the cell is one that an
// apostrophe kept from it before.
func formula(cell string) bool {
	trimmed := strings.TrimLeft(cell, " \u00a0\u3000")
	switch r, _ := utf8.DecodeRuneInString(trimmed); r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠':
		return trimmed != ""
	case '\'':
		return formula(trimmed[1:])
	}
	// A tab or the like in front is written with a backslash.
	return len(trimmed) > 1 && trimmed[0] == '\\' && strings.ContainsRune("trnx", rune(trimmed[1]))
}

// escaped are the characters that escape writes otherwise.
func escaped(r rune) bool { return r == '\\' || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func escape(cell string) string {
	var b strings.Builder
	for _, r := range cell {
		switch {
		case !escaped(r):
			b.WriteRune(r)
		case r == '\\':
			b.WriteString(`\\`)
		case r < utf8.RuneSelf: // \n, \t, \x1b
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default: // \u0085
			b.WriteString(`\u` + strconv.FormatInt(int64(r)+0x10000, 16)[1:])
		}
	}
	return b.String()
}

// unescaped writes over the cell, and makes it no longer.
func unescaped(cell []byte) []byte {
	text := string(cell)
	out := cell[:0]
	for text != "" {
		r, _, rest, err := strconv.UnquoteChar(text, 0)
		if err != nil { // nobody escaped this
			return append(out, text...)
		}
		out, text = utf8.AppendRune(out, r), rest
	}
	return out
}
