package campaigns

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// askEvery is how many rows are read between two looks at the context.
const askEvery = 4096

// A planner makes one plan.
type planner struct {
	d       *Definition
	o       PlanOptions
	ctx     context.Context
	sink    Sink
	numbers *numbers
	summary Summary

	files    []*source
	number   int // the column of numbers in Columns
	where    condition
	renderer *Renderer
	spoken   []int        // the columns that texts put in
	unread   rowPlaces    // rows of exclude files whose numbers cannot be read
	decided  bool         // an earlier plan has let rows without a value pass
	forced   bool         // the definition's texts force UCS-2 by themselves
	excluded []sms.Number // of the exclude files, sorted

	kept     kept
	entries  []entry
	spill    *spill // nil: all are in memory
	late     kept   // rows that were excluded when all had been read
	again    []entry
	values   [][]byte // of one row
	routes   []sms.Route
	out      []Exclusion
	rejects  *csv.Writer
	rejected bool // something was written there
}

// A source is one audience file and where its columns are in the plan's.
type source struct {
	*audience.File
	columns []int
	number  int // the file's own column of numbers
	same    bool
}

func (p *planner) close() {
	for _, s := range p.files {
		s.Close()
	}
	p.spill.close()
}

// fileError makes a refusal of what is wrong with a file.
func (p *planner) fileError(place, path string, err error) error {
	var e *audience.Error
	switch {
	case p.ctx.Err() != nil && errors.Is(err, p.ctx.Err()):
		return p.ctx.Err()
	case errors.As(err, &e):
		return &Refusal{File: e.File, Line: e.Line, Err: e.Err}
	case errors.Is(err, os.ErrNotExist):
		return p.d.refuse(place, "there is no file %s", path)
	}
	return err
}

// open opens all files and settles the columns.
func (p *planner) open() error {
	a, s := &p.d.Audience, &p.summary
	s.Replies, s.Override = p.d.Replies, p.d.Override
	s.Excluded, s.Routes, s.SegmentsPerRoute = map[string]int{}, map[sms.Route]int{}, map[sms.Route]int{}
	for _, name := range reasonNames {
		s.Excluded[name] = 0
	}
	if len(a.Files) > math.MaxUint16 {
		return p.d.refuse("$.audience.files", "there are more than %d files", math.MaxUint16)
	}
	if p.o.Router == nil {
		return errors.New("plan: no router")
	}
	var needed []string
	for i, path := range a.Files {
		place := fmt.Sprintf("$.audience.files[%d]", i)
		if readTwice(a, i) {
			return p.d.refuse(place, "the file %s is there twice", path)
		}
		f, err := audience.OpenContext(p.ctx, path, a.Reading[i])
		if err != nil {
			return p.fileError(place, path, err)
		}
		src := &source{File: f}
		p.files = append(p.files, src)
		s.Encodings = append(s.Encodings, f.Encoding())
		names, err := p.names(f)
		if err != nil {
			return err
		}
		if src.number, err = p.numberColumn(f, names, false); err != nil {
			return err
		}
		f.Watch(src.number, p.isNumber)
		// Several files may call the column of numbers differently: it is one.
		if i > 0 {
			names[src.number] = s.Columns[p.number]
		}
		for k, name := range names {
			at := slices.Index(s.Columns, name)
			if at < 0 {
				at = len(s.Columns)
				s.Columns = append(s.Columns, name)
			}
			if slices.Contains(src.columns, at) {
				return &Refusal{File: path, Line: 1, Err: fmt.Errorf("two columns are called %s: rename one", name)}
			}
			src.columns = append(src.columns, at)
			if i == 0 && k == src.number {
				p.number = at
			}
		}
	}
	if err := p.d.checkNotation(s.Columns); err != nil {
		return err
	}
	var err error
	if p.renderer, err = NewRenderer(p.d, s.Columns); err != nil {
		return err
	}
	if a.Where != "" {
		if p.where, err = compileGuarded(p.ctx, a.Where, s.Columns); err != nil {
			return p.d.refuse("$.audience.where", "%w", err)
		}
		if err := checkOrder(a.Where); err != nil {
			return p.d.refuse("$.audience.where", "%w", err)
		}
		needed = append(needed, columnsIn(a.Where, s.Columns)...)
	}
	for _, v := range p.renderer.variants {
		for _, part := range v.in[sms.GSM].parts {
			if part.column >= 0 {
				needed = append(needed, s.Columns[part.column])
			}
		}
		p.forced = p.forced || !v.in[sms.GSM].plain
		for _, c := range v.shows {
			if !slices.Contains(p.spoken, c) {
				p.spoken = append(p.spoken, c)
			}
		}
	}
	for _, c := range s.Columns {
		if c == p.d.Language {
			needed = append(needed, c)
		}
	}
	if p.forced {
		for _, t := range p.d.Texts {
			parts, err := splitText(p.d.whole(t.Text))
			if err != nil {
				return err
			}
			for _, part := range parts {
				for _, r := range sms.ForcingUCS2(part.literal) {
					if !slices.Contains(s.ForcingUCS2, r) {
						s.ForcingUCS2 = append(s.ForcingUCS2, r)
					}
				}
			}
		}
	}
	return p.settle(needed)
}

// isNumber reports whether a cell holds a telephone number.
func (p *planner) isNumber(cell []byte) bool {
	_, ok := p.numbers.parse(cell)
	return ok
}

// readTwice reports whether a file of the audience stands there before, and with the same
// sheet.
func readTwice(a *Audience, i int) bool {
	for k, path := range a.Files[:i] {
		if path == a.Files[i] && (a.Reading[k].Sheet == a.Reading[i].Sheet || a.Reading[k].Sheet == "" || a.Reading[i].Sheet == "") {
			return true
		}
	}
	return false
}

// settle holds every file against the columns that are needed.
func (p *planner) settle(needed []string) error {
	columns := p.summary.Columns
	for _, src := range p.files {
		src.same = len(src.columns) == len(columns)
		for k, at := range src.columns {
			src.same = src.same && k == at
		}
		for _, name := range needed {
			if !slices.Contains(src.columns, slices.Index(columns, name)) {
				return &Refusal{File: src.Path(), Line: 1, Err: fmt.Errorf("there is no column %q, which the campaign uses%s", name, columnHint(name, src.Columns()))}
			}
		}
	}
	for _, src := range p.files {
		var shown []int
		for k, at := range src.columns {
			if slices.Contains(needed, columns[at]) {
				shown = append(shown, k)
			}
		}
		src.Use(src.number, shown)
	}
	p.kept.number, p.kept.columns = p.number, len(columns)
	p.late.number, p.late.columns = p.number, len(columns)
	if p.o.Rejects != nil {
		p.rejects = csv.NewWriter(p.o.Rejects)
	}
	return nil
}

// read reads all rows: what is left are entries.
func (p *planner) read() error {
	for i := range p.files {
		before := p.summary.Rows
		if err := p.readFile(i); err != nil {
			return err
		}
		rows := p.summary.Rows - before
		p.summary.FileRows = append(p.summary.FileRows, rows)
		lines, ok := p.files[i].Lines()
		if ok && lines.Rows != rows {
			return &Refusal{File: p.files[i].Path(), Err: fmt.Errorf("%d rows were planned, and %d were read: this is a fault of Tocsin, report it", rows, lines.Rows)}
		}
		p.summary.FileLines = append(p.summary.FileLines, lines)
	}
	if p.o.Progress != nil {
		p.o.Progress(p.summary.Rows)
	}
	return nil
}

func (p *planner) readFile(file int) error {
	src := p.files[file]
	values := make([][]byte, len(p.summary.Columns))
	octets, route := 0, 0
	for rows := 0; ; rows++ {
		cells, line, err := src.Next()
		if err == io.EOF {
			p.summary.addBook(src.File, file, false)
			return nil
		}
		if e, ok := err.(*audience.RowError); ok {
			if err := p.malformed(file, uint32(line), e); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return p.fileError("", src.Path(), err)
		}
		if rows%askEvery == 0 {
			if err := p.ctx.Err(); err != nil {
				return err
			}
			if p.o.Progress != nil {
				p.o.Progress(p.summary.Rows)
			}
			if rows == askEvery {
				p.reserve(src, octets/rows)
			}
		}
		if rows < askEvery {
			octets += len(cells)
			for _, c := range cells {
				octets += len(c)
			}
		}
		p.summary.Rows++
		row := cells[:len(src.columns)]
		if !src.same {
			clear(values)
			for k, c := range row {
				values[src.columns[k]] = c
			}
			row = values
		}
		n, reason, err := p.judge(row, cells[len(src.columns):], &route)
		if err != nil && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		if err != nil {
			return p.fileError("", src.Path(), src.At(line, err))
		}
		if reason < Reasons {
			p.exclude(file, uint32(line), reason)
			if err := p.reject(file, uint32(line), reason, row); err != nil {
				return err
			}
			continue
		}
		if err := p.keep(file, uint32(line), route, n, row); errors.Is(err, errLongRow) {
			return p.fileError("", src.Path(), src.At(line, err))
		} else if err != nil {
			return err
		}
	}
}

// reserve makes room for a file's rows at once, so that nothing is copied while
// it is read: memory that is not written to costs nothing.
func (p *planner) reserve(src *source, average int) {
	n := int(src.Size()) / max(average, 8)
	most := p.memory() / (entrySize + average/2) // of one run
	p.entries = slices.Grow(p.entries, min(n+n/8, max(most-len(p.entries), 0)))
}

// judge says what becomes of a row: a recipient with Reasons, else why not.
func (p *planner) judge(row, extra [][]byte, route *int) (sms.Number, Reason, error) {
	for _, c := range p.spoken {
		if control(row[c]) {
			return 0, Malformed, nil
		}
	}
	for _, c := range extra {
		if len(c) > 0 {
			return 0, Invalid, nil
		}
	}
	n, ok := p.numbers.parse(row[p.number])
	if !ok {
		return 0, Invalid, nil
	}
	return p.admit(n, row, route)
}

// admit says what becomes of a row whose number can be read.
func (p *planner) admit(n sms.Number, row [][]byte, route *int) (sms.Number, Reason, error) {
	if p.where != nil {
		meant, err := p.where(row)
		if err != nil {
			return 0, 0, err
		}
		if !meant {
			return n, NotSelected, nil
		}
	}
	if len(p.excluded) > 0 {
		if _, found := slices.BinarySearch(p.excluded, n); found {
			return n, Excluded, nil
		}
	}
	if p.o.Suppressed != nil && p.d.Override == "" && p.o.Suppressed(n) {
		return n, Suppressed, nil
	}
	name := p.o.Router.Route(n)
	if name == "" {
		return n, Unroutable, nil
	}
	if *route >= len(p.routes) || p.routes[*route] != name {
		if *route = slices.Index(p.routes, name); *route < 0 {
			*route = len(p.routes)
			p.routes = append(p.routes, name)
			if len(p.routes)*len(p.d.Texts) >= 1<<(64-numberBits) {
				return n, 0, errors.New("there are too many routes")
			}
		}
	}
	return n, p.complete(row), nil
}
