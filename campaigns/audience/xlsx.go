package audience

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// AllSheets, as the name of a sheet, stands for all that are visible.
const AllSheets = "all"

// When several sheets are read, the lines of two are sheetLine apart: line 20000007 is
// row 7 of the second sheet of the workbook. Of so many sheets all are read.
const (
	sheetLine = 10_000_000
	maxSheets = 400
)

// A book reads the rows of an Excel workbook: of one sheet, or of several whose columns
// are joined by name.
type book struct {
	file    *os.File
	values  *values
	all     bool
	grids   []*grid
	columns []string // of several sheets
	at      int      // the sheet that is read
	header  bool     // the columns of several sheets were given out
	row     [][]byte
	cells   [][]byte
	info    Book
}

// openBook opens the workbook that f is, and the sheet of a name: "" is the only one
// that is visible and has rows. Reading ends with ctx.
func openBook(ctx context.Context, f *os.File, size int64, name string) (*book, error) {
	p, err := openParts(ctx, f, size)
	if err != nil {
		return nil, err
	}
	if err := inspectBook(p); err != nil {
		return nil, err
	}
	w, err := readWorkbook(p)
	if err != nil {
		return nil, err
	}
	v := &values{book: w}
	if v.formats, err = readFormats(w); err != nil {
		return nil, err
	}
	b := &book{file: f, values: v, all: strings.EqualFold(name, AllSheets)}
	if err := b.choose(w, name); err != nil {
		return nil, errors.Join(err, b.release())
	}
	return b, nil
}

// choose opens the sheets that are read.
func (b *book) choose(w *contents, name string) error {
	var visible []sheet
	for _, s := range w.sheets {
		switch {
		case s.hidden:
			b.info.Hidden = append(b.info.Hidden, s.name)
		case !s.cells:
			b.info.Skipped = append(b.info.Skipped, s.name)
		default:
			visible = append(visible, s)
		}
	}
	if name != "" && !b.all {
		s, err := named(w.sheets, name)
		if err != nil {
			return err
		}
		for _, other := range visible {
			if other.at != s.at {
				b.info.Skipped = append(b.info.Skipped, other.name)
			}
		}
		return b.read(w, []sheet{s})
	}
	var full []sheet
	for _, s := range visible {
		if len(w.sheets) > 1 {
			rows, err := b.hasRows(w, s)
			if err != nil {
				return err
			}
			if !rows {
				b.info.Skipped = append(b.info.Skipped, s.name)
				continue
			}
		}
		full = append(full, s)
	}
	switch {
	case len(full) == 0 && len(b.info.Hidden) > 0:
		return fmt.Errorf("has no visible sheet with rows, and hidden sheets are not read (hidden: %s): show the sheet and save it", quotedList(b.info.Hidden))
	case len(full) == 0:
		return fmt.Errorf("has no sheet with rows (there are: %s)", quotedList(sheetNames(w.sheets)))
	case len(full) > 1 && !b.all:
		return fmt.Errorf("has rows in %d sheets (%s): write {file: …, sheet: %s} for one of them, or sheet: %s for every visible sheet",
			len(full), quotedList(sheetNames(full)), full[0].name, AllSheets)
	}
	return b.read(w, full)
}

// named is the sheet of a name.
func named(sheets []sheet, name string) (sheet, error) {
	at := slices.IndexFunc(sheets, func(s sheet) bool { return s.name == name })
	if at < 0 {
		at = slices.IndexFunc(sheets, func(s sheet) bool { return strings.EqualFold(strings.TrimSpace(s.name), strings.TrimSpace(name)) })
	}
	switch {
	case at < 0:
		return sheet{}, fmt.Errorf("has no sheet %q (there are: %s)", name, quotedList(sheetNames(sheets)))
	case sheets[at].hidden:
		return sheet{}, fmt.Errorf("its sheet %q is hidden, and hidden sheets are not read: show it and save the workbook, or name another", sheets[at].name)
	case !sheets[at].cells:
		return sheet{}, fmt.Errorf("its sheet %q holds a chart, a dialog or macros and no rows: name another", sheets[at].name)
	}
	return sheets[at], nil
}

func sheetNames(sheets []sheet) []string {
	names := make([]string, len(sheets))
	for i, s := range sheets {
		names[i] = s.name
	}
	return names
}

// quotedList writes names for people, the first of many.
func quotedList(names []string) string {
	const most = 10
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", name)
	}
	return b.String()
}

// hasRows reports whether a value stands anywhere in a sheet.
func (b *book) hasRows(w *contents, s sheet) (bool, error) {
	g, err := openGrid(w, s, b.values)
	if err != nil {
		return false, err
	}
	defer g.Close()
	if err := g.next(); err != nil && err != io.EOF {
		return false, err
	} else if err != nil {
		return false, nil
	}
	return true, nil
}

// read opens the sheets, and of several joins the columns.
func (b *book) read(w *contents, sheets []sheet) error {
	if len(sheets) > 1 && len(w.sheets) > maxSheets {
		return fmt.Errorf("has more than %d sheets: copy those with the list to another workbook", maxSheets)
	}
	for _, s := range sheets {
		g, err := openGrid(w, s, b.values)
		if err != nil {
			return err
		}
		b.grids, b.info.Sheets = append(b.grids, g), append(b.info.Sheets, s.name)
	}
	if len(b.grids) == 1 {
		return nil
	}
	b.info.Places = make([]string, len(w.sheets)+1)
	for _, g := range b.grids {
		b.info.Places[g.at] = g.name
		if err := b.begin(g); err != nil {
			return err
		}
		for _, name := range g.names {
			at := slices.Index(b.columns, name)
			if at < 0 {
				at = len(b.columns)
				b.columns = append(b.columns, name)
			}
			g.joined = append(g.joined, at)
		}
	}
	return nil
}

// begin reads the row that names a sheet's columns.
func (b *book) begin(g *grid) error {
	err := g.next()
	if err == nil && g.bad != nil {
		err = g.bad
	}
	if err == nil {
		b.row = g.cells(b.row[:0])
		g.names, _, err = columnNames(b.row)
	}
	if err != nil {
		return b.refuse(g, err)
	}
	g.first = g.row
	return nil
}

// refuse is an error in the row of a sheet that was read last.
func (b *book) refuse(g *grid, err error) error {
	if len(b.grids) > 1 {
		err = fmt.Errorf("sheet %q: %w", g.name, err)
	}
	return &Error{Line: g.row, Err: err}
}

// line is the line of the row that was read last: of several sheets it names the sheet.
func (b *book) line(g *grid) int {
	if len(b.grids) > 1 {
		return g.at*sheetLine + g.row
	}
	return g.row
}

func (b *book) next() ([][]byte, int, error) {
	if b.columns != nil && !b.header {
		b.header = true
		for _, name := range b.columns {
			b.cells = append(b.cells, []byte(name))
		}
		return b.cells, b.grids[0].first, nil
	}
	for ; b.at < len(b.grids); b.at++ {
		g := b.grids[b.at]
		if g.first == 0 {
			if err := b.begin(g); errors.Is(err, io.EOF) {
				return nil, 0, io.EOF
			} else if err != nil {
				return nil, g.row, err
			}
			return b.row, b.line(g), nil
		}
		err := g.next()
		switch {
		case err == io.EOF:
			b.info.add(g)
			continue
		case err != nil:
			return nil, g.row, b.refuse(g, err)
		case g.bad != nil:
			return nil, b.line(g), g.bad
		}
		for _, column := range g.unshown {
			if column <= len(g.shown) && g.shown[column-1] {
				return nil, g.row, b.refuse(g, fmt.Errorf("cell %s has a number format of which it is not sure what people see: give its column another format, or make it text", placeName(column, g.row)))
			}
		}
		b.row = g.cells(b.row[:0])
		return b.join(g), b.line(g), nil
	}
	return nil, 0, io.EOF
}

// join puts the cells of one of several sheets under the columns of all; what has no
// column stays behind them.
func (b *book) join(g *grid) [][]byte {
	if b.columns == nil {
		return b.row
	}
	b.cells = append(b.cells[:0], make([][]byte, len(b.columns))...)
	for i, c := range b.row {
		if i < len(g.joined) {
			b.cells[g.joined[i]] = c
		} else {
			b.cells = append(b.cells, c)
		}
	}
	return b.cells
}

// use says of which columns people read the values, and which hold telephone numbers.
func (b *book) use(columns int, number int, shown []int) {
	for _, g := range b.grids {
		g.raw, g.shown = make([]bool, columns), make([]bool, columns)
		for i := range columns {
			at := i
			if g.joined != nil {
				if i >= len(g.joined) {
					break
				}
				at = g.joined[i]
			}
			g.raw[i], g.shown[i] = at == number, at != number && slices.Contains(shown, at)
		}
	}
}

func (b *book) release() error {
	var errs []error
	for _, g := range b.grids {
		errs = append(errs, g.Close())
	}
	return errors.Join(append(errs, b.values.shared.Close())...)
}

func (b *book) Close() error { return errors.Join(b.release(), b.file.Close()) }
