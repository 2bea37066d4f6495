package campaigns

import (
	"strings"
	"testing"
)

// TestADefinitionWithAControlCharacterIsRefusedWithItsLine is case D1 for definitions:
// no database and no terminal is handed what it cannot take.
func TestADefinitionWithAControlCharacterIsRefusedWithItsLine(t *testing.T) {
	const good = "key: flood\ntitle: High water\ntext: Leave now\naudience:\n  files: [people.csv]\n"
	for name, tt := range map[string]struct{ source, want string }{
		"NUL in a comment":         {good + "# a\x00b\n", "flood.yaml:6:4: holds the control character U+0000"},
		"NUL in the title":         {strings.Replace(good, "High water", `"High\0water"`, 1), "flood.yaml:2:8: title holds the control character U+0000"},
		"ESC in the title":         {strings.Replace(good, "High water", `"High\e[2Jwater"`, 1), "flood.yaml:2:8: title holds the control character U+001B"},
		"a second line in it":      {strings.Replace(good, "High water", `"balanced\nHigh"`, 1), "flood.yaml:2:8: title holds the control character U+000A"},
		"NUL in the text":          {strings.Replace(good, "Leave now", `"Leave\0now"`, 1), "flood.yaml:3:7: the text holds the control character U+0000"},
		"NUL in a file's name":     {strings.Replace(good, "people.csv", `"people\0.csv"`, 1), "flood.yaml:5:11: files[0] holds the control character U+0000"},
		"NUL in a column":          {good + "  columns: {number: \"a\\0\"}\n", "a value holds the control character U+0000"},
		"NUL in a reply's keyword": {good + "replies: {\"1\\0\": safe}\n", "holds the control character U+0000"},
		"NUL in a reply's meaning": {good + "replies: {\"1\": \"safe\\0\"}\n", "holds the control character U+0000"},
		"NUL in a route":           {good + "routes: [{prefix: \"86\", to: [\"a\\0\"]}]\n", "to[0] holds the control character U+0000"},
		"NUL in where":             {good + "  where: \"a == '\\0'\"\n", "where holds the control character U+0000"},
		"a title of a megabyte":    {strings.Replace(good, "High water", strings.Repeat("x", 200_000), 1), "title has 200000 octets"},
		"no UTF-8":                 {strings.Replace(good, "High water", "\xb8\xdf\xcb\xae", 1), "is not UTF-8"},
	} {
		_, err := Parse("flood.yaml", []byte(tt.source))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	d, err := Parse("flood.yaml", []byte(strings.ReplaceAll(strings.Replace(good, "High water", "|\n  High water", 1), "\n", "\r\n")))
	if err != nil || d.Title != "High water" {
		t.Errorf("got %+v, %v, want Windows' ends of lines taken", d, err)
	}
}
