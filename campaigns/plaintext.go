package campaigns

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckLine reports why a text is not one line of at most so many octets that can be
// kept and shown as it is: valid UTF-8, without NUL and other control characters. nil:
// it is one. The error does not quote the text.
func CheckLine(text string, most int) error { return checkPlain(text, most, "") }

// CheckLines is CheckLine of a text that may have several lines and tabs.
func CheckLines(text string, most int) error { return checkPlain(text, most, "\n\r\t\u2028\u2029") }

var errNoUTF8 = errors.New("is not UTF-8")

func checkPlain(text string, most int, allowed string) error {
	if len(text) > most {
		return fmt.Errorf("has %d octets, at most %d are possible", len(text), most)
	}
	if !utf8.ValidString(text) {
		return errNoUTF8
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return isControl(r) && !strings.ContainsRune(allowed, r) }); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return fmt.Errorf("holds the control character U+%04X", r)
	}
	return nil
}

// isControl reports whether a character moves the cursor or ends a line, and shows
// nothing itself.
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}
