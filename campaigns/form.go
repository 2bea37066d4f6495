package campaigns

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// A former holds a definition's YAML against what a document may hold, and finds all
// that is wrong: keys that are not known, and values that YAML reads as something else
// than what is written.
type former struct {
	path   string
	cut    map[[2]int]bool // places of plain scalars with a comment behind them on their line
	faults []*Refusal
}

// plainly are the keys whose values people write as they are to be sent: not even a
// number stands there without quotation marks.
var plainly = []string{"key", "title", "sender", "signature", "text", "override_reason"}

// checkForm finds what is wrong with the form of a file.
func checkForm(path string, source []byte, file *ast.File) []*Refusal {
	f := &former{path: path, cut: comments(source)}
	f.look(file.Docs[0].Body, reflect.TypeFor[document](), false)
	return f.faults
}

// comments are the places of scalars that have a comment behind them on their last line.
func comments(source []byte) map[[2]int]bool {
	found := map[[2]int]bool{}
	lines := strings.Split(string(source), "\n")
	var last *token.Token
	for _, t := range lexer.Tokenize(string(source)) {
		if t.Type != token.CommentType {
			last = t
			continue
		}
		at := t.Position
		if last == nil || at.Line > len(lines) {
			continue
		}
		before, _, _ := strings.Cut(lines[at.Line-1], "#")
		if strings.TrimSpace(before) != "" {
			found[[2]int{last.Position.Line, last.Position.Column}] = true
		}
	}
	return found
}

func (f *former) add(t *token.Token, format string, args ...any) {
	r := &Refusal{File: f.path, Err: fmt.Errorf(format, args...)}
	if t != nil && t.Position != nil {
		r.Line, r.Column = t.Position.Line, t.Position.Column
	}
	f.faults = append(f.faults, r)
}

// look holds a value against the type that it is read into. plain: it is one of plainly.
func (f *former) look(n ast.Node, t reflect.Type, plain bool) {
	if anchor, ok := n.(*ast.AnchorNode); ok {
		n = anchor.Value
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n == nil {
		return
	}
	mapping, isMap := n.(ast.MapNode)
	switch {
	case t == reflect.TypeFor[texts](), t == reflect.TypeFor[replies]():
		if isMap {
			f.names(mapping, reflect.TypeFor[string](), true)
		}
	case t.Kind() == reflect.Map:
		if isMap {
			f.names(mapping, t.Elem(), false)
		}
	case t.Kind() == reflect.Slice:
		if list, ok := n.(*ast.SequenceNode); ok {
			for _, item := range list.Values {
				f.look(item, t.Elem(), false)
			}
		}
	case t.Kind() == reflect.Struct && isMap:
		f.keys(mapping, t)
	case t.Kind() == reflect.String, t == reflect.TypeFor[documentFile]():
		f.scalar(n, plain)
	}
}

// keys looks at a mapping whose keys are known.
func (f *former) keys(m ast.MapNode, t reflect.Type) {
	for i := m.MapRange(); i.Next(); {
		key := i.Key().GetToken()
		if i.Key().IsMergeKey() || key == nil {
			continue
		}
		at := -1
		for k := range t.NumField() {
			if t.Field(k).Tag.Get("yaml") == key.Value {
				at = k
			}
		}
		if at < 0 {
			message := fmt.Sprintf("there is no key %q here", key.Value)
			if n := nearest(key.Value, documentKeys(reflect.TypeFor[document](), nil)); n != "" {
				message += fmt.Sprintf(": did you mean %q?", n)
			}
			f.add(key, "%s", message)
			continue
		}
		f.look(i.Value(), t.Field(at).Type, t == reflect.TypeFor[document]() && slices.Contains(plainly, key.Value))
	}
}

// names looks at a mapping whose keys are the file's own.
func (f *former) names(m ast.MapNode, t reflect.Type, plain bool) {
	for i := m.MapRange(); i.Next(); {
		if !i.Key().IsMergeKey() {
			f.scalar(i.Key(), false)
		}
		f.look(i.Value(), t, plain)
	}
}

// dateForm is what YAML 1.1, and so other programs, read as a date.
var dateForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][ 0-9:.]*(Z|[+-][0-9:]+)?)?$`)

// scalar looks at a value that is read as a text.
func (f *former) scalar(n ast.Node, plain bool) {
	t := n.GetToken()
	if t == nil {
		return
	}
	written := strings.TrimSpace(t.Value)
	what := ""
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		what = "a number"
	case *ast.BoolNode:
		what = "true or false"
	case *ast.NullNode:
		if plain && t.Type == token.NullType {
			f.add(t, "%s stands for nothing: put it in quotation marks, %q, or leave the key out", written, written)
		}
		return
	case *ast.StringNode:
		if n.Token.Type != token.StringType || !plain {
			return
		}
		if f.cut[[2]int{t.Position.Line, t.Position.Column}] {
			f.add(t, "a number sign behind a space begins a comment, and what stands behind it is cut off: put the whole value in quotation marks, or the comment on a line of its own")
		} else if dateForm.MatchString(written) {
			f.add(t, "%s is read as a date: put it in quotation marks, %q", written, written)
		}
		return
	default:
		return
	}
	read := written
	if s, ok := n.(ast.ScalarNode); ok {
		read = fmt.Sprint(s.GetValue())
	}
	switch {
	case read != written:
		f.add(t, "%s is read as %s and becomes %s: put it in quotation marks, %q", written, what, read, written)
	case plain:
		f.add(t, "%s is read as %s: put it in quotation marks, %q", written, what, written)
	}
}
