package campaigns

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"tocsin/campaigns/audience"
)

// maxFirst is how many places of rows a refusal or a warning names.
const maxFirst = 5

// complete holds the values that a row's text puts in against what people can read. It
// is Missing for a row that is not sent, else Reasons.
func (p *planner) complete(row [][]byte) Reason {
	v := p.renderer.textOf(row)
	if !v.personal {
		return Reasons
	}
	missing := false
	for _, c := range v.needs {
		if blank(row[c]) {
			missing = true
			tally(&p.summary.Missing, p.summary.Columns[c])
		}
	}
	for _, c := range v.shows {
		if filler(row[c]) {
			tally(&p.summary.Fillers, string(row[c]))
		}
	}
	if !missing || p.decided || p.d.Audience.Missing == MissingSend {
		return Reasons
	}
	return Missing
}

// tally counts one under a name in a map that is made when it is needed.
func tally(m *map[string]int, name string) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[name]++
}

// refuseMissing refuses the plan for rows without a value, if the definition does not
// say what becomes of them.
func (p *planner) refuseMissing() error {
	n := p.summary.Excluded[Missing.String()]
	if n == 0 || p.d.Audience.Missing == MissingExclude {
		return nil
	}
	var first rowPlaces
	for _, x := range p.out {
		if x.Reason == Missing {
			first.add(p.files[x.File].File, int(x.Line))
		}
	}
	return first.refusal("%d of %d rows have no value for a placeholder, %s (%s): fill them in, or write a default into the text, ((%s|DEFAULT)), "+
		"or audience.missing: exclude (these rows are excluded) or send (nothing is put in)%s", n, p.summary.Rows, p.lacked(), &first, p.lackedMost(), p.merged())
}

// merged says which merged cells of workbooks may be why values are missing.
func (p *planner) merged() string {
	for _, w := range bookWarnings(p.summary.Books) {
		if w.Kind == WarnMerged {
			return fmt.Sprintf("; there are merged cells, of which only the first row has the value: take them apart and fill in each row (%s)", w.What)
		}
	}
	return ""
}

// refuseUnread refuses the plan for rows of exclude files that may exclude somebody
// else, or nobody.
func (p *planner) refuseUnread() error {
	u := &p.unread
	if u.count == 0 {
		return nil
	}
	return u.refusal("the exclude files hold %d rows whose number cannot be read, and nobody would be excluded by them (%s): put the numbers right, or remove the rows", u.count, u)
}

// rowPlaces are rows of files, the first of them with their places.
type rowPlaces struct {
	count int
	file  string // of the first
	line  int
	named []string
}

func (r *rowPlaces) add(f *audience.File, line int) {
	if r.count++; r.count == 1 {
		r.file, r.line = f.Path(), f.At(line, nil).Line
	}
	if len(r.named) < maxFirst {
		r.named = append(r.named, f.Path()+":"+f.LineText(line))
	}
}

// String is the places of the first, and how many there are besides.
func (r *rowPlaces) String() string {
	text := strings.Join(r.named, ", ")
	if more := r.count - len(r.named); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// refusal is a refusal that stands at the first row.
func (r *rowPlaces) refusal(format string, args ...any) error {
	return &Refusal{File: r.file, Line: r.line, Err: fmt.Errorf(format, args...)}
}

// lacked says how many rows have no value, by column.
func (p *planner) lacked() string {
	var all []string
	for _, c := range p.summary.Columns {
		if n := p.summary.Missing[c]; n > 0 {
			all = append(all, fmt.Sprintf("((%s)) %d", c, n))
		}
	}
	return strings.Join(all, ", ")
}

// lackedMost is the column that most rows lack.
func (p *planner) lackedMost() string {
	most := ""
	for _, c := range p.summary.Columns {
		if n := p.summary.Missing[c]; most == "" && n > 0 || n > p.summary.Missing[most] {
			most = c
		}
	}
	return most
}

// blank reports whether people see nothing of a value: it has white space, control
// characters and characters without a width alone.
func blank(value []byte) bool {
	for i := 0; i < len(value); {
		if c := value[i]; c < utf8.RuneSelf {
			if c > ' ' && c != 0x7F {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(value[i:])
		if r >= 0x3400 && r < 0xFB00 || !unseen(r) { // most are Chinese
			return false
		}
		i += size
	}
	return true
}

// unseen reports whether a character shows nothing.
func unseen(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0: // joiners, fillers, a blank of Braille
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Z, unicode.Cf, unicode.Cc, unicode.Variation_Selector)
}

// filler reports whether a value is what programs write where there is none.
func filler(value []byte) bool {
	if len(value) < 3 || len(value) > 9 {
		return false
	}
	switch string(value) {
	case "NULL", "Null", "null", "nan", "NaN", "NAN", "N/A", "n/a", "#N/A", "None", "NONE", "undefined", "<NA>", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!":
		return true
	}
	return false
}
