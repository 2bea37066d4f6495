package configs

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// A document is the file a configuration came from, kept to say where an error
// stands. The zero document is that of no file.
type document struct {
	name   string
	source []byte
	file   *ast.File
	form   *former // what its form lacks; nil: it was not looked at
}

// node finds the value at a path such as $.providers[1].window; nil when it is
// not in the file.
func (d *document) node(path string) ast.Node {
	if d.file == nil || len(d.file.Docs) == 0 || d.file.Docs[0].Body == nil {
		return nil
	}
	p, err := yaml.PathString(path)
	if err != nil {
		return nil
	}
	n, err := p.FilterFile(d.file)
	if err != nil {
		return nil
	}
	return n
}

func (d *document) has(path string) bool { return d.node(path) != nil }

// at makes an error that stands at path. When path is not in the file the
// nearest thing around it is shown; with no file at all, the message alone.
func (d *document) at(path, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	for p := path; p != "$" && p != ""; p = parent(p) {
		if n := d.node(p); n != nil {
			t := n.GetToken()
			if t == nil || t.Position == nil {
				return d.point(t, message)
			}
			return &fault{path, t.Position.Line, t.Position.Column, d.point(t, message)}
		}
	}
	if d.name != "" {
		return fmt.Errorf("%s: %s", d.name, message)
	}
	return errors.New(message)
}

// parent cuts the last step off a path.
func parent(path string) string {
	i := strings.LastIndexAny(path, ".[")
	if i < 0 {
		return ""
	}
	return path[:i]
}

// point shows a place in the file: name:line:column: message, then the lines
// around it.
func (d *document) point(t *token.Token, message string) error {
	if t == nil || t.Position == nil {
		return fmt.Errorf("%s: %s", d.name, message)
	}
	return fmt.Errorf("%s:%d:%d: %s\n%s", d.name, t.Position.Line, t.Position.Column, message, d.excerpt(t.Position.Line, t.Position.Column))
}

// excerpt is the line and its neighbours, numbered, with a caret below, and
// without the secrets that may stand in them.
func (d *document) excerpt(line, column int) string {
	lines := strings.Split(string(d.source), "\n")
	var b strings.Builder
	for n := max(1, line-1); n <= min(len(lines), line+1); n++ {
		mark := ' '
		if n == line {
			mark = '>'
		}
		fmt.Fprintf(&b, "%c %4d | %s\n", mark, n, conceal(lines, n-1))
		if n == line {
			fmt.Fprintf(&b, "       | %s^\n", strings.Repeat(" ", max(0, column-1)))
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

var (
	literalPassword = regexp.MustCompile(`(?i)(pass\w*["']?\s*:\s*)([^\s{].*|\{\s*[^\sfe}].*)`)
	openPassword    = regexp.MustCompile(`(?i)pass\w*["']?\s*:\s*[|>]?[-+0-9]*\s*$`) // its value follows on the next line
	sourceKey       = regexp.MustCompile(`^\s*["']?(file|env)["']?\s*:`)
	addressPassword = regexp.MustCompile(`(://)[^@\s]*@`)
)

// conceal takes out of a line what may be a secret.
func conceal(lines []string, i int) string {
	line := strings.TrimRight(lines[i], "\r")
	if i > 0 && openPassword.MatchString(strings.TrimRight(lines[i-1], "\r")) && !sourceKey.MatchString(line) {
		return hidden
	}
	line = literalPassword.ReplaceAllString(line, "${1}"+hidden)
	return addressPassword.ReplaceAllString(line, "${1}"+hidden+"@")
}

// explain turns the decoder's error into ours.
func (d *document) explain(err error) error {
	if errors.Is(err, errLiteral) {
		return d.literal()
	}
	if errors.Is(err, ErrAmount) {
		return d.amount()
	}
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		return d.unknownKey(unknown.Token)
	}
	var twice *yaml.DuplicateKeyError
	if errors.As(err, &twice) {
		return d.point(twice.Token, fmt.Sprintf("the key %q stands here twice: remove one", twice.Token.Value))
	}
	var wrong *yaml.TypeError
	if errors.As(err, &wrong) {
		return d.point(wrong.Token, "this must be "+describe(wrong.DstType))
	}
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		return d.point(syntax.GetToken(), syntax.GetMessage())
	}
	return fmt.Errorf("%s: %w", d.name, err)
}

// literal points at the first password that is no {file: …} or {env: …}.
func (d *document) literal() error {
	for i := 0; d.has(fmt.Sprintf("$.providers[%d]", i)); i++ {
		for _, key := range [...]string{"password", "gateway_password", "callback.password"} {
			path := fmt.Sprintf("$.providers[%d].%s", i, key)
			if _, scalar := d.node(path).(ast.ScalarNode); scalar {
				return d.blind(path, errLiteral)
			}
		}
	}
	return fmt.Errorf("%s: %w", d.name, errLiteral)
}

// blind makes an error that stands at path without showing the lines there.
func (d *document) blind(path string, err error) error {
	n := d.node(path)
	if n == nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	at := n.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %w", d.name, at.Line, at.Column, err)
}

// amount points at the first price that is none.
func (d *document) amount() error {
	prices, ok := d.node("$.prices").(*ast.MappingNode)
	if !ok {
		return fmt.Errorf("%s: %w", d.name, ErrAmount)
	}
	for _, price := range prices.Values {
		path := price.Key.GetPath() + ".segment"
		var a Amount
		if n := d.node(path); n != nil && a.UnmarshalYAML([]byte(n.String())) != nil {
			return d.at(path, "%s", ErrAmount)
		}
	}
	return fmt.Errorf("%s: %w", d.name, ErrAmount)
}

// describe says a type in words.
func describe(t reflect.Type) string {
	if t == nil {
		return "something else"
	}
	if t == reflect.TypeFor[RouteConfig]() {
		return "a route such as {prefix: \"86\", to: [NAME]}"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint64:
		if t.PkgPath() == "time" {
			return "a duration such as 30s or 500ms"
		}
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list: write [ ] around it, or lines that begin with a dash"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "keys and values, such as {key: value}"
	default:
		return "a " + t.Kind().String()
	}
}

// keysBeside lists the keys allowed where the key of token t stands.
func (d *document) keysBeside(t *token.Token) []string {
	if d.file == nil {
		return nil
	}
	f := finder{want: t}
	for _, doc := range d.file.Docs {
		if doc.Body != nil {
			ast.Walk(&f, doc.Body)
		}
	}
	typ := reflect.TypeFor[Config]()
	steps := strings.Split(parent(f.path), ".")
	for _, step := range steps {
		name, _, _ := strings.Cut(step, "[")
		if name == "$" || name == "" {
			continue
		}
		typ = fieldType(typ, name)
		if typ == nil {
			return nil
		}
	}
	return keysOf(typ)
}

// A finder walks the tree to the key that a token belongs to.
type finder struct {
	want *token.Token
	path string
}

// Visit is ast.Visitor's.
func (f *finder) Visit(n ast.Node) ast.Visitor {
	if m, ok := n.(*ast.MappingValueNode); ok && m.Key.GetToken() == f.want {
		f.path = m.Key.GetPath()
	}
	return f
}

func fieldType(t reflect.Type, key string) reflect.Type {
	if t.Kind() == reflect.Map {
		return t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if f.Tag.Get("yaml") == key {
			u := f.Type
			for u.Kind() == reflect.Slice || u.Kind() == reflect.Pointer {
				u = u.Elem()
			}
			return u
		}
	}
	return nil
}

func keysOf(t reflect.Type) []string {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for f := range t.Fields() {
		if k := f.Tag.Get("yaml"); k != "" && k != "-" {
			keys = append(keys, k)
		}
	}
	return keys
}

// nearest is the key that key was probably meant to be; "" when none is near.
func nearest(key string, keys []string) string {
	best, least := "", 1+max(1, len(key)/3)
	for _, k := range keys {
		if d := distance(strings.ToLower(key), k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, remove, replace or swap with a neighbour.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
