package campaigns

import (
	"cmp"
	"fmt"
	"slices"
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

// Refusals are all that is wrong with a file, in the order of its lines.
type Refusals []*Refusal

// Error has each on a line of its own.
func (all Refusals) Error() string {
	texts := make([]string, len(all))
	for i, r := range all {
		texts[i] = r.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap is for errors.As: the first is as good as any other.
func (all Refusals) Unwrap() []error {
	errs := make([]error, len(all))
	for i, r := range all {
		errs[i] = r
	}
	return errs
}

// refusals is an error of what is wrong, nil when nothing is: of form with a file's YAML,
// of more with what it says. What follows from a fault of form at the same place is not
// among them. What concerns the file as a whole comes last.
func refusals(form, more []*Refusal) error {
	all := slices.Clone(form)
	for _, r := range more {
		if !slices.ContainsFunc(form, func(f *Refusal) bool { return f.Line > 0 && f.Line == r.Line && f.Column == r.Column }) {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b *Refusal) int {
		return cmp.Or(cmp.Compare(uint(a.Line)-1, uint(b.Line)-1), cmp.Compare(a.Column, b.Column))
	})
	all = slices.CompactFunc(all, func(a, b *Refusal) bool { return a.Error() == b.Error() })
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return Refusals(all)
}

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
