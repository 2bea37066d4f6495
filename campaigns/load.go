package campaigns

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// maxDefinition is the largest definition file read, in octets: far above any
// that a person writes.
const maxDefinition = 1 << 18

// maxSender is the longest sender: SMPP 3.4 section 4.4.1, source_addr has 21
// octets with the closing NUL.
const maxSender = 20

// Load reads and checks a definition file. What is wrong with the file is a
// *Refusal; any other error is that of reading it.
func Load(path string) (*Definition, error) {
	source, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &Refusal{File: path, Err: errors.New("there is no such file")}
	}
	if err != nil {
		return nil, fmt.Errorf("read campaign: %w", err)
	}
	return Parse(path, source)
}

// Parse checks a definition read from path, whose folder is where relative paths
// begin. The error is a *Refusal. It does not look at the audience's files.
func Parse(path string, source []byte) (*Definition, error) {
	if len(source) > maxDefinition {
		return nil, &Refusal{File: path, Err: fmt.Errorf("a campaign has at most %d octets: is this the audience?", maxDefinition)}
	}
	if !utf8.Valid(source) {
		return nil, &Refusal{File: path, Err: errors.New("is not UTF-8: save it in that encoding")}
	}
	source = bytes.TrimPrefix(source, []byte("\ufeff")) // Windows editors write it
	if err := refuseControls(path, source); err != nil {
		return nil, err
	}
	if err := checkShape(path, source); err != nil {
		return nil, err
	}
	var doc document
	file, err := decode(source, &doc)
	if err != nil {
		return nil, syntaxRefusal(path, err)
	}
	l := loader{path: path, file: file, doc: &doc, d: &Definition{Path: path, Source: string(source)}}
	if err := l.load(); err != nil {
		return nil, err
	}
	return l.d, nil
}

// places remembers where in the file things stand, for errors found later, and
// the paths as they are written, for the hash.
type places struct {
	files, exclude []string
	at             map[string][2]int // YAML path: line and column
}

// refuse is a refusal of the definition at a YAML path noted before.
func (d *Definition) refuse(path, format string, args ...any) error {
	at := d.places.at[path]
	return &Refusal{File: d.Path, Line: at[0], Column: at[1], Err: fmt.Errorf(format, args...)}
}

// RefuseRoute is a refusal of the definition at a key of its i-th route: carrier or
// to.
func (d *Definition) RefuseRoute(i int, key string, err error) error {
	return d.refuse(fmt.Sprintf("$.routes[%d].%s", i, key), "%w", err)
}

// RefuseEvery is a refusal of the definition at schedule.every.
func (d *Definition) RefuseEvery(err error) error { return d.refuse("$.schedule.every", "%w", err) }

// A loader makes a definition of a document.
type loader struct {
	path string
	file *ast.File
	doc  *document
	d    *Definition
}

// note looks a YAML path up in the file; a path that is not there stands where
// its parent does.
func (l *loader) note(path string) {
	for at := path; at != "$" && at != ""; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		p, err := yaml.PathString(at)
		if err != nil {
			return
		}
		if n, err := p.FilterFile(l.file); err == nil && n != nil && n.GetToken() != nil {
			l.d.places.at[path] = [2]int{n.GetToken().Position.Line, n.GetToken().Position.Column}
			return
		}
	}
}

func (l *loader) refuse(path, format string, args ...any) error {
	l.note(path)
	return l.d.refuse(path, format, args...)
}

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

var prefixPattern = regexp.MustCompile(`^([1-9][0-9]{0,14}|\*)$`)

func (l *loader) load() error {
	doc, d := l.doc, l.d
	d.places.at = map[string][2]int{}
	for _, path := range []string{"$.text", "$.texts", "$.language", "$.audience.where", "$.audience.expect", "$.audience.columns", "$.audience.files", "$.schedule.every"} {
		l.note(path)
	}
	d.Key, d.Title, d.Sender, d.Language = doc.Key, strings.TrimSpace(doc.Title), doc.Sender, strings.TrimSpace(doc.Language)
	if !keyPattern.MatchString(doc.Key) {
		return l.refuse("$.key", "key must be 1 to 64 small letters, digits, dots, hyphens or underlines and begin with a letter or digit: it names the campaign for good")
	}
	if d.Title == "" {
		d.Title = d.Key
	}
	var ok bool
	if d.Class, ok = sms.ParseClass(doc.Class); !ok && doc.Class != "" {
		return l.refuse("$.class", "class is %q: it must be routine, urgent or emergency", doc.Class)
	}
	d.Signature = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(doc.Signature), "【"), "】")
	if strings.ContainsAny(d.Signature, "【】\n") {
		return l.refuse("$.signature", "signature is a name alone: 【 and 】 are put around it")
	}
	if i := strings.IndexFunc(d.Sender, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 || len(d.Sender) > maxSender {
		return l.refuse("$.sender", "sender is a number or a name of at most %d ASCII letters and digits", maxSender)
	}
	for _, step := range []func() error{l.values, l.texts, l.audience, l.schedule, l.policies, l.replies, l.override} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) texts() error {
	doc, d := l.doc, l.d
	switch {
	case doc.Text == "" && len(doc.Texts) == 0:
		return l.refuse("$.text", "there is no text: write text, or texts by language")
	case doc.Text != "" && len(doc.Texts) > 0:
		return l.refuse("$.texts", "there are both text and texts: keep one of them")
	case len(doc.Texts) > 0 && d.Language == "":
		return l.refuse("$.texts", "texts need language: the name of the column with each recipient's language")
	case doc.Text != "" && d.Language != "":
		return l.refuse("$.language", "language is for texts: there is only one text")
	case doc.Text != "":
		d.Texts = []Text{{Text: strings.TrimRight(doc.Text, "\n")}}
	}
	for _, t := range doc.Texts {
		d.Texts = append(d.Texts, Text{t.Language, strings.TrimRight(t.Text, "\n")})
	}
	seen := map[string]bool{}
	for _, t := range d.Texts {
		path := "$.text"
		if t.Language != "" {
			path = "$.texts"
		}
		if seen[strings.ToLower(t.Language)] {
			return l.refuse(path, "there are two texts%s: capital letters make no other language", of(t.Language))
		}
		seen[strings.ToLower(t.Language)] = true
		if i := strings.IndexFunc(t.Text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' || r == 0x7F }); i >= 0 {
			return l.refuse(path, "the text%s holds the control character U+%04X: remove it, no handset shows it", of(t.Language), t.Text[i])
		}
		if d.Signature != "" && strings.HasPrefix(strings.TrimSpace(t.Text), "【"+d.Signature+"】") {
			return l.refuse(path, "the text%s begins with 【%s】, and signature puts it there too: remove one of them", of(t.Language), d.Signature)
		}
		if strings.TrimSpace(t.Text) == "" {
			return l.refuse(path, "the text%s is empty", of(t.Language))
		}
		parts, err := splitText(d.whole(t.Text))
		if err != nil {
			return l.refuse(path, "the text%s: %w", of(t.Language), err)
		}
		if err := checkLength(parts); err != nil {
			return l.refuse(path, "the text%s: %w", of(t.Language), err)
		}
	}
	return nil
}

func of(language string) string {
	if language == "" {
		return ""
	}
	return " of language " + language
}

func (l *loader) audience() error {
	a, d := &l.doc.Audience, l.d
	if len(a.Files) == 0 {
		return l.refuse("$.audience.files", "there is no audience: name its files in audience.files")
	}
	d.Audience = Audience{Columns: map[string]string{}, Where: strings.TrimSpace(a.Where), Expect: Expect(a.Expect)}
	usual := strings.TrimSpace(a.Encoding)
	if usual != "" && !audience.KnowsEncoding(usual) {
		return l.refuse("$.audience.encoding", "there is no encoding %q: write utf-8, gb18030, big5, euc-kr, shift_jis, windows-1252 or the like", usual)
	}
	for _, list := range []struct {
		path    string
		files   []documentFile
		written *[]string // as the definition has them
		to      *[]string
		reading *[]audience.Options
	}{
		{"$.audience.files", a.Files, &d.places.files, &d.Audience.Files, &d.Audience.Reading},
		{"$.audience.exclude", a.Exclude, &d.places.exclude, &d.Audience.Exclude, &d.Audience.ExcludeReading},
	} {
		for i, f := range list.files {
			at, name := fmt.Sprintf("%s[%d]", list.path, i), f.File
			l.note(at)
			if strings.TrimSpace(name) == "" {
				return l.refuse(at, "a file without a name")
			}
			how, err := l.reading(at, f, usual)
			if err != nil {
				return err
			}
			*list.written, *list.reading = append(*list.written, name), append(*list.reading, how)
			if !filepath.IsAbs(name) {
				name = filepath.Join(filepath.Dir(l.path), name)
			}
			*list.to = append(*list.to, name)
		}
	}
	used := map[string]string{}
	for name, column := range a.Columns {
		name, column = strings.TrimSpace(name), strings.TrimSpace(column)
		if name == "" || column == "" {
			return l.refuse("$.audience.columns", "columns names nothing: write the name in the text, then the column's name in the files")
		}
		if other, ok := used[column]; ok {
			return l.refuse("$.audience.columns", "columns gives %q two names, %s and %s", column, min(other, name), max(other, name))
		}
		used[column] = name
		d.Audience.Columns[name] = column
	}
	switch a.Missing {
	case "":
		d.Audience.Missing = MissingRefuse
	case MissingRefuse, MissingExclude, MissingSend:
		d.Audience.Missing = a.Missing
	default:
		return l.refuse("$.audience.missing", "missing is %q: it must be refuse, exclude or send", a.Missing)
	}
	if e := a.Expect; e.Min < 0 || e.Max < 0 || e.Max > 0 && e.Min > e.Max {
		return l.refuse("$.audience.expect", "expect is from %d to %d: nothing is in between", e.Min, e.Max)
	}
	return nil
}

func (l *loader) policies() error {
	doc, d := l.doc, l.d
	d.Receipts = Receipts{Wanted: doc.Receipts.Wanted == nil || *doc.Receipts.Wanted, Wait: time.Hour}
	if doc.Receipts.Wait != "" {
		wait, err := time.ParseDuration(doc.Receipts.Wait)
		if err != nil || wait < 0 {
			return l.refuse("$.receipts.wait", "%q is no length of time: write one like 30m or 2h", doc.Receipts.Wait)
		}
		d.Receipts.Wait = wait
	}
	switch doc.InDoubt {
	case "resend", "hold":
		d.InDoubt = doc.InDoubt
	case "":
		d.InDoubt = "hold"
		if d.Class == sms.Emergency {
			d.InDoubt = "resend"
		}
	default:
		return l.refuse("$.in_doubt", "in_doubt is %q: it must be resend or hold", doc.InDoubt)
	}
	d.Routes = doc.Routes
	for i, r := range d.Routes {
		at := fmt.Sprintf("$.routes[%d]", i)
		l.note(at + ".to")
		l.note(at + ".carrier")
		if r.Prefix != "" && !prefixPattern.MatchString(r.Prefix) {
			return l.refuse(at+".prefix", "prefix %q will not do: digits after the plus sign, country code first, for example \"86\", or \"*\" for every number", r.Prefix)
		}
		if (r.Carrier == "") == (r.Prefix == "") {
			return l.refuse(at, "a route is for a carrier or for a prefix: name one of them")
		}
		if len(r.To) == 0 {
			return l.refuse(at, "a route leads nowhere: name providers in to")
		}
	}
	return nil
}
