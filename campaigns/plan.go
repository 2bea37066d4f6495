package campaigns

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// ErrLanguage says that there is no text in a recipient's language.
var ErrLanguage = errors.New("there is no text in this language")

// A Router knows which route a number takes; "" when none.
type Router interface {
	Route(n sms.Number) string
}

// A Sink takes a plan's batches and exclusions. It keeps nothing of a batch.
type Sink interface {
	AddBatch(*Batch) error
	AddExclusions([]Exclusion) error
}

// PlanOptions is what a plan needs beside the definition.
type PlanOptions struct {
	Router     Router
	Suppressed func(sms.Number) bool // nil: nobody
	Country    string                // ISO 3166-1, of numbers without country code; empty: CN
	Rejects    io.Writer             // nil, or where failing rows go as CSV
}

// A Summary is what a plan counted. Rows = Planned + the sum of Excluded.
type Summary struct {
	Columns          []string       `json:"columns"`
	Rows             int            `json:"rows"`
	Excluded         map[string]int `json:"excluded"`
	Planned          int            `json:"planned"`
	Routes           map[string]int `json:"routes"`
	Segments         int            `json:"segments"`
	SegmentsPerRoute map[string]int `json:"segments_per_route"`
	Encoding         string         `json:"encoding"`
	ForcingUCS2      []rune         `json:"-"`
	Forcing          string         `json:"forcing_ucs2,omitempty"`
	Longest          Sample         `json:"longest"`
	Samples          []Sample       `json:"-"`
}

// A Sample is one rendered text.
type Sample struct {
	Line       int    `json:"line"`
	Characters int    `json:"characters"`
	Segments   int    `json:"segments"`
	Text       string `json:"-"`
}

// planner is one plan being made.
type planner struct {
	d        *Definition
	o        PlanOptions
	sum      *Summary
	where    *selection
	renderer *Renderer
	exclude  []sms.Number // sorted
	excluded []Exclusion
	rejects  *csv.Writer
	number   int   // the column of numbers
	columns  []int // of the file at hand, by our order

	arena    arena
	people   []person
	series   map[seriesKey]int
	keys     []seriesKey
	coded    [2]int // recipients by coding
	sequence int    // batches given
	one      Fields // the row at hand
}

type seriesKey struct{ route, language string }

// A person is a row that may become a recipient.
type person struct {
	number sms.Number
	at     uint64 // where its cells are in the arena; rows that came first are first
}

// Plan reads the audience once and gives the sink what is to be sent. It refuses
// what could widen or empty a warning by mistake; that error is a *Refusal.
func (d *Definition) Plan(ctx context.Context, o PlanOptions, sink Sink) (*Summary, error) {
	if o.Country == "" {
		o.Country = "CN"
	}
	p := &planner{d: d, o: o, series: map[seriesKey]int{}, sum: &Summary{
		Excluded: map[string]int{}, Routes: map[string]int{}, SegmentsPerRoute: map[string]int{},
	}}
	for r := range Reason(reasons) {
		p.sum.Excluded[r.String()] = 0
	}
	if o.Rejects != nil {
		p.rejects = csv.NewWriter(o.Rejects)
		p.rejects.Write([]string{"file", "line", "reason"})
	}
	if err := p.readExcluded(); err != nil {
		return nil, err
	}
	for i, name := range d.Audience.Files {
		if err := p.read(ctx, i, d.resolve(name)); err != nil {
			return nil, err
		}
	}
	if err := p.settle(sink); err != nil {
		return nil, err
	}
	if p.rejects != nil {
		p.rejects.Flush()
		if err := p.rejects.Error(); err != nil {
			return nil, fmt.Errorf("write rejects: %w", err)
		}
	}
	return p.sum, p.verdict()
}

// verdict refuses a plan that is not what was expected.
func (p *planner) verdict() error {
	s, e := p.sum, p.d.Audience.Expect
	refuse := func(key, format string, args ...any) error {
		return &Refusal{File: p.d.Path, Line: lineOf([]byte(p.d.Source), wrong(key, "")), Err: fmt.Errorf(format, args...)}
	}
	switch {
	case s.Planned == 0 && s.Excluded["not_selected"] == s.Rows && s.Rows > 0:
		return refuse("where", "where selects none of the %d rows: correct it or the audience", s.Rows)
	case s.Planned == 0:
		return refuse("files", "the audience has no recipients: %d rows, excluded %v", s.Rows, s.Excluded)
	case s.Planned < e.Min:
		return refuse("expect", "%d recipients are fewer than the %d expected: a file may be missing or cut short", s.Planned, e.Min)
	case e.Max > 0 && s.Planned > e.Max:
		return refuse("expect", "%d recipients are more than the %d expected: the warning would reach too many", s.Planned, e.Max)
	}
	return nil
}

// read takes one file's rows.
func (p *planner) read(ctx context.Context, index int, path string) (err error) {
	rows, err := audience.Open(path)
	if err != nil {
		return &Refusal{File: p.d.Path, Line: lineOf([]byte(p.d.Source), wrong("files", "")), Err: err}
	}
	defer rows.Close()
	header, err := rows.Next()
	if err != nil {
		return &Refusal{File: path, Err: fmt.Errorf("no header line: %w", err)}
	}
	if err := p.header(path, header); err != nil {
		return err
	}
	for {
		cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return ctx.Err()
		}
		if err != nil {
			return &Refusal{File: path, Line: rows.Line(), Err: err}
		}
		p.sum.Rows++
		if p.sum.Rows%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.row(index, rows.Line(), cells); err != nil {
			return err
		}
	}
}

// header learns the columns of a file. The first file decides which there are.
func (p *planner) header(path string, cells [][]byte) error {
	var names []string
	for _, c := range cells {
		names = append(names, trim(c))
	}
	if p.sum.Columns == nil {
		p.sum.Columns = names
		p.number = slices.Index(names, p.d.Audience.Columns["number"])
		if p.number < 0 {
			return &Refusal{File: path, Line: 1, Err: fmt.Errorf("no column %q: there are %q; name the one with the numbers under audience.columns.number",
				p.d.Audience.Columns["number"], names)}
		}
		var err error
		if p.renderer, err = NewRenderer(p.d, names); err != nil {
			return err
		}
		if p.where, err = newSelection(p.d, names); err != nil {
			return err
		}
	}
	p.columns = p.columns[:0]
	for _, want := range p.sum.Columns {
		i := slices.Index(names, want)
		if i < 0 {
			return &Refusal{File: path, Line: 1, Err: fmt.Errorf("no column %q, which %s has: every file of an audience needs the same columns",
				want, filepath.Base(p.d.Audience.Files[0]))}
		}
		p.columns = append(p.columns, i)
	}
	return nil
}

// row takes one row: excluded, or kept in the arena.
func (p *planner) row(file, line int, cells [][]byte) error {
	cell := func(c int) []byte {
		if i := p.columns[c]; i < len(cells) {
			return cells[i]
		}
		return nil
	}
	if p.where != nil {
		yes, err := p.where.selects(cell)
		if err != nil {
			return &Refusal{File: p.d.Path, Line: lineOf([]byte(p.d.Source), wrong("where", "")), Err: fmt.Errorf("row %d: %w", line, err)}
		}
		if !yes {
			p.leaveOut(file, line, NotSelected, nil)
			return nil
		}
	}
	n, ok := p.parse(cell(p.number))
	if !ok {
		p.leaveOut(file, line, Invalid, cell)
		return nil
	}
	at := p.arena.begin(file, line)
	for c := range p.sum.Columns {
		p.arena.cell(cell(c))
	}
	p.people = append(p.people, person{n, at})
	return nil
}

// parse reads a number: the usual spellings fast, all others by the library.
func (p *planner) parse(cell []byte) (sms.Number, bool) {
	china := p.o.Country == "CN"
	n, err := sms.ParseNumber(cell, china)
	if err == nil {
		return n, true
	}
	if len(cell) < 5 || len(cell) > 64 || china && mostlyChinese(cell) {
		return 0, false
	}
	full, err := phonenumbers.Parse(string(cell), p.o.Country)
	if err != nil || !phonenumbers.IsValidNumber(full) {
		return 0, false
	}
	if kind := phonenumbers.GetNumberType(full); kind == phonenumbers.FIXED_LINE {
		return 0, false
	}
	digits := phonenumbers.Format(full, phonenumbers.E164)
	n, err = sms.ParseNumber([]byte(digits), false)
	return n, err == nil
}

// mostlyChinese reports whether a cell has no digit at all: the library need not
// look at it.
func mostlyChinese(cell []byte) bool {
	for _, c := range cell {
		if c >= '0' && c <= '9' || c == 0xEF {
			return false
		}
	}
	return true
}

// leaveOut notes a row that is no recipient.
func (p *planner) leaveOut(file, line int, why Reason, cell func(int) []byte) {
	p.sum.Excluded[why.String()]++
	p.excluded = append(p.excluded, Exclusion{file, line, why})
	if p.rejects == nil || why == NotSelected {
		return
	}
	record := []string{p.d.Audience.Files[file], strconv.Itoa(line), why.String()}
	for c := range p.sum.Columns {
		record = append(record, string(cell(c)))
	}
	p.rejects.Write(record)
}

// readExcluded reads the files of numbers that are left out.
func (p *planner) readExcluded() error {
	for _, name := range p.d.Audience.Exclude {
		path := p.d.resolve(name)
		rows, err := audience.Open(path)
		if err != nil {
			return &Refusal{File: p.d.Path, Line: lineOf([]byte(p.d.Source), wrong("exclude", "")), Err: err}
		}
		column := 0
		for first := true; ; first = false {
			cells, err := rows.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				rows.Close()
				return &Refusal{File: path, Line: rows.Line(), Err: err}
			}
			if first {
				for i, c := range cells {
					if trim(c) == p.d.Audience.Columns["number"] {
						column = i
					}
				}
			}
			if column < len(cells) {
				if n, ok := p.parse(cells[column]); ok {
					p.exclude = append(p.exclude, n)
				}
			}
		}
		rows.Close()
	}
	slices.Sort(p.exclude)
	return nil
}

// trim takes white space off a header's cell, full-width too.
func trim(cell []byte) string {
	for len(cell) > 0 {
		r, n := utf8.DecodeRune(cell)
		if !space(r) {
			break
		}
		cell = cell[n:]
	}
	for len(cell) > 0 {
		r, n := utf8.DecodeLastRune(cell)
		if !space(r) {
			break
		}
		cell = cell[:len(cell)-n]
	}
	return string(cell)
}

func space(r rune) bool {
	return r == ' ' || r == '\t' || r == '\u3000' || r == '\u00a0' || r == '\ufeff'
}
