package httpgw

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Template is a part of a request, written as YAML writes it. A text may hold
// placeholders ((name)), whose values are escaped as the place demands; a text that is
// one placeholder with nothing to say is left out. {each: X} is X for each number of the
// request, as a list or, with join: ",", as one text; {as_number: X} is X without quotes.
// A list or keys where a text is wanted, in a form, are written as JSON.
type Template struct {
	root node
	// Mixed: what differs between recipients stands below each alone, so that different
	// texts may share a request.
	mixed bool
}

// A node is one of parts, digits, list, object, each, or literal.
type node interface{}

type (
	parts   []part
	digits  parts // a JSON number
	list    []node
	object  []entry
	literal string // JSON as it is
	each    struct {
		of   node
		join *string
	}
	part  struct{ text, name string } // one of them
	entry struct {
		key   parts
		value node
	}
)

// personal are the placeholders that differ between the recipients of a request.
var personal = map[string]bool{"text": true, "unsigned": true, "signature": true, "number": true, "national": true, "segments": true, "coding": true}

// compile reads a template; known says which placeholders there are.
func compile(from any, known func(name string) bool) (*Template, error) {
	if from == nil {
		return nil, nil
	}
	t := &Template{mixed: true}
	var err error
	t.root, err = t.node(from, known, false)
	return t, err
}

func (t *Template) node(from any, known func(string) bool, inEach bool) (node, error) {
	switch v := from.(type) {
	case string:
		p, err := compileText(v, known)
		for _, one := range p {
			if personal[one.name] && !inEach {
				t.mixed = false
			}
		}
		return p, err
	case []any:
		l := make(list, len(v))
		for i := range v {
			n, err := t.node(v[i], known, inEach)
			if err != nil {
				return nil, err
			}
			l[i] = n
		}
		return l, nil
	case map[string]any:
		if of, ok := v["each"]; ok {
			return t.each(v, of, known)
		}
		if of, ok := v["as_number"].(string); ok && len(v) == 1 {
			p, err := compileText(of, known)
			return digits(p), err
		}
		var o object
		for _, key := range slices.Sorted(maps.Keys(v)) {
			n, err := t.node(v[key], known, inEach)
			if err != nil {
				return nil, err
			}
			name, err := compileText(key, known)
			if err != nil {
				return nil, err
			}
			o = append(o, entry{name, n})
		}
		return o, nil
	case nil, bool, int, int64, uint64, float64:
		raw, err := json.Marshal(v)
		return literal(raw), err
	}
	return nil, fmt.Errorf("a template holds a %T", from)
}

func (t *Template) each(v map[string]any, of any, known func(string) bool) (node, error) {
	n, err := t.node(of, known, true)
	e := each{of: n}
	join, ok := v["join"].(string)
	if ok {
		e.join = &join
	}
	if len(v) > 2 || len(v) == 2 && !ok {
		return nil, fmt.Errorf("beside each stands only join, a text")
	}
	return e, err
}

func compileText(s string, known func(string) bool) (parts, error) {
	var p parts
	for {
		before, rest, found := strings.Cut(s, "((")
		if before != "" {
			p = append(p, part{text: before})
		}
		if !found {
			return p, nil
		}
		name, after, closed := strings.Cut(rest, "))")
		if !closed {
			return nil, fmt.Errorf("a placeholder is not closed: write ((name))")
		}
		if !known(name) {
			return nil, fmt.Errorf("nobody says what ((%s)) is: write it under values", name)
		}
		p = append(p, part{name: name})
		s = after
	}
}

// A speaker says what a placeholder stands for, for recipient i of the request.
type speaker interface {
	say(name string, i int) string
}

// line is p's text.
func (p parts) line(s speaker, i int) string {
	if len(p) == 1 {
		if p[0].name == "" {
			return p[0].text
		}
		return s.say(p[0].name, i)
	}
	var b strings.Builder
	for _, one := range p {
		if one.name == "" {
			b.WriteString(one.text)
		} else {
			b.WriteString(s.say(one.name, i))
		}
	}
	return b.String()
}

// silent reports whether a value is one placeholder with nothing to say.
func silent(n node, s speaker, i int) bool {
	p, ok := n.(parts)
	return ok && len(p) == 1 && p[0].name != "" && s.say(p[0].name, i) == ""
}

// appendJSON appends a node as JSON; n is how many recipients there are.
func appendJSON(b []byte, from node, s speaker, i, n int) []byte {
	switch v := from.(type) {
	case parts:
		return appendQuoted(b, v.line(s, i))
	case digits:
		if n, err := strconv.ParseInt(parts(v).line(s, i), 10, 64); err == nil {
			return strconv.AppendInt(b, n, 10)
		}
		return append(b, "null"...)
	case literal:
		return append(b, v...)
	case list:
		b = append(b, '[')
		for k := range v {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, v[k], s, i, n)
		}
		return append(b, ']')
	case object:
		b = append(b, '{')
		first := true
		for _, e := range v {
			if silent(e.value, s, i) {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(appendQuoted(b, e.key.line(s, i)), ':')
			b = appendJSON(b, e.value, s, i, n)
		}
		return append(b, '}')
	case each:
		if v.join != nil {
			return appendQuoted(b, joined(v, s, n))
		}
		b = append(b, '[')
		for k := range n {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, v.of, s, k, n)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

// joined is an each with join as one text.
func joined(e each, s speaker, n int) string {
	var b strings.Builder
	for k := range n {
		if k > 0 {
			b.WriteString(*e.join)
		}
		b.WriteString(plainText(e.of, s, k, n))
	}
	return b.String()
}

// plainText is a node as a form's value.
func plainText(from node, s speaker, i, n int) string {
	switch v := from.(type) {
	case parts:
		return v.line(s, i)
	case each:
		if v.join != nil {
			return joined(v, s, n)
		}
	case literal:
		if v == "null" {
			return ""
		}
		return strings.Trim(string(v), `"`)
	}
	return string(appendJSON(nil, from, s, i, n))
}

// appendForm appends a template's keys as a form or query, sorted by key, escaped as RFC
// 3986 does, which signatures want and everybody reads.
func (t *Template) appendForm(b []byte, s speaker, n int) []byte {
	if t == nil {
		return b
	}
	o, _ := t.root.(object)
	start := len(b)
	for _, e := range o {
		if silent(e.value, s, 0) {
			continue
		}
		if len(b) > start {
			b = append(b, '&')
		}
		b = append(appendEscaped(b, e.key.line(s, 0)), '=')
		b = appendEscaped(b, plainText(e.value, s, 0, n))
	}
	return b
}

// appendEscaped percent-encodes all but RFC 3986's unreserved characters (section 2.3).
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// appendQuoted appends a JSON string (RFC 8259, section 7).
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			b = utf8.AppendRune(b, r) // octets that are no UTF-8 are U+FFFD
		}
	}
	return append(b, '"')
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
