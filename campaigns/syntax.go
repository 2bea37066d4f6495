package campaigns

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// errOdd is for YAML on which the library dereferences nil: files that are no sensible
// YAML (a tag on a scalar where a list belongs, for one).
var errOdd = errors.New("this YAML cannot be read: write it plainly, without tags and anchors")

// parseYAML reads the form of a file.
func parseYAML(source []byte) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errOdd
		}
	}()
	if file, err = parser.ParseBytes(source, 0); err != nil {
		return nil, err
	}
	if len(file.Docs) == 0 || len(file.Docs) == 1 && file.Docs[0].Body == nil {
		return nil, errors.New("is empty: a campaign needs key, text and audience at least")
	}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("a campaign is one YAML document, this file has %d: remove the lines --- between them", len(file.Docs))
	}
	return file, nil
}

// decode reads YAML into doc. Its strict pass ends at a key that is not known; checkForm
// has found all of these, and then the rest is read without them.
func decode(source []byte, doc *document) (err error) {
	defer func() {
		if recover() != nil {
			err = errOdd
		}
	}()
	err = yaml.UnmarshalWithOptions(source, doc, yaml.Strict())
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		*doc = document{}
		if err := yaml.Unmarshal(source, doc); err != nil {
			return err
		}
	}
	return err
}

// syntaxRefusal puts the YAML library's error into our form.
func syntaxRefusal(path string, err error) *Refusal {
	r := &Refusal{File: path, Err: err}
	var located yaml.Error
	if !errors.As(err, &located) {
		return r
	}
	message := located.GetMessage()
	if t := located.GetToken(); t != nil && t.Position != nil {
		r.Line, r.Column = t.Position.Line, t.Position.Column
		var unknown *yaml.UnknownFieldError
		if errors.As(err, &unknown) {
			message = fmt.Sprintf("there is no key %q here", t.Value)
			if n := nearest(t.Value, documentKeys(reflect.TypeFor[document](), nil)); n != "" {
				message += fmt.Sprintf(": did you mean %q?", n)
			}
		}
		var wrong *yaml.TypeError
		var unexpected *yaml.UnexpectedNodeTypeError
		switch {
		case errors.As(err, &wrong):
			message = "this must be " + describe(wrong.DstType)
		case errors.As(err, &unexpected):
			message = "this must be " + kind(unexpected.Expected)
		}
	}
	r.Err = errors.New(message)
	return r
}

// describe says in words what a value of a type is written like.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.String:
		return "a text: put it in quotes"
	case reflect.Slice:
		return kind(ast.SequenceType)
	default:
		return kind(ast.MappingType)
	}
}

// kind says in words what a piece of YAML is written like.
func kind(t ast.NodeType) string {
	switch t {
	case ast.SequenceType:
		return "a list: write [ ] around it, or lines that begin with a dash"
	case ast.MappingType, ast.MappingValueType:
		return "keys and values, such as {key: value}"
	default:
		return "a plain value"
	}
}

// documentKeys are all keys a definition knows, at every depth; the keys of one mapping
// stand before those inside it.
func documentKeys(t reflect.Type, keys []string) []string {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return keys
	}
	for f := range t.Fields() {
		if tag := f.Tag.Get("yaml"); tag != "" {
			keys = append(keys, tag)
		}
	}
	for f := range t.Fields() {
		if f.Tag.Get("yaml") != "" {
			keys = documentKeys(f.Type, keys)
		}
	}
	return keys
}
