package campaigns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"tocsin/providers/sms"
)

// A Refusal says why a definition or its audience is not accepted: where, and
// what to do.
type Refusal struct {
	File string
	Line int // 0: the file as a whole
	Err  error
}

// Error is file, line and what is wrong.
func (r *Refusal) Error() string {
	if r.Line > 0 {
		return fmt.Sprintf("%s:%d: %v", r.File, r.Line, r.Err)
	}
	return fmt.Sprintf("%s: %v", r.File, r.Err)
}

// Unwrap is what is wrong.
func (r *Refusal) Unwrap() error { return r.Err }

// A Definition is a campaign as staff write it.
type Definition struct {
	Key       string            // unique for ever
	Title     string            // for people
	Class     sms.Class         // lane and policies
	Sender    string            // shown on handsets; empty: the provider's
	Signature string            // put in front as 【…】, counted
	Text      string            // with ((name)) placeholders
	Texts     map[string]string // by language, instead of Text
	Language  string            // the column that names a recipient's language
	Audience  Audience
	Schedule  Schedule
	Receipts  Receipts
	InDoubt   string // resend or hold
	Routes    []Route

	Path   string // the file it was read from
	Source string // its text
}

// An Audience says where the recipients are and which of them are meant.
type Audience struct {
	Files   []string          `yaml:"files"`
	Columns map[string]string `yaml:"columns"` // our name: the file's header
	Where   string            `yaml:"where"`   // an expression over the columns
	Exclude []string          `yaml:"exclude"` // files of numbers that are left out
	Expect  Expect            `yaml:"expect"`
}

// Expect is how many recipients there should be; a plan outside is refused. 0: no limit.
type Expect struct {
	Min int `yaml:"min"`
	Max int `yaml:"max"`
}

// A Schedule says when a campaign is sent.
type Schedule struct {
	Start   time.Time // zero: at once
	Expires time.Time // zero: never; recipients not offered by then are expired
	Window  Window
}

// Receipts says whether receipts are asked for, and how long the last one is
// waited for.
type Receipts struct {
	Wanted bool
	Wait   time.Duration
}

// A Route overrides the configuration's routes.
type Route struct {
	Carrier string   `yaml:"carrier"`
	Prefix  string   `yaml:"prefix"`
	To      []string `yaml:"to"`
}

// Resends reports whether recipients in doubt are offered once more.
func (d *Definition) Resends() bool { return d.InDoubt == "resend" }

// file is the definition as it stands in YAML.
type file struct {
	Key       string            `yaml:"key"`
	Title     string            `yaml:"title"`
	Class     string            `yaml:"class"`
	Sender    string            `yaml:"sender"`
	Signature string            `yaml:"signature"`
	Text      string            `yaml:"text"`
	Texts     map[string]string `yaml:"texts"`
	Language  string            `yaml:"language"`
	Audience  Audience          `yaml:"audience"`
	Schedule  struct {
		Start   string `yaml:"start"`
		Expires string `yaml:"expires"`
		Window  struct {
			From string `yaml:"from"`
			To   string `yaml:"to"`
			Zone string `yaml:"zone"`
		} `yaml:"window"`
	} `yaml:"schedule"`
	Receipts struct {
		Wanted *bool         `yaml:"wanted"`
		Wait   time.Duration `yaml:"wait"`
	} `yaml:"receipts"`
	InDoubt string  `yaml:"in_doubt"`
	Routes  []Route `yaml:"routes"`
}

// maxDefinition is far above any definition.
const maxDefinition = 1 << 20

// Load reads a definition. Its error is a *Refusal.
func Load(path string) (*Definition, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &Refusal{File: path, Err: fmt.Errorf("the definition cannot be read: %w", err)}
	}
	if info.Size() > maxDefinition {
		return nil, &Refusal{File: path, Err: errors.New("larger than 1 MiB: is it the right file?")}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &Refusal{File: path, Err: fmt.Errorf("the definition cannot be read: %w", err)}
	}
	return Parse(path, data)
}

// Parse reads a definition's text; paths in it are relative to path's folder.
func Parse(path string, data []byte) (*Definition, error) {
	var f file
	if err := yaml.UnmarshalWithOptions(data, &f, yaml.Strict()); err != nil {
		return nil, refuseYAML(path, err)
	}
	d := &Definition{
		Key: f.Key, Title: f.Title, Sender: f.Sender, Signature: f.Signature, Text: f.Text, Texts: f.Texts, Language: f.Language,
		Audience: f.Audience, InDoubt: f.InDoubt, Routes: f.Routes, Path: path, Source: string(data),
		Receipts: Receipts{Wanted: f.Receipts.Wanted == nil || *f.Receipts.Wanted, Wait: f.Receipts.Wait},
	}
	if err := d.complete(&f); err != nil {
		return nil, &Refusal{File: path, Line: lineOf(data, err), Err: err}
	}
	return d, nil
}

// A keyError speaks of one key of the definition.
type keyError struct {
	key string
	err error
}

func (e *keyError) Error() string { return e.key + ": " + e.err.Error() }

func wrong(key, format string, args ...any) error {
	return &keyError{key, fmt.Errorf(format, args...)}
}

// lineOf finds the line on which the key that err speaks of stands.
func lineOf(data []byte, err error) int {
	var k *keyError
	if !errors.As(err, &k) {
		return 0
	}
	word := k.key[strings.LastIndexByte(k.key, '.')+1:] + ":"
	for i, line := range strings.Split(string(data), "\n") {
		if strings.Contains(line, word) {
			return i + 1
		}
	}
	return 0
}

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// complete checks what the file says and fills in the defaults.
func (d *Definition) complete(f *file) error {
	if !keyPattern.MatchString(d.Key) {
		return wrong("key", "want a name of small letters, digits, dots and hyphens that no other campaign has, at most 64 characters")
	}
	if f.Class == "" {
		f.Class = "routine"
	}
	var ok bool
	if d.Class, ok = sms.ParseClass(f.Class); !ok {
		return wrong("class", "%q is none: want routine, urgent or emergency", f.Class)
	}
	switch d.InDoubt {
	case "":
		d.InDoubt = "hold"
		if d.Class == sms.Emergency {
			d.InDoubt = "resend"
		}
	case "hold", "resend":
	default:
		return wrong("in_doubt", "%q is none: want resend or hold", d.InDoubt)
	}
	if d.Receipts.Wait == 0 {
		d.Receipts.Wait = time.Hour
	}
	if d.Receipts.Wait < 0 {
		return wrong("wait", "want a duration of at least 0, such as 30m")
	}
	if (d.Text == "") == (len(d.Texts) == 0) {
		return wrong("text", "want either text, or texts by language")
	}
	if len(d.Texts) > 0 && d.Language == "" {
		return wrong("texts", "texts by language need language: the column that says who reads which")
	}
	if err := d.schedule(f); err != nil {
		return err
	}
	return d.audience()
}

func (d *Definition) audience() error {
	a := &d.Audience
	if len(a.Files) == 0 {
		return wrong("files", "the audience has no files: name at least one")
	}
	if a.Columns == nil {
		a.Columns = map[string]string{}
	}
	if a.Columns["number"] == "" {
		a.Columns["number"] = "number"
	}
	if a.Expect.Min < 0 || a.Expect.Max < 0 || a.Expect.Max > 0 && a.Expect.Max < a.Expect.Min {
		return wrong("expect", "want min and max of at least 0, and min not above max")
	}
	return nil
}

func (d *Definition) schedule(f *file) (err error) {
	zone := time.Local
	if name := f.Schedule.Window.Zone; name != "" {
		if zone, err = time.LoadLocation(name); err != nil {
			return wrong("zone", "%q is not a time zone: want one such as Asia/Shanghai", name)
		}
	}
	if d.Schedule.Start, err = moment(f.Schedule.Start, zone); err != nil {
		return wrong("start", "%w", err)
	}
	if d.Schedule.Expires, err = moment(f.Schedule.Expires, zone); err != nil {
		return wrong("expires", "%w", err)
	}
	if !d.Schedule.Expires.IsZero() && d.Schedule.Expires.Before(d.Schedule.Start) {
		return wrong("expires", "the campaign expires before it starts")
	}
	w := &f.Schedule.Window
	if w.From == "" && w.To == "" {
		return nil
	}
	if d.Schedule.Window, err = newWindow(w.From, w.To, zone); err != nil {
		return wrong("window", "%w", err)
	}
	return nil
}

// moment reads a time with or without zone; empty is zero.
func moment(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: want one such as 2026-07-01 08:30 or 2026-07-01T08:30:00+08:00", text)
}

// Hash is over what decides who is sent what.
func (d *Definition) Hash() string {
	data, err := json.Marshal([]any{d.Key, d.Class, d.Sender, d.Signature, d.Text, d.Texts, d.Language, d.Audience, d.Routes})
	if err != nil {
		panic("campaigns: internal error: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// resolve makes a path of the definition whole.
func (d *Definition) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(d.Path), path)
}

// Languages are the languages there are texts in, sorted; one empty one when
// there is a single text.
func (d *Definition) Languages() []string {
	if len(d.Texts) == 0 {
		return []string{""}
	}
	var all []string
	for l := range d.Texts {
		all = append(all, l)
	}
	slices.Sort(all)
	return all
}
