package campaigns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// A Definition is a campaign as its file describes it, checked and with its
// defaults filled in. It does not change once loaded.
type Definition struct {
	Path   string // the file it was read from
	Source string // the file's text, for Parse to read again

	Key       string // names the campaign for good: the same key continues it
	Title     string
	Class     sms.Class
	Sender    string // "": the provider's own
	Signature string // without its brackets; "": none
	// Texts holds the texts without the signature. The first is for every
	// recipient whose language is not among them.
	Texts    []Text
	Language string // the column that names a recipient's language; "": one text

	Audience Audience
	Schedule Schedule
	Receipts Receipts
	InDoubt  string // "resend" or "hold"
	Routes   []Route
	Replies  Replies
	// Override is why it also goes to people who have opted out; "": it does not.
	Override string

	places places
}

// A Text is what recipients of one language read.
type Text struct {
	Language string // "" when there is one text for all
	Text     string // with ((name)) or ((name|default)) where a column's value goes
}

// An Audience says who the recipients are.
type Audience struct {
	Files   []string          // paths, absolute or relative to the working folder
	Columns map[string]string // Tocsin's or the text's name for a column: its name in the files
	Where   string            // an expression over the columns; "": everybody
	Exclude []string          // files of numbers that get nothing
	// Reading and ExcludeReading say how each of Files and Exclude is to be read.
	Reading, ExcludeReading []audience.Options
	// Missing is what becomes of a row without a value that its text needs: MissingRefuse,
	// MissingExclude or MissingSend.
	Missing string
	Expect  Expect
}

// What becomes of rows without a value for a placeholder that has no default.
const (
	MissingRefuse  = "refuse"  // the campaign is refused
	MissingExclude = "exclude" // the rows are excluded
	MissingSend    = "send"    // nothing is put in
)

// Expect is how many recipients a plan must have. 0 is no limit.
type Expect struct {
	Min, Max int
}

// A Schedule says when a campaign may send.
type Schedule struct {
	Start time.Time // zero: at once
	// Tolerance is how late a campaign may still start that was planned in time.
	Tolerance time.Duration
	Window    Window
	Expires   time.Time // zero: never
	// Recurrence is set for a campaign that is sent again and again; then Start is when
	// that begins.
	Recurrence *Recurrence
}

// A Window is the hours of the day in which messages may leave.
type Window struct {
	From, To time.Duration // after midnight; equal: the whole day
	Zone     *time.Location
}

// Contains reports whether messages may leave at t. From belongs to the window,
// To does not; a window may reach over midnight.
func (w Window) Contains(t time.Time) bool {
	if w.From == w.To {
		return true
	}
	if w.Zone != nil {
		t = t.In(w.Zone)
	}
	h, m, s := t.Clock()
	at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	if w.From < w.To {
		return w.From <= at && at < w.To
	}
	return at >= w.From || at < w.To
}

// Ends is when the window that holds t closes; zero when there is no window, or t
// is in none.
func (w Window) Ends(t time.Time) time.Time {
	if w.From == w.To || !w.Contains(t) {
		return time.Time{}
	}
	if w.Zone != nil {
		t = t.In(w.Zone)
	}
	// By the clock on the wall, also on a day of 23 or 25 hours.
	for day := range 2 {
		ends := time.Date(t.Year(), t.Month(), t.Day()+day, 0, int(w.To/time.Minute), 0, 0, t.Location())
		if ends.After(t) {
			return ends
		}
	}
	return time.Time{}
}

// Receipts says whether the carriers are asked for receipts, and how long a
// campaign waits for them after its last message.
type Receipts struct {
	Wanted bool
	Wait   time.Duration
}

// A Route sends the numbers of a carrier, or those beginning with a prefix, to
// providers in order of preference.
type Route struct {
	Carrier string   `json:"carrier,omitempty" yaml:"carrier" jsonschema:"description=China Mobile or China Unicom or China Telecom or China Broadnet or their Chinese names; unknown is for Chinese numbers that nobody is known to serve"`
	Prefix  string   `json:"prefix,omitempty" yaml:"prefix" jsonschema:"pattern=^([1-9][0-9]{0\\,14}|[*])$,description=First digits of a number with its country code; * is every number"`
	To      []string `json:"to" yaml:"to" jsonschema:"minItems=1,description=Names of providers in order of preference"`
}

// Resends reports whether recipients in doubt are offered again. They may get
// the message twice; without it, some may not get it at all.
func (d *Definition) Resends() bool { return d.InDoubt == "resend" }

// Hash is a hash of everything that decides which recipient gets which text: two
// definitions with one key and different hashes are different campaigns. Title, schedule,
// receipts and the policy for doubt are not in it.
func (d *Definition) Hash() string {
	content, err := json.Marshal(struct {
		Key, Sender, Signature, Language string
		Texts                            []Text
		Files, Exclude                   []string
		Columns                          map[string]string
		Where                            string
		Routes                           []Route
		Override                         bool `json:",omitempty"`
		// Definitions without these keys keep the hash that earlier versions gave them.
		Reading, ExcludeReading []audience.Options `json:",omitempty"`
		Missing                 string             `json:",omitempty"`
	}{
		d.Key, d.Sender, d.Signature, d.Language, d.Texts, d.places.files, d.places.exclude, d.Audience.Columns, d.Audience.Where, d.Routes,
		d.Override != "", special(d.Audience.Reading), special(d.Audience.ExcludeReading), strings.TrimPrefix(d.Audience.Missing, MissingRefuse),
	})
	if err != nil {
		panic("campaigns: strings do not marshal: " + err.Error())
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}

// special is how files are to be read; nil: all in the usual way.
func special(reading []audience.Options) []audience.Options {
	for _, o := range reading {
		if o != (audience.Options{}) {
			return reading
		}
	}
	return nil
}

// whole is a text as it is sent, the signature in front.
func (d *Definition) whole(text string) string {
	if d.Signature == "" {
		return text
	}
	return "【" + d.Signature + "】" + text
}
