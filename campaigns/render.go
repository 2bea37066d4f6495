package campaigns

import (
	"fmt"
	"strings"

	"tocsin/providers/sms"
)

// A Renderer makes each recipient's text ready for the air.
type Renderer struct {
	language int // its column; -1: there is one text
	texts    map[string]*template
	only     *template
}

// A template is a text cut at its placeholders; the literal parts are encoded once.
type template struct {
	gsm7, ucs2 [][]byte // literal parts; gsm7 is nil when one does not fit it
	columns    []int    // one between each two parts
	fixed      sms.Content
}

// NewRenderer prepares a definition's texts for an audience with these columns,
// which are named as placeholders name them. A placeholder without a column is
// refused.
func NewRenderer(d *Definition, columns []string) (*Renderer, error) {
	r := &Renderer{language: -1, texts: map[string]*template{}}
	if len(d.Texts) > 0 {
		if r.language = d.column(d.Language, columns); r.language < 0 {
			return nil, d.missing("language", d.Language, columns)
		}
	}
	for _, language := range d.Languages() {
		text := d.Text
		if language != "" {
			text = d.Texts[language]
		}
		t, err := d.template(text, columns)
		if err != nil {
			return nil, err
		}
		r.texts[language] = t
		if r.language < 0 {
			r.only = t
		}
	}
	return r, nil
}

// column is the index of a column by our name or the file's; -1: none.
func (d *Definition) column(name string, columns []string) int {
	header := d.Audience.Columns[name]
	for i, c := range columns {
		if c == header || header == "" && c == name {
			return i
		}
	}
	return -1
}

func (d *Definition) missing(what, name string, columns []string) error {
	return &Refusal{File: d.Path, Line: lineOf([]byte(d.Source), wrong(what, "")), Err: fmt.Errorf(
		"%q has no column in the audience: there are %q; name one under audience.columns", name, columns)}
}

func (d *Definition) template(text string, columns []string) (*template, error) {
	if d.Signature != "" {
		text = "【" + d.Signature + "】" + text
	}
	t := &template{gsm7: [][]byte{}}
	fits := true
	for rest := text; ; {
		literal, after, found := strings.Cut(rest, "((")
		octets, ok := sms.AppendGSM7(nil, []byte(literal))
		fits = fits && ok
		t.gsm7 = append(t.gsm7, octets)
		t.ucs2 = append(t.ucs2, sms.AppendUCS2(nil, []byte(literal)))
		if !found {
			break
		}
		name, behind, closed := strings.Cut(after, "))")
		if !closed {
			return nil, &Refusal{File: d.Path, Line: lineOf([]byte(d.Source), wrong("text", "")), Err: fmt.Errorf("a placeholder is opened by (( and not closed by ))")}
		}
		c := d.column(strings.TrimSpace(name), columns)
		if c < 0 {
			return nil, d.missing("text", strings.TrimSpace(name), columns)
		}
		t.columns = append(t.columns, c)
		rest = behind
	}
	if !fits {
		t.gsm7 = nil
	}
	if len(t.columns) == 0 {
		c, err := sms.Encode(nil, text)
		if err != nil {
			return nil, &Refusal{File: d.Path, Line: lineOf([]byte(d.Source), wrong("text", "")), Err: err}
		}
		t.fixed = c
	}
	return t, nil
}

// Render makes recipient i's text. A text without placeholders is the same
// memory each time; others are appended to dst, which is returned for the next
// one. The error is sms.ErrTooLong.
func (r *Renderer) Render(dst []byte, f *Fields, i int) (sms.Content, []byte, error) {
	t := r.only
	if t == nil {
		t = r.texts[string(f.Value(r.language, i))]
	}
	if t == nil {
		return sms.Content{}, dst, ErrLanguage
	}
	if len(t.columns) == 0 {
		return t.fixed, dst, nil
	}
	start := len(dst)
	if t.gsm7 != nil {
		out := append(dst, t.gsm7[0]...)
		ok := true
		for k, c := range t.columns {
			if out, ok = sms.AppendGSM7(out, f.Value(c, i)); !ok {
				break
			}
			out = append(out, t.gsm7[k+1]...)
		}
		if ok {
			c, err := sms.NewContent(sms.GSM7, out[start:len(out):len(out)])
			return c, out, err
		}
	}
	out := append(dst, t.ucs2[0]...)
	for k, c := range t.columns {
		out = sms.AppendUCS2(out, f.Value(c, i))
		out = append(out, t.ucs2[k+1]...)
	}
	c, err := sms.NewContent(sms.UCS2, out[start:len(out):len(out)])
	return c, out, err
}
