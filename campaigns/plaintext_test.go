package campaigns

import (
	"strings"
	"testing"
)

func TestATextIsCheckedForWhatNoDatabaseAndNoTerminalTakes(t *testing.T) {
	for name, tt := range map[string]struct {
		text        string
		line, lines string // what is wrong; "": nothing
	}{
		"empty":                 {"", "", ""},
		"Chinese and an emoji":  {"汛情 🌊", "", ""},
		"Arabic with its marks": {"\u200fتحذير\u200e", "", ""},
		"NUL":                   {"a\x00b", "U+0000", "U+0000"},
		"ESC":                   {"a\x1b[2Jb", "U+001B", "U+001B"},
		"a C1 control":          {"a\u009bb", "U+009B", "U+009B"},
		"DEL":                   {"a\x7f", "U+007F", "U+007F"},
		"a newline":             {"a\nb", "U+000A", ""},
		"a carriage return":     {"a\rbalanced", "U+000D", ""},
		"a tab":                 {"a\tb", "U+0009", ""},
		"a line separator":      {"a\u2028b", "U+2028", ""},
		"a surrogate in UTF-8":  {"a\xed\xa0\x80b", "not UTF-8", "not UTF-8"},
		"half a character":      {"汛\xe6\xb1", "not UTF-8", "not UTF-8"},
		"GBK":                   {"\xd1\xb4\xc7\xe9", "not UTF-8", "not UTF-8"},
		"as long as may be":     {strings.Repeat("x", 100), "", ""},
		"longer":                {strings.Repeat("x", 101), "has 101 octets", "has 101 octets"},
	} {
		for form, check := range map[string]struct {
			fn   func(string, int) error
			want string
		}{"line": {CheckLine, tt.line}, "lines": {CheckLines, tt.lines}} {
			err := check.fn(tt.text, 100)
			if check.want == "" && err != nil || check.want != "" && (err == nil || !strings.Contains(err.Error(), check.want)) {
				t.Errorf("%s as %s: got %v, want %q", name, form, err, check.want)
			}
		}
	}
}
