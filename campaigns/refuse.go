package campaigns

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// keys are all keys of a definition, for suggestions.
var keys = []string{
	"key", "title", "class", "sender", "signature", "text", "texts", "language", "audience", "files", "columns", "where", "exclude",
	"expect", "min", "max", "schedule", "start", "window", "from", "to", "zone", "expires", "receipts", "wanted", "wait", "in_doubt",
	"routes", "carrier", "prefix",
}

var (
	position = regexp.MustCompile(`^\[(\d+):(\d+)\] `)
	unknown  = regexp.MustCompile(`unknown field "([^"]+)"`)
)

// refuseYAML words an error of the YAML decoder: file, line, column, and for an
// unknown key the nearest one there is.
func refuseYAML(path string, err error) error {
	text := yaml.FormatError(err, false, true)
	place := path
	if m := position.FindStringSubmatch(text); m != nil {
		place = path + ":" + m[1] + ":" + m[2]
		text = text[len(m[0]):]
	}
	if m := unknown.FindStringSubmatch(text); m != nil {
		if near := nearest(m[1]); near != "" {
			first, rest, _ := strings.Cut(text, "\n")
			text = fmt.Sprintf("%s (did you mean %q?)\n%s", first, near, rest)
		}
	}
	return &Refusal{File: place, Err: errors.New(strings.TrimRight(text, "\n"))}
}

// nearest is the key at most three edits away from word, or "".
func nearest(word string) string {
	best, at := "", 4
	for _, k := range keys {
		if d := distance(word, k); d < at && d < len(k) {
			best, at = k, d
		}
	}
	return best
}

// distance counts edits and swaps of neighbours (Damerau, optimal alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
