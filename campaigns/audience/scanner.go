package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	maxRow     = 1 << 20 // octets: a row longer than this is no row
	bufferSize = 1 << 18
)

var (
	errLongRow = fmt.Errorf("a row is longer than %d octets: is a quotation mark missing, or is this no table?", maxRow)
	errQuote   = errors.New("a quotation mark is not closed: close it where its cell ends, or remove it")
	errSwallow = errors.New("a quotation mark is closed in a later line only, and what it takes in reads as a row with a telephone number: close it where its cell ends, or remove it")

	errInside = &RowError{"a quotation mark stands inside a cell that does not begin with one"}
	errBehind = &RowError{"text stands behind a cell's closing quotation mark"}

	// errMore says that the buffer ends inside a row.
	errMore = errors.New("the row goes on")
)

// A scanner splits delimited text into rows by RFC 4180, without copying: cells are
// slices of its buffer. It reads what encoding/csv reads, in the same way, and takes
// space around a cell in quotation marks that has one line. A lone carriage return ends
// a line as a newline does.
//
// A row that breaks the rules is a *RowError under its first line, and the next row
// begins on the line behind it: the lines that a stray quotation mark takes in are rows
// of their own. A quotation mark that is never closed ends the file.
type scanner struct {
	r     io.Reader
	sep   byte
	line  int // of the row last returned, or of what is wrong
	next  int // of the row to come
	lines Lines
	watch watch

	buf        []byte
	start, end int // what is read and not returned
	settled    int // up to here line ends are \n or \r\n
	quote      int // the first quotation mark from start on; end: none yet
	eof        bool
	physical   int  // lines that were ended in what is settled
	open       bool // what is settled ends inside a line

	cells   [][]byte
	starts  []int // where each begins in the row
	doubled []int // the cells that hold doubled quotation marks
	mark    int   // the opening mark last looked at
}

// A watch says which lines inside a cell are rows: those whose cell in column is what
// is accepts.
type watch struct {
	column int
	is     func(cell []byte) bool // nil: none
}

func newScanner(r io.Reader, sep byte) *scanner {
	return &scanner{r: r, sep: sep, next: 1, buf: make([]byte, bufferSize)}
}

// row returns the next row's cells, which are good until the next call. Empty
// lines are skipped. It returns io.EOF behind the last.
func (s *scanner) row() ([][]byte, error) {
	for {
		nl := bytes.IndexByte(s.buf[s.start:s.end], '\n')
		if nl < 0 && !s.eof {
			if err := s.fill(); err != nil {
				return nil, err
			}
			continue
		}
		if s.start == s.end {
			return nil, io.EOF
		}
		stop, after := s.end, s.end
		if nl >= 0 {
			stop, after = s.start+nl, s.start+nl+1
		}
		if s.quote < s.start {
			s.findQuote(s.start)
		}
		if s.quote < stop {
			return s.quotedRow()
		}
		s.line = s.next
		s.next++
		if stop > s.start && s.buf[stop-1] == '\r' {
			stop--
		}
		row := s.buf[s.start:stop]
		s.start = after
		if len(row) == 0 {
			s.lines.Blank++
			continue
		}
		s.lines.Rows++
		s.split(row)
		return s.cells, nil
	}
}

func (s *scanner) findQuote(from int) {
	s.quote = s.end
	if i := bytes.IndexByte(s.buf[from:s.end], '"'); i >= 0 {
		s.quote = from + i
	}
}

// fill reads until the buffer is full, making it larger when a row fills it.
func (s *scanner) fill() error {
	if s.start > 0 {
		s.quote = max(s.quote-s.start, -1)
		s.settled -= s.start
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	} else if s.end == len(s.buf) {
		if s.end > maxRow {
			s.line = s.next
			return errLongRow
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	had := s.end
	for s.end < len(s.buf) && !s.eof {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err == io.EOF {
			s.eof = true
		} else if err != nil {
			s.line = s.next
			return err
		}
	}
	s.settle()
	if s.quote >= had {
		s.findQuote(had)
	}
	return nil
}

// settle makes newlines of lone carriage returns, and counts the lines. A carriage
// return at the end waits for what follows it.
func (s *scanner) settle() {
	from := s.settled
	for s.settled < s.end {
		i := bytes.IndexByte(s.buf[s.settled:s.end], '\r')
		if i < 0 {
			s.settled = s.end
			break
		}
		i += s.settled
		if i+1 == s.end && !s.eof {
			s.settled = i
			break
		}
		if i+1 == s.end || s.buf[i+1] != '\n' {
			s.buf[i] = '\n'
		}
		s.settled = i + 1
	}
	if fresh := s.buf[from:s.settled]; len(fresh) > 0 {
		s.physical += bytes.Count(fresh, newline)
		s.open = fresh[len(fresh)-1] != '\n'
	}
}

var newline = []byte{'\n'}

// read is how many lines were read: all of the file's, at its end.
func (s *scanner) read() int {
	if s.open {
		return s.physical + 1
	}
	return s.physical
}

// split cuts a row without quotation marks.
func (s *scanner) split(row []byte) {
	cells := s.cells[:0]
	for {
		i := bytes.IndexByte(row, s.sep)
		if i < 0 {
			break
		}
		cells = append(cells, row[:i:i])
		row = row[i+1:]
	}
	s.cells = append(cells, row[:len(row):len(row)])
}

// quotedRow returns a row with quotation marks, which may have several lines.
func (s *scanner) quotedRow() ([][]byte, error) {
	for {
		data := s.buf[s.start:s.end]
		stop, after, err := s.parse(data)
		if err == errMore && !s.eof {
			if err := s.fill(); err != nil {
				s.line = s.lineOf(s.buf[s.start:s.end], s.mark)
				return nil, err
			}
			continue
		}
		switch {
		case err == errMore:
			s.line = s.lineOf(data, s.mark)
			return nil, errQuote
		case err != nil:
			return nil, s.skip(data, err)
		case stop > maxRow:
			s.line = s.next
			return nil, errLongRow
		}
		parts := bytes.Count(data[:stop], newline)
		if parts > 0 && s.watch.is != nil {
			if at := s.swallowed(data); at >= 0 {
				s.line = s.lineOf(data, at)
				return nil, errSwallow
			}
		}
		s.line = s.next
		s.next += parts + 1
		s.lines.Rows++
		s.lines.Parts += parts
		s.start += after
		for _, i := range s.doubled {
			s.cells[i] = unescape(s.cells[i])
		}
		for i := 0; parts > 0 && i < len(s.cells); i++ {
			s.cells[i] = bareNewlines(s.cells[i])
		}
		return s.cells, nil
	}
}

// lineOf is the line of a place in data, which begins with the row to come.
func (s *scanner) lineOf(data []byte, at int) int { return s.next + bytes.Count(data[:at], newline) }

// skip passes over the line that data begins with, a row for which err is returned.
func (s *scanner) skip(data []byte, err error) error {
	s.line = s.next
	s.next++
	s.lines.Rows++
	if nl := bytes.IndexByte(data, '\n'); nl >= 0 {
		s.start += nl + 1
	} else {
		s.start = s.end
	}
	return err
}

// parse cuts the row at the beginning of data into cells, and finds where it stops and
// where the next begins. The error is errMore for a row that is not whole, or a
// *RowError. It changes nothing in data.
func (s *scanner) parse(data []byte) (stop, after int, err error) {
	s.cells, s.starts, s.doubled = s.cells[:0], s.starts[:0], s.doubled[:0]
	for i := 0; ; i++ {
		from, to, next, escaped := i, i, i, false
		for next < len(data) && data[next] != s.sep && data[next] != '\n' && data[next] != '"' {
			next++
		}
		if to = next; next < len(data) && data[next] == '"' {
			if next > from && len(trim(data[from:next])) > 0 {
				return 0, 0, errInside
			}
			s.mark = next
			if to, next, escaped, err = s.closing(data, next+1, next > from); err != nil {
				return 0, 0, err
			}
			from = s.mark + 1
		} else if next == len(data) && !s.eof {
			s.mark = 0
			return 0, 0, errMore
		} else if next < len(data) && data[next] == '\n' && to > from && data[to-1] == '\r' {
			to--
		}
		if escaped {
			s.doubled = append(s.doubled, len(s.cells))
		}
		s.cells, s.starts = append(s.cells, data[from:to:to]), append(s.starts, from)
		if i = next; i < len(data) && data[i] == s.sep {
			continue
		}
		if after = min(i+1, len(data)); i < len(data) && data[i] == '\r' {
			after++
		}
		return i, after, nil
	}
}

// closing finds the mark that ends a cell whose content begins at from, and what
// follows the cell: a separator, a line end, or the end of data. Space may stand around
// the marks of a cell of one line; one that is spaced already must be one.
func (s *scanner) closing(data []byte, from int, spaced bool) (to, next int, escaped bool, err error) {
	for to = from; ; to += 2 {
		n := bytes.IndexByte(data[to:], '"')
		line := data[from:]
		if n >= 0 {
			line = data[from : to+n]
		}
		if spaced && bytes.IndexByte(line, '\n') >= 0 {
			return 0, 0, false, errInside
		}
		if n < 0 {
			if spaced && s.eof {
				return 0, 0, false, errInside
			}
			return 0, 0, false, errMore
		}
		to += n
		next = to + 1
		if next < len(data) && data[next] == '"' {
			escaped = true
			continue
		}
		if next < len(data) && data[next] != s.sep && data[next] != '\n' && data[next] != '\r' {
			rest := data[next:]
			for next < len(data) && data[next] != s.sep && data[next] != '\n' && data[next] != '\r' {
				next++
			}
			if next < len(data) || s.eof {
				if len(trim(rest[:next-to-1])) > 0 || bytes.IndexByte(line, '\n') >= 0 {
					return 0, 0, false, errBehind
				}
			}
		}
		if !s.eof && (next == len(data) || data[next] == '\r' && next+1 == len(data)) {
			return 0, 0, false, errMore
		}
		return to, next, escaped, nil
	}
}

// swallowed finds a cell of a whole row that takes in another row, and returns where its
// mark is opened; -1: there is none. A line inside a cell is a row when its own cell in
// the watched column is what the watch looks for.
func (s *scanner) swallowed(data []byte) int {
	for i, cell := range s.cells {
		if bytes.IndexByte(cell, '\n') < 0 {
			continue
		}
		from := s.starts[i]
		// What the first line holds up to here is the row's own.
		own := bytes.Count(data[bytes.LastIndexByte(data[:from], '\n')+1:from], []byte{s.sep})
		first := true
		for line := range bytes.SplitSeq(cell, newline) {
			if first && s.watch.column > own && s.watch.holds(line, s.sep, s.watch.column-own) ||
				!first && s.watch.holds(line, s.sep, s.watch.column) {
				return from - 1
			}
			first = false
		}
	}
	return -1
}

// holds reports whether a line's cell in a column, cut at every separator, is what the
// watch looks for.
func (w watch) holds(line []byte, sep byte, column int) bool {
	for ; column > 0; column-- {
		_, rest, found := bytes.Cut(line, []byte{sep})
		if !found {
			return false
		}
		line = rest
	}
	cell, _, _ := bytes.Cut(line, []byte{sep})
	return w.is(trim(bytes.Trim(trim(cell), `"`)))
}

// unescape makes one of two quotation marks, in place.
func unescape(cell []byte) []byte {
	to := 0
	for i := 0; i < len(cell); i++ {
		if cell[i] == '"' && i+1 < len(cell) && cell[i+1] == '"' {
			i++
		}
		cell[to] = cell[i]
		to++
	}
	return cell[:to:to]
}

// bareNewlines makes \n of \r\n, in place.
func bareNewlines(cell []byte) []byte {
	to := 0
	for i := 0; i < len(cell); i++ {
		if cell[i] == '\r' && i+1 < len(cell) && cell[i+1] == '\n' {
			i++
		}
		cell[to] = cell[i]
		to++
	}
	return cell[:to:to]
}
