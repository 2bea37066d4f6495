package campaigns

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Placeholders of other programs, which would be sent as they stand.
var (
	// otherNotations are never what people should read, whatever stands in them.
	otherNotations = []*regexp.Regexp{
		regexp.MustCompile(`\{\{+([^{}\n]*)\}\}+`),
		regexp.MustCompile(`[$#%]\{([^{}\n]*)\}`),
		regexp.MustCompile(`<%=?([^<>\n]*)%>`),
		regexp.MustCompile(`\*\|([^|\n]*)\|\*`),
	}
	// wideBrackets are two round brackets on each side, some of a Chinese keyboard.
	wideBrackets = regexp.MustCompile(`[（(][（(]([^（）()\n]*)[）)][）)]`)
	// columnNotations are refused around the name of a column alone: other words stand
	// in such brackets too.
	columnNotations = []*regexp.Regexp{
		regexp.MustCompile(`\{\{?([^{}\n]+)\}?\}`),
		regexp.MustCompile(`｛｛?([^｛｝\n]+)｝?｝`),
		regexp.MustCompile(`\[\[?([^\[\]\n]+)\]?\]`),
		regexp.MustCompile(`［［?([^［］\n]+)］?］`),
		regexp.MustCompile(`【【?([^【】\n]+)】?】`),
		regexp.MustCompile(`〔([^〔〕\n]+)〕`),
		regexp.MustCompile(`<<?([^<>\n]+)>?>`),
		regexp.MustCompile(`＜＜?([^＜＞\n]+)＞?＞`),
		regexp.MustCompile(`%([^%\n]+)%`),
		regexp.MustCompile(`#([^#\n]+)#`),
		regexp.MustCompile(`%\(([^()\n]+)\)s`),
		regexp.MustCompile(`__([^_\n]+(?:_[^_\n]+)*)__`),
		regexp.MustCompile(`[（(]([^（）()\n]+)[）)][）)]`), // the first bracket is missing
	}
)

// otherNotation refuses placeholders that are written in another notation.
func otherNotation(text string) error {
	for _, p := range append([]*regexp.Regexp{wideBrackets}, otherNotations...) {
		for _, m := range p.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[0], "((") && strings.HasSuffix(m[0], "))") {
				continue // one of ours
			}
			return notation(m[0], strings.TrimSpace(m[1]))
		}
	}
	return nil
}

// columnNotation refuses the name of a column in brackets of another notation. names are
// what the columns are called here, and what they are called in the files.
func columnNotation(text string, columns []string, names map[string]string) error {
	called := func(name string) string {
		if at := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, name) }); at >= 0 {
			return columns[at]
		}
		for here, there := range names {
			if strings.EqualFold(there, name) {
				return here
			}
		}
		return ""
	}
	parts, err := splitText(text)
	if err != nil {
		return err
	}
	for _, part := range parts {
		for _, p := range columnNotations {
			// Each bracket may begin one: %a% b %name% has a pair between the two.
			for rest := part.literal; rest != ""; {
				m := p.FindStringSubmatchIndex(rest)
				if m == nil {
					break
				}
				if c := called(strings.TrimSpace(rest[m[2]:m[3]])); c != "" {
					return notation(rest[m[0]:m[1]], c)
				}
				rest = rest[m[3]:]
			}
		}
	}
	return nil
}

func notation(written, name string) error {
	if name == "" {
		name = "name"
	}
	return fmt.Errorf("%s is no placeholder here and would be sent as it stands: write ((%s)), with two round brackets ( and ) on each side, to put a column's value in", written, name)
}

// checkNotation refuses texts in which a column is named in another notation, or with
// two meanings. Texts that were planned before are not held against it.
func (d *Definition) checkNotation(columns []string) error {
	for _, t := range d.Texts {
		place := "$.text"
		if t.Language != "" {
			place = "$.texts"
		}
		if err := columnNotation(t.Text, columns, d.Audience.Columns); err != nil {
			return d.refuse(place, "the text%s: %w", of(t.Language), err)
		}
		parts, err := splitText(t.Text)
		if err != nil {
			return d.refuse(place, "the text%s: %w", of(t.Language), err)
		}
		for _, p := range parts {
			if p.defaults && slices.Contains(columns, p.inner) && slices.Contains(columns, p.name) {
				return d.refuse(place, "the text%s: the placeholder ((%s)) may mean the column %q, or the column %q with a default: give the first another name with audience.columns",
					of(t.Language), p.inner, p.inner, p.name)
			}
		}
	}
	return nil
}
