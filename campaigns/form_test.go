package campaigns

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScalarsThatAreNoTextsAreRefused(t *testing.T) { // B18
	rest := "audience: {files: [a.csv]}\n"
	for _, tt := range []struct{ source, want string }{
		{"key: k\ntext: 0110\n" + rest, `c.yaml:2:7: 0110 is read as a number and becomes 72: put it in quotation marks, "0110"`},
		{"key: k\nsender: 01062777\ntext: t\n" + rest, `c.yaml:2:9: 01062777 is read as a number and becomes 288255: put it in quotation marks, "01062777"`},
		{"key: k\nsender: 10690000\ntext: t\n" + rest, `c.yaml:2:9: 10690000 is read as a number: put it in quotation marks, "10690000"`},
		{"key: 007\ntext: t\n" + rest, `c.yaml:1:6: 007 is read as a number and becomes 7: put it in quotation marks, "007"`},
		{"key: 0x10\ntext: t\n" + rest, `c.yaml:1:6: 0x10 is read as a number and becomes 16`},
		{"key: 1.0\ntext: t\n" + rest, `c.yaml:1:6: 1.0 is read as a number and becomes 1:`},
		{"key: k\ntext: true\n" + rest, `c.yaml:2:7: true is read as true or false: put it in quotation marks, "true"`},
		{"key: k\ntitle: 2026-01-01\ntext: t\n" + rest, `c.yaml:2:8: 2026-01-01 is read as a date: put it in quotation marks`},
		{"key: k\ntitle: ~\ntext: t\n" + rest, `c.yaml:2:8: ~ stands for nothing: put it in quotation marks`},
		{"key: k\nsignature: 0110\ntext: t\n" + rest, `c.yaml:2:12: 0110 is read as a number and becomes 72`},
		{"key: k\nlanguage: l\ntexts:\n  zh: 你好\n  en: 0110\n" + rest, `c.yaml:5:7: 0110 is read as a number and becomes 72`},
		{"key: k\nlanguage: l\ntexts:\n  zh: 你好\n  en: .inf\n" + rest, `c.yaml:5:7: .inf is read as a number`},
		{"key: k\ntext: t\n" + rest + "replies:\n  1: safe\n  2: 0110\n", `c.yaml:6:6: 0110 is read as a number and becomes 72`},
		{"key: k\ntext: t\n" + rest + "replies:\n  007: safe\n", `c.yaml:5:3: 007 is read as a number and becomes 7`},
		{"key: k\ntext: t\naudience: {files: [007]}\n", `c.yaml:3:20: 007 is read as a number and becomes 7`},
		{"key: k\ntext: t\naudience: {files: [{file: 0x1f}]}\n", `c.yaml:3:27: 0x1f is read as a number and becomes 31`},
		{"key: k\ntext: t\naudience: {files: [a.csv], columns: {road: 010}}\n", `c.yaml:3:44: 010 is read as a number and becomes 8`},
		{"key: k\ntext: t\n" + rest + "routes: [{prefix: +86, to: [a]}]\n", `c.yaml:4:19: +86 is read as a number and becomes 86`},
	} {
		_, err := Parse("c.yaml", []byte(tt.source))
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.source, err, tt.want)
		}
	}
	for _, source := range []string{
		"key: '007'\ntitle: \"2026-01-01\"\ntext: '0110'\nsender: \"01062777\"\n" + rest,
		"key: k\ntext: |\n  0110\n" + rest, "key: k\ntext: >-\n  Flood #3\n" + rest,
		"key: k\ntext: t\nsender:\n" + rest, "key: k\ntext: t\n" + rest + "routes: [{prefix: 86, to: [a]}]\n",
		"key: k\ntext: 2026-01-01 08:00起停水\n" + rest, "key: k\ntext: t\naudience: {files: [a.csv], columns: {name: 3}}\n",
	} {
		if _, err := Parse("c.yaml", []byte(source)); err != nil {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestACommentThatCutsATextIsRefused(t *testing.T) { // B18
	rest := "audience: {files: [a.csv]} # all of them\n"
	for source, at := range map[string]string{
		"key: k\ntext: Flood #3 ((name)) call 110\n" + rest:                   "c.yaml:2:7: ",
		"key: k\ntitle: Flood #3\ntext: t\n" + rest:                           "c.yaml:2:8: ",
		"key: k\nsender: Flood #3\ntext: t\n" + rest:                          "c.yaml:2:9: ",
		"key: flood #3\ntext: t\n" + rest:                                     "c.yaml:1:6: ",
		"key: k\nsignature: 区 #3\ntext: t\n" + rest:                           "c.yaml:2:12: ",
		"key: k\nlanguage: l\ntexts:\n  zh: 你好\n  en: Flood #3\n" + rest:      "c.yaml:5:7: ",
		"key: k\ntext: Flood in\n  road #3\n" + rest:                          "c.yaml:2:7: ",
		"key: k\ntext: t\n" + rest + "replies:\n  1: safe in #3\n":            "c.yaml:5:6: ",
		"key: k\r\ntext: Flood #3 call 110\r\naudience: {files: [a.csv]}\r\n": "c.yaml:2:7: ",
	} {
		_, err := Parse("c.yaml", []byte(source))
		if err == nil || !strings.HasPrefix(err.Error(), at+"a number sign behind a space begins a comment") {
			t.Errorf("%q: got %v, want a refusal at %s", source, err, at)
		}
	}
	for _, source := range []string{
		"# flood\nkey: k\n# the text\ntext: 'Flood #3' # in quotation marks\n" + rest, "key: k\ntext: Flood\n# a line of its own\n" + rest,
		"key: k\ntext: Flood#3\n" + rest, "key: k\ntext: | # a block\n  Flood #3\n" + rest, "key: k\nclass: urgent # as agreed\ntext: t\n" + rest,
	} {
		if _, err := Parse("c.yaml", []byte(source)); err != nil {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestAFileWithSeveralFaultsNamesThemAllInOrder(t *testing.T) { // item 12
	_, err := Parse("c.yaml", []byte(`key: Flood!
titel: A flooded road
class: mild
text: Flood #3
sender: 01062777
audience:
  fils: [a.csv]
  missing: perhaps
  expect: {min: 5, max: 2}
schedule: {start: tomorrow, tolerance: long}
in_doubt: maybe
routes:
  - {prefix: '+86', to: [a]}
  - {to: [a]}
`))
	var lines []string
	for _, line := range strings.Split(fmt.Sprint(err), "\n") {
		place, _, _ := strings.Cut(line, ": ")
		lines = append(lines, place)
	}
	want := []string{
		"c.yaml:1:6", "c.yaml:2:1", "c.yaml:3:8", "c.yaml:4:7", "c.yaml:5:9", "c.yaml:7:3", "c.yaml:7:7", "c.yaml:8:12", "c.yaml:9:11",
		"c.yaml:10:19", "c.yaml:10:40", "c.yaml:11:11", "c.yaml:13:14", "c.yaml:14:5",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("%s\n%v", d, err)
	}
	var r *Refusal
	if !errors.As(err, &r) || r.Line != 1 {
		t.Errorf("got the first refusal %v", r)
	}
}

func TestADefinitionThatWouldCostHoursIsRefusedAtOnce(t *testing.T) { // D6: the YAML library's time grows with the square of lines
	for name, source := range map[string]string{
		"blank lines in a block":   "key: k\ntitle: |\n" + strings.Repeat("\n", 250_000),
		"carriage returns":         "key: k\ntitle: |\n" + strings.Repeat("\r", 250_000),
		"lines of one character":   "key: k\ntext: >\n" + strings.Repeat("  a\n", 50_000),
		"lines in quotation marks": "key: k\ntext: \"" + strings.Repeat("\n", 250_000) + "\"",
		"comments":                 "key: k\n" + strings.Repeat("#\n", 100_000),
	} {
		_, err := Parse("c.yaml", []byte(source))
		if err == nil || !strings.Contains(err.Error(), "a campaign has at most 2000 lines") {
			t.Errorf("%s: got %.200v", name, err)
		}
	}
	for name, source := range map[string]string{
		"a list on one line": "key: k\naudience: {files: [" + strings.Repeat("a,", 100_000) + "a]}\n",
		"routes":             "key: k\ntext: t\nroutes: [" + strings.Repeat("{to: []},", 20_000) + "]\n",
	} {
		_, err := Parse("c.yaml", []byte(source))
		if err == nil || !strings.Contains(err.Error(), "there are too many values") {
			t.Errorf("%s: got %.200v", name, err)
		}
	}
}
