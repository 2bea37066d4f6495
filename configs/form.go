package configs

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// A fault is something that is wrong at a place of the file.
type fault struct {
	path         string // of the value it is about; "": unknown
	line, column int
	err          error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// together is one error of all faults of a file, in the order of its lines; nil when
// there are none.
func together(all []error) error {
	line := func(err error) (uint, int) {
		var f *fault
		if !errors.As(err, &f) {
			return 0, 0
		}
		return uint(f.line), f.column
	}
	slices.SortStableFunc(all, func(a, b error) int {
		al, ac := line(a)
		bl, bc := line(b)
		return cmp.Or(cmp.Compare(al-1, bl-1), cmp.Compare(ac, bc)) // without a line: last
	})
	all = slices.CompactFunc(all, func(a, b error) bool { return a.Error() == b.Error() })
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return errors.Join(all...)
}

// item is the part of a path that faults follow from each other in: an element of a list
// such as $.providers[1], or what stands under a key such as $.prices.mobile.
func item(path string) string {
	end := strings.Index(path, "]")
	if end > 0 && !strings.Contains(strings.TrimPrefix(path[:end], "$."), ".") {
		return path[:end+1]
	}
	steps := strings.SplitN(path, ".", 4)
	return strings.Join(steps[:min(3, len(steps))], ".")
}

// A former looks for what the decoder does not find, or only the first of.
type former struct {
	d       *document
	unknown []error
	changed []error
}

// checkForm finds all keys that are not known, and all values that YAML reads as something
// else than what is written.
func checkForm(d *document) *former {
	f := &former{d: d}
	f.look(d.file.Docs[0].Body, reflect.TypeFor[Config]())
	return f
}

func (f *former) look(n ast.Node, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if anchor, ok := n.(*ast.AnchorNode); ok {
		n = anchor.Value
	}
	if n == nil || t == reflect.TypeFor[Amount]() {
		return
	}
	mapping, isMap := n.(ast.MapNode)
	switch {
	case t.Kind() == reflect.Struct && isMap:
		f.keys(mapping, t)
	case t.Kind() == reflect.Map && isMap:
		for i := mapping.MapRange(); i.Next(); {
			if !i.Key().IsMergeKey() {
				f.scalar(i.Key())
			}
			f.look(i.Value(), t.Elem())
		}
	case t.Kind() == reflect.Slice:
		if list, ok := n.(*ast.SequenceNode); ok {
			for _, one := range list.Values {
				f.look(one, t.Elem())
			}
		}
	case t.Kind() == reflect.String:
		f.scalar(n)
	}
}

func (f *former) keys(m ast.MapNode, t reflect.Type) {
	for i := m.MapRange(); i.Next(); {
		key := i.Key().GetToken()
		if i.Key().IsMergeKey() || key == nil {
			continue
		}
		if of := fieldOf(t, key.Value); of != nil {
			f.look(i.Value(), of)
			continue
		}
		f.unknown = append(f.unknown, &fault{i.Key().GetPath(), key.Position.Line, key.Position.Column, f.d.unknownKey(key)})
	}
}

// fieldOf is the type of what a key of a mapping holds, nil for a key that is not known.
func fieldOf(t reflect.Type, key string) reflect.Type {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if options == "inline" {
			if of := fieldOf(f.Type, key); of != nil {
				return of
			}
		}
		if name == key || name == "" && strings.ToLower(f.Name) == key {
			return f.Type
		}
	}
	return nil
}

// scalar looks at a value that is read as a text.
func (f *former) scalar(n ast.Node) {
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return
	}
	what := ""
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		what = "a number"
	case *ast.BoolNode:
		what = "true or false"
	default:
		return
	}
	written, read := strings.TrimSpace(t.Value), ""
	if s, ok := n.(ast.ScalarNode); ok {
		read = fmt.Sprint(s.GetValue())
	}
	if read == written {
		return
	}
	message := fmt.Sprintf("this is read as %s and becomes another text than is written: put it in quotation marks", what)
	f.changed = append(f.changed, &fault{n.GetPath(), t.Position.Line, t.Position.Column, f.d.point(t, message)})
}

// unknownKey says that a key is not known.
func (d *document) unknownKey(t *token.Token) error {
	message := fmt.Sprintf("unknown key %q", t.Value)
	if near := nearest(t.Value, d.keysBeside(t)); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	} else {
		message += ": remove it, or see configs/tocsin.yaml for the keys there are"
	}
	return d.point(t, message)
}
