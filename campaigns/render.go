package campaigns

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// A Renderer writes a campaign's texts for its recipients. It does not change
// once made and may be used from many goroutines.
type Renderer struct {
	language int // the column of the language; -1: one text
	variants []variant
}

// A variant is the text of one language.
type variant struct {
	language string // in small letters
	personal bool   // has placeholders
	shows    []int  // the columns whose values stand in it, each once
	needs    []int  // those of them for which a placeholder has no default
	in       [sms.Alphabets]written
}

// A written variant is what its recipients have in common, in one alphabet.
type written struct {
	alphabet sms.Alphabet
	parts    []encoded
	shared   sms.Content // when there are no placeholders
	plain    bool        // all literals can be in the narrow coding
}

// An encoded part is a literal in both codings, or a column with its default.
type encoded struct {
	column       int    // -1: a literal
	defaults     bool   // narrow and wide are what is put in where there is no value
	narrow, wide []byte // of a literal or a default
	isWide       bool   // the narrow coding does not have it
}

// NewRenderer encodes what d's texts have in common. columns are the plan's
// (Summary.Columns). A placeholder without a column is a *Refusal.
func NewRenderer(d *Definition, columns []string) (*Renderer, error) {
	r := &Renderer{language: -1}
	if d.Language != "" {
		if r.language = slices.Index(columns, d.Language); r.language < 0 {
			return nil, d.refuse("$.language", "language is the column %q, which is not there%s", d.Language, columnHint(d.Language, columns))
		}
	}
	for _, t := range d.Texts {
		place := "$.text"
		if t.Language != "" {
			place = "$.texts"
		}
		v, err := newVariant(d, t, place, columns)
		if err != nil {
			return nil, err
		}
		r.variants = append(r.variants, v)
	}
	return r, nil
}

func newVariant(d *Definition, t Text, place string, columns []string) (variant, error) {
	v := variant{language: strings.ToLower(t.Language)}
	whole := d.whole(t.Text)
	parts, err := splitText(whole)
	if err != nil {
		return v, d.refuse(place, "the text%s: %w", of(t.Language), err)
	}
	var at []int // the column of each part; -1: a literal
	for i, p := range parts {
		column := -1
		if p.inner != "" {
			if column, p, err = columnFor(p, columns); err != nil {
				return v, d.refuse(place, "the text%s: %w", of(t.Language), err)
			}
			parts[i] = p
			if column < 0 {
				return v, d.refuse(place, "the text%s has the placeholder ((%s)), but the audience has no such column%s",
					of(t.Language), p.name, columnHint(p.name, columns))
			}
		}
		at = append(at, column)
		v.personal = v.personal || column >= 0
		if column >= 0 && !slices.Contains(v.shows, column) {
			v.shows = append(v.shows, column)
		}
		if column >= 0 && !p.defaults && !slices.Contains(v.needs, column) {
			v.needs = append(v.needs, column)
		}
	}
	for a := range v.in {
		if v.in[a], err = write(sms.Alphabet(a), whole, parts, at); err != nil && sms.Alphabet(a) == sms.GSM {
			return v, d.refuse(place, "the text%s: %w", of(t.Language), err)
		}
	}
	return v, nil
}

// columnFor is the column that a placeholder names, -1 for none. A column may have a bar in
// its name: what stands inside (( )) is its name then, without a default.
func columnFor(p part, columns []string) (int, part, error) {
	column := slices.Index(columns, p.name)
	if !p.defaults {
		return column, p, nil
	}
	if whole := slices.Index(columns, p.inner); whole >= 0 {
		return whole, part{name: p.inner, inner: p.inner}, nil
	}
	return column, p, p.wrong
}

// write encodes the literals of a text, or all of one without placeholders.
func write(a sms.Alphabet, whole string, parts []part, columns []int) (written, error) {
	w := written{alphabet: a, plain: true}
	placeholders := false
	for i, p := range parts {
		e := encoded{column: columns[i]}
		if e.column < 0 {
			ok := false
			e.narrow, ok = a.AppendNarrow(nil, []byte(p.literal))
			w.plain = w.plain && ok
			e.wide = a.AppendWide(nil, []byte(p.literal))
		} else if p.defaults {
			ok := false
			e.defaults = true
			e.narrow, ok = a.AppendNarrow(nil, []byte(p.fallback))
			e.isWide = !ok
			e.wide = a.AppendWide(nil, []byte(p.fallback))
		}
		placeholders = placeholders || e.column >= 0
		w.parts = append(w.parts, e)
	}
	var err error
	if !placeholders {
		if w.shared, err = a.Encode(nil, whole); err != nil {
			w.shared = sms.Content{} // too long for this alphabet alone: each recipient is told so
		}
	}
	return w, err
}

// columnHint is what columns there are, for errors.
func columnHint(name string, columns []string) string {
	list := audience.ShowColumns(columns)
	if list == "" {
		return ": is the first row of the file the names of the columns?"
	}
	hint := fmt.Sprintf(" (there are: %s)", list)
	if n := nearest(name, columns); n != "" {
		hint = fmt.Sprintf(": did you mean %q?%s", n, hint)
	}
	return hint
}

// Reads reports whether texts depend on the recipients' fields; when they do not, Render
// asks for none.
func (r *Renderer) Reads() bool {
	return r.language >= 0 || slices.ContainsFunc(r.variants, func(v variant) bool { return v.personal })
}

// Render appends recipient i's text, ready for the air in an alphabet, to dst and
// returns it as a content, and dst. A text without placeholders is the same memory each time
// and leaves dst as it is. The error wraps sms.ErrTooLong or is sms.ErrEmpty. It
// allocates nothing while dst has room.
func (r *Renderer) Render(dst []byte, a sms.Alphabet, f *Fields, i int) (sms.Content, []byte, error) {
	return r.variants[r.variant(f, i)].in[a].render(dst, f, i)
}

// textOf is the text of a row, as values of the plan's columns.
func (r *Renderer) textOf(values [][]byte) *variant {
	if r.language < 0 {
		return &r.variants[0]
	}
	k, _ := r.speaks(values[r.language])
	return &r.variants[k]
}

// variant is the index of recipient i's text.
func (r *Renderer) variant(f *Fields, i int) int {
	if r.language < 0 {
		return 0
	}
	k, _ := r.speaks(f.Value(r.language, i))
	return k
}

// speaks is the index of the text for a language: the one of that name, else of
// its first part (zh for zh-CN), else the first, and then known is false.
func (r *Renderer) speaks(language []byte) (k int, known bool) {
	for range 2 {
		for k := range r.variants {
			if equalFold(language, r.variants[k].language) {
				return k, true
			}
		}
		cut := bytes.IndexAny(language, "-_")
		if cut < 0 {
			break
		}
		language = language[:cut]
	}
	return 0, false
}

// equalFold compares ASCII letters without their case; small is in small letters.
func equalFold(b []byte, small string) bool {
	if len(b) != len(small) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != small[i] {
			return false
		}
	}
	return true
}

func (w *written) render(dst []byte, f *Fields, i int) (sms.Content, []byte, error) {
	if w.shared.Segments > 0 {
		return w.shared, dst, nil
	}
	start := len(dst)
	coding := w.alphabet.Narrow()
	octets, ok := dst, w.plain
	if ok {
		octets, ok = w.narrow(dst, f, i)
	}
	if !ok {
		octets, coding = w.wide(dst, f, i), w.alphabet.Wide()
	}
	c, err := sms.NewContent(coding, octets[start:len(octets):len(octets)])
	if err != nil {
		return c, octets[:start], err
	}
	return c, octets, nil
}

func (w *written) narrow(dst []byte, f *Fields, i int) ([]byte, bool) {
	start := len(dst)
	for k := range w.parts {
		p := &w.parts[k]
		if p.column < 0 {
			dst = append(dst, p.narrow...)
			continue
		}
		value := f.Value(p.column, i)
		if p.defaults && blank(value) {
			if p.isWide {
				return dst[:start], false
			}
			dst = append(dst, p.narrow...)
			continue
		}
		var ok bool
		if dst, ok = w.alphabet.AppendNarrow(dst, value); !ok {
			return dst[:start], false
		}
	}
	return dst, true
}

func (w *written) wide(dst []byte, f *Fields, i int) []byte {
	for k := range w.parts {
		p := &w.parts[k]
		if p.column < 0 {
			dst = append(dst, p.wide...)
			continue
		}
		value := f.Value(p.column, i)
		if p.defaults && blank(value) {
			dst = append(dst, p.wide...)
			continue
		}
		dst = w.alphabet.AppendWide(dst, value)
	}
	return dst
}
