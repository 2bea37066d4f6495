package campaigns

import (
	"fmt"
	"strings"
)

// A Refusal says that a definition or an audience cannot be used as it is, and
// what to do. Nothing was planned and nothing was sent.
type Refusal struct {
	File         string
	Line, Column int // 1 is the first; 0: the file as a whole
	Err          error
}

// Error is the place, as editors understand it, and the reason.
func (r *Refusal) Error() string {
	var b strings.Builder
	if r.File != "" {
		b.WriteString(r.File)
		if r.Line > 0 {
			fmt.Fprintf(&b, ":%d", r.Line)
			if r.Column > 0 {
				fmt.Fprintf(&b, ":%d", r.Column)
			}
		}
		b.WriteString(": ")
	}
	b.WriteString(r.Err.Error())
	return b.String()
}

func (r *Refusal) Unwrap() error { return r.Err }

// nearest is the known name most like name, "" when none is alike.
func nearest(name string, known []string) string {
	best, least := "", len(name)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many characters must be put in, taken out or changed to make a
// into b (Levenshtein).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(to)]
}
