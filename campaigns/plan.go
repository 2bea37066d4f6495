package campaigns

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tocsin/providers/sms"
)

// BatchSize is the most recipients of one batch.
const BatchSize = 1000

// A Router chooses the route of a number, which means nothing here. "" says that no
// provider reaches it. The same number always gets the same route.
type Router interface {
	Route(n sms.Number) sms.Route
}

// A Sink keeps what a plan makes. Batches come in order of Sequence. It keeps
// nothing of what it is given after it returns: the memory is used again. Its
// error ends the plan, and what it was given before is then worth nothing.
type Sink interface {
	AddBatch(b *Batch) error
	AddExclusions(e []Exclusion) error
}

// A Batch is up to BatchSize recipients of one route and one language.
type Batch struct {
	// Series numbers routes and languages together, from 0. The batches of one
	// series have ascending ranges of numbers that do not overlap. Sequence
	// numbers all batches from 0, the series in turn.
	Series, Sequence int
	Route            sms.Route
	Language         string       // of its text; "" when there is one text
	Numbers          []sms.Number // ascending, each once
	Lines            []uint32     // where each stands in its file
	Fields           Fields       // the values of Summary.Columns
	Segments         int          // of all its recipients together
}

// A Reason says why a row is no recipient.
type Reason uint8

const (
	Invalid     Reason = iota // no telephone number, or more cells than columns
	Duplicate                 // its number was in an earlier row
	Suppressed                // its number is on the suppression list
	Excluded                  // its number is in one of the campaign's exclude files
	NotSelected               // where does not mean it
	Unroutable                // no provider reaches its number
	TextTooLong               // its text takes more than sms.MaxSegments segments
	Malformed                 // it breaks the rules of its file, an audience.RowError, or a value in its text holds a control character
	Missing                   // it has no value for a placeholder without a default

	// Reasons is how many there are. The ledger stores these numbers: a new one goes to the end.
	Reasons = 9
)

var reasonNames = [Reasons]string{
	"invalid", "duplicate", "suppressed", "excluded", "not_selected", "unroutable", "text_too_long", "malformed", "missing",
}

// String is the reason's name in reports and exports.
func (r Reason) String() string {
	if r < Reasons {
		return reasonNames[r]
	}
	return "reason?"
}

// An Exclusion is a row that is no recipient.
type Exclusion struct {
	File   uint16 // index in Audience.Files
	Line   uint32 // in that file, 1 is the first
	Reason Reason
}

// PlanOptions are what a plan needs from outside.
type PlanOptions struct {
	Router Router
	// Alphabet is what the first provider of a route takes texts in, by which their
	// segments are counted; nil: sms.GSM for all.
	Alphabet func(route sms.Route) sms.Alphabet
	// Signed reports whether a carrier of a route puts the signature in front of texts
	// itself, so that a text must have it to be counted right; nil: none does.
	Signed func(route sms.Route) bool
	// Suppressed reports whether a number wants no messages; nil: none.
	Suppressed func(sms.Number) bool
	// Country is where numbers without a country code are, as ISO 3166-1 writes
	// it (CN); "": such numbers are invalid.
	Country string
	// Rejects gets the rows that somebody may want to put right, as CSV: file,
	// line, reason, what is wrong with it, and the row's own columns under their own
	// headings; the file can be an audience again. Rows that where does not mean are
	// not among them; without any such row nothing is written. It gets those of a
	// plan that is refused too. nil: nobody.
	Rejects io.Writer
	// RejectWord says the columns, reasons and problems of Rejects in Chinese; nil: they
	// are in English.
	RejectWord func(name string) string
	// Memory is about how many octets of recipients are kept in memory, 0: 48 MiB. Those of
	// a larger audience are sorted in a file in the folder Scratch ("": the system's for
	// such files), which nobody else can open and which is gone with the plan.
	Memory  int
	Scratch string
	// Room reports whether a file in a folder may grow by some octets, which is ErrNoRoom
	// when it may not; a folder that is not there yet is made. nil: it may.
	Room func(dir string, octets int64) error
	// Progress is told now and then how many rows were read; nil: nobody.
	Progress func(rows int)
}

// Plan reads the audience and gives its batches and exclusions to sink. Of rows
// with the same number the first counts, by order of files and lines. A row that
// could be excluded for several reasons is so for the first of malformed, invalid,
// not_selected, excluded, suppressed, unroutable, missing, duplicate, text_too_long: a
// person whose first row lacks a value is reached by a later one that has it.
//
// An audience or a definition that cannot be used is a *Refusal: a file or
// column that is not there, a count that is not as expected, nobody left to send
// to. Other errors are those of ctx, of reading, and of sink.
func (d *Definition) Plan(ctx context.Context, o PlanOptions, sink Sink) (*Summary, error) {
	p := &planner{d: d, o: o, ctx: ctx, sink: sink, numbers: newNumbers(o.Country)}
	defer p.close()
	for _, step := range []func() error{p.open, p.exclusions, p.read, p.mark, p.refuseMissing, p.sort, p.expect, p.write, p.expect} {
		if err := step(); err != nil {
			return nil, errors.Join(err, p.flush())
		}
	}
	if err := p.flush(); err != nil {
		return nil, err
	}
	return &p.summary, nil
}

// expect holds the count of recipients against what the definition expects.
func (p *planner) expect() error {
	s, e := &p.summary, p.d.Audience.Expect
	switch {
	case s.Rows == 0:
		return p.d.refuse("$.audience.files", "the audience has no rows")
	case s.Excluded[NotSelected.String()] == s.Rows:
		return p.d.refuse("$.audience.where", "where means none of the %d rows: nobody would get this", s.Rows)
	case s.Planned == 0:
		return p.d.refuse("$.audience.files", "nobody is left to send to: of %d rows %s", s.Rows, s.reasons())
	case s.Planned < e.Min:
		return p.d.refuse("$.audience.expect", "the plan has %d recipients, at least %d are expected: %s", s.Planned, e.Min, s.reasons())
	case e.Max > 0 && s.Planned > e.Max:
		return p.d.refuse("$.audience.expect", "the plan has %d recipients, at most %d are expected: put the audience right, or expect", s.Planned, e.Max)
	}
	return nil
}

// reasons are the exclusions in words.
func (s *Summary) reasons() string {
	text := ""
	for _, name := range reasonNames {
		if n := s.Excluded[name]; n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d are %s", n, name)
		}
	}
	if text == "" {
		return "none are excluded"
	}
	return text
}
