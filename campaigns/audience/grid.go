package audience

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// The limits of a sheet: Excel's own, and for the columns how far to the right a value
// may stand.
const (
	sheetRows    = 1 << 20
	sheetColumns = 1 << 14
	maxColumns   = 1 << 10
)

// A grid reads the rows of one sheet.
type grid struct {
	sheet
	values  *values
	part    *zip.File
	unpack  io.ReadCloser
	tags    *tags
	inside  bool // of the table
	seen    bool // the table has begun
	row     int  // that was read last
	text    []byte
	ends    []int     // of the cells of the row in text
	bad     *RowError // why the row cannot be used
	unshown []int     // columns, counted from 1, whose values cannot be shown surely
	ranges  ranges

	first  int      // the row of the names
	names  []string // of the columns
	joined []int    // where the columns are in those of all sheets
	shown  []bool   // columns whose values people read
	raw    []bool   // columns of telephone numbers: numbers are written in all digits
}

func openGrid(w *contents, s sheet, v *values) (*grid, error) {
	g := &grid{sheet: s, values: v, part: w.find(s.part)}
	r, err := w.open(g.part)
	if err != nil {
		return nil, unpackError(g.part, err)
	}
	g.unpack, g.tags = r, newTags(xmlText(r))
	if g.ranges.filters, err = tableFilters(w, s.part); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return g, nil
}

func (g *grid) Close() error { return g.unpack.Close() }

// next reads the next row that has a value, or that cannot be used; io.EOF: there is
// none.
func (g *grid) next() error {
	for {
		err := g.tags.next()
		if err != nil {
			if err != io.EOF {
				err = unpackError(g.part, err)
			}
			return err
		}
		if !g.tags.open {
			if g.inside && g.tags.close && string(g.tags.name) == "sheetData" {
				g.inside = false
			}
			continue
		}
		if !g.inside {
			err = g.beside()
		} else if string(g.tags.name) != "row" {
			err = g.tags.skip()
		} else if err = g.readRow(); err == nil && (len(g.text) > 0 || g.bad != nil) {
			return nil
		}
		if err != nil {
			return unpackError(g.part, err)
		}
	}
}

// beside looks at an element that stands beside the table.
func (g *grid) beside() error {
	t := g.tags
	switch name := string(t.name); {
	case t.depth == 1 && !t.close:
		if name != "worksheet" {
			return errNoXML
		}
	case name == "sheetData":
		if g.seen {
			return errNoXML
		}
		g.seen, g.inside = true, !t.close
	case name == "cols" || name == "mergeCells":
	default:
		g.ranges.note(t)
		return t.skip()
	}
	return nil
}

// readRow reads the cells of the row that begins.
func (g *grid) readRow() error {
	t := g.tags
	g.text, g.ends, g.bad, g.unshown = g.text[:0], g.ends[:0], nil, g.unshown[:0]
	t.since = 0
	row := g.row + 1
	if r := t.attribute("r"); r != nil {
		n, err := strconv.Atoi(string(r))
		if err != nil || n < 1 || n > sheetRows {
			return g.damaged("a row has no number from 1 to %d", sheetRows)
		}
		if n <= g.row {
			return g.damaged("row %d stands behind row %d: the rows are not in their order", n, g.row)
		}
		row = n
	}
	if g.row = row; row > sheetRows {
		return g.damaged("there are more than %d rows", sheetRows)
	}
	hidden := isTrue(string(t.attribute("hidden"))) || string(t.attribute("ht")) == "0"
	if !t.close {
		column := 0
		for depth := t.depth; ; {
			if err := t.next(); err != nil {
				return err
			}
			if t.depth < depth {
				break
			}
			if !t.open {
				continue
			}
			if string(t.name) != "c" {
				if err := t.skip(); err != nil {
					return err
				}
				continue
			}
			var err error
			if column, err = g.readCell(column); err != nil {
				return err
			}
		}
	}
	if hidden && (len(g.text) > 0 || g.bad != nil) {
		g.ranges.hide(row)
	}
	if len(g.text) > maxRow {
		return errLongRow
	}
	return nil
}

// readCell reads the cell that begins behind the column last, and returns its column.
func (g *grid) readCell(last int) (int, error) {
	t := g.tags
	t.since = 0
	place, style, kind := cellAttributes(t.tag)
	column := last + 1
	if place != nil {
		c, r, ok := parsePlace(place)
		if !ok || c > sheetColumns || r != g.row {
			return 0, g.damaged("a cell in row %d has no place in that row", g.row)
		}
		if c <= last {
			return 0, g.damaged("cell %s stands behind cell %s: the cells are not in their order", placeName(c, r), placeName(last, r))
		}
		column = c
	}
	before := len(g.text)
	text, why, err := g.values.read(g.text, t, column <= len(g.raw) && g.raw[column-1], style, kind)
	if err != nil {
		return 0, err
	}
	g.text = text
	switch why {
	case fine:
	case unsure:
		g.unshown = append(g.unshown, column)
	default:
		if g.bad == nil {
			g.bad = &RowError{Why: "cell " + placeName(column, g.row) + " " + why.String()}
		}
	}
	if len(g.text) == before {
		return column, nil
	}
	if column > maxColumns {
		return 0, g.damaged("cell %s stands far to the right, and a list has at most %d columns: delete what stands there", placeName(column, g.row), maxColumns)
	}
	for len(g.ends) < column-1 {
		g.ends = append(g.ends, before)
	}
	g.ends = append(g.ends, len(g.text))
	return column, nil
}

// damaged is an error of the sheet, with what to do.
func (g *grid) damaged(format string, values ...any) error {
	return &sheetError{fmt.Sprintf("its sheet %q is damaged or was made by a program with a fault: ", g.name) + fmt.Sprintf(format, values...) + "; open it in Excel or WPS and save it again"}
}

// A sheetError is an error of a sheet that needs no more words.
type sheetError struct{ text string }

func (e *sheetError) Error() string { return e.text }

// cells are the cells of the row, in the memory of dst.
func (g *grid) cells(dst [][]byte) [][]byte {
	at := 0
	for _, end := range g.ends {
		dst = append(dst, g.text[at:end:end])
		at = end
	}
	return dst
}

// cellAttributes are the attributes r, s and t of a cell; nil: it has none.
func cellAttributes(rest []byte) (r, s, t []byte) {
	for {
		i := 0
		for i < len(rest) && rest[i] != '=' {
			i++
		}
		if i == len(rest) {
			return r, s, t
		}
		key := rest[:i]
		for len(key) > 0 && key[0] <= ' ' {
			key = key[1:]
		}
		for len(key) > 0 && key[len(key)-1] <= ' ' {
			key = key[:len(key)-1]
		}
		for i++; i < len(rest) && rest[i] <= ' '; i++ {
		}
		if i == len(rest) {
			return r, s, t
		}
		mark := rest[i]
		end := i + 1
		for end < len(rest) && rest[end] != mark {
			end++
		}
		if end == len(rest) {
			return r, s, t
		}
		if len(key) == 1 {
			value := rest[i+1 : end]
			switch key[0] {
			case 'r':
				r = value
			case 's':
				s = value
			case 't':
				t = value
			}
		}
		rest = rest[end+1:]
	}
}

// parsePlace reads a place such as B7.
func parsePlace(place []byte) (column, row int, ok bool) {
	i := 0
	for ; i < len(place) && i < 4; i++ {
		c := place[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		column = column*26 + int(c-'A') + 1
	}
	digits := place[i:]
	if i == 0 || len(digits) == 0 || len(digits) > 7 {
		return 0, 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, 0, false
		}
		row = row*10 + int(c-'0')
	}
	return column, row, true
}

// placeName writes a place such as B7.
func placeName(column, row int) string { return columnName(column) + strconv.Itoa(row) }

// columnName is the name of a column, counted from 1: A, B, … AA.
func columnName(column int) string {
	name := ""
	for ; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name
}
