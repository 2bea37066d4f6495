package campaigns

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

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
	parts    []encoded
	shared   sms.Content // when there are no placeholders
	plain    bool        // all literals can be GSM7
}

// An encoded part is a literal in both codings, or a column.
type encoded struct {
	column     int // -1: a literal
	gsm7, ucs2 []byte
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
	v := variant{language: strings.ToLower(t.Language), plain: true}
	whole := d.whole(t.Text)
	parts, err := splitText(whole)
	if err != nil {
		return v, d.refuse(place, "the text%s: %w", of(t.Language), err)
	}
	placeholders := false
	for _, p := range parts {
		e := encoded{column: -1}
		if p.name != "" {
			placeholders = true
			if e.column = slices.Index(columns, p.name); e.column < 0 {
				return v, d.refuse(place, "the text%s has the placeholder ((%s)), but the audience has no such column%s",
					of(t.Language), p.name, columnHint(p.name, columns))
			}
		} else {
			ok := false
			e.gsm7, ok = sms.AppendGSM7(nil, []byte(p.literal))
			v.plain = v.plain && ok
			e.ucs2 = sms.AppendUCS2(nil, []byte(p.literal))
		}
		v.parts = append(v.parts, e)
	}
	if !placeholders {
		if v.shared, err = sms.Encode(nil, whole); err != nil {
			return v, d.refuse(place, "the text%s: %w", of(t.Language), err)
		}
	}
	return v, nil
}

// columnHint is what columns there are, for errors.
func columnHint(name string, columns []string) string {
	hint := fmt.Sprintf(" (there are: %s)", strings.Join(columns, ", "))
	if n := nearest(name, columns); n != "" {
		hint = fmt.Sprintf(": did you mean %q?%s", n, hint)
	}
	return hint
}

// Render appends recipient i's text, ready for the air, to dst and returns it as
// a content, and dst. A text without placeholders is the same memory each time
// and leaves dst as it is. The error wraps sms.ErrTooLong or is sms.ErrEmpty. It
// allocates nothing while dst has room.
func (r *Renderer) Render(dst []byte, f *Fields, i int) (sms.Content, []byte, error) {
	return r.variants[r.variant(f, i)].render(dst, f, i)
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

func (v *variant) render(dst []byte, f *Fields, i int) (sms.Content, []byte, error) {
	if v.shared.Segments > 0 {
		return v.shared, dst, nil
	}
	start := len(dst)
	coding := sms.GSM7
	octets, ok := dst, v.plain
	if ok {
		octets, ok = v.gsm7(dst, f, i)
	}
	if !ok {
		octets, coding = v.ucs2(dst, f, i), sms.UCS2
	}
	c, err := sms.NewContent(coding, octets[start:len(octets):len(octets)])
	if err != nil {
		return c, octets[:start], err
	}
	return c, octets, nil
}

func (v *variant) gsm7(dst []byte, f *Fields, i int) ([]byte, bool) {
	start := len(dst)
	for k := range v.parts {
		p := &v.parts[k]
		if p.column < 0 {
			dst = append(dst, p.gsm7...)
			continue
		}
		var ok bool
		if dst, ok = sms.AppendGSM7(dst, f.Value(p.column, i)); !ok {
			return dst[:start], false
		}
	}
	return dst, true
}

func (v *variant) ucs2(dst []byte, f *Fields, i int) []byte {
	for k := range v.parts {
		p := &v.parts[k]
		if p.column < 0 {
			dst = append(dst, p.ucs2...)
			continue
		}
		dst = sms.AppendUCS2(dst, f.Value(p.column, i))
	}
	return dst
}
