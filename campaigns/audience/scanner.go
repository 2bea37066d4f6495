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
	errQuote   = errors.New("a quotation mark is not closed")
)

// A scanner splits delimited text into rows without copying: cells are slices of
// its buffer. It reads what encoding/csv reads, in the same way, and is kinder
// to stray quotation marks, which it takes as they are.
type scanner struct {
	r    io.Reader
	sep  byte
	line int // of the row last returned
	next int // of the row to come

	buf        []byte
	start, end int // what is read and not returned
	quote      int // the first quotation mark from start on; end: none yet
	eof        bool
	cells      [][]byte
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
			continue
		}
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
			return err
		}
	}
	if s.quote >= had {
		s.findQuote(had)
	}
	return nil
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
		stop, after, err := s.rowEnd(s.buf[s.start:s.end])
		if err == nil {
			row := s.buf[s.start : s.start+stop]
			s.line = s.next
			s.next += bytes.Count(s.buf[s.start:s.start+after], []byte{'\n'})
			if after == stop || s.buf[s.start+after-1] != '\n' {
				s.next++
			}
			s.start += after
			if stop > maxRow {
				return nil, errLongRow
			}
			s.unquote(row)
			return s.cells, nil
		}
		if s.eof {
			s.line = s.next
			return nil, errQuote
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

// rowEnd finds where the row at the beginning of data stops and where the next
// begins. Its error says that the row is not whole.
func (s *scanner) rowEnd(data []byte) (stop, after int, err error) {
	for i := 0; ; {
		if i < len(data) && data[i] == '"' {
			n, whole := s.closing(data[i+1:])
			if !whole {
				return 0, 0, errQuote
			}
			i += 1 + n + 1
		}
		for i < len(data) && data[i] != s.sep && data[i] != '\n' {
			i++
		}
		switch {
		case i < len(data) && data[i] == s.sep:
			i++
		case i < len(data) || s.eof:
			stop, after = i, min(i+1, len(data))
			if stop > 0 && data[stop-1] == '\r' {
				stop--
			}
			return stop, after, nil
		default:
			return 0, 0, errQuote
		}
	}
}

// closing finds the quotation mark that ends a quoted cell.
func (s *scanner) closing(data []byte) (int, bool) {
	for i := 0; ; {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return 0, false
		}
		i += n
		rest := data[i+1:]
		switch {
		case len(rest) == 0:
			return i, s.eof
		case rest[0] == '"':
			i += 2
		case rest[0] == s.sep || rest[0] == '\n':
			return i, true
		case rest[0] == '\r' && len(rest) == 1:
			return i, s.eof
		case rest[0] == '\r' && rest[1] == '\n':
			return i, true
		default:
			i++
		}
	}
}

// unquote cuts a whole row with quotation marks, writing over it.
func (s *scanner) unquote(row []byte) {
	cells := s.cells[:0]
	defer func() { s.cells = cells }()
	eof := s.eof
	s.eof = true // the row is whole
	defer func() { s.eof = eof }()
	for i := 0; ; {
		if i < len(row) && row[i] == '"' {
			n, whole := s.closing(row[i+1:])
			if !whole {
				n = len(row) - i - 1
			}
			cells = append(cells, unescape(row[i+1:i+1+n]))
			i = min(i+1+n+1, len(row))
			if i >= len(row) || row[i] != s.sep {
				return
			}
			i++
			continue
		}
		n := bytes.IndexByte(row[i:], s.sep)
		if n < 0 {
			cells = append(cells, row[i:len(row):len(row)])
			return
		}
		cells = append(cells, row[i:i+n:i+n])
		i += n + 1
	}
}

// unescape makes one of two quotation marks, and \n of \r\n, in place.
func unescape(cell []byte) []byte {
	if bytes.IndexByte(cell, '"') < 0 && bytes.IndexByte(cell, '\r') < 0 {
		return cell[:len(cell):len(cell)]
	}
	to := 0
	for i := 0; i < len(cell); i++ {
		if i+1 < len(cell) && (cell[i] == '"' && cell[i+1] == '"' || cell[i] == '\r' && cell[i+1] == '\n') {
			i++
		}
		cell[to] = cell[i]
		to++
	}
	return cell[:to:to]
}
