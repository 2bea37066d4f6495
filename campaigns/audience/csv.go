package audience

import (
	"bytes"
	"io"
)

// A CSV reads comma, semicolon or tab separated rows; the first line decides
// which. Quoted cells may hold separators, doubled quotes and line ends (RFC
// 4180); a quote inside a cell that does not begin with one is a character like
// any other. Empty lines are no rows. Cells are slices of the read buffer.
type CSV struct {
	r       io.Reader
	buf     []byte
	at      int // first octet not consumed
	end     error
	comma   byte
	line    int // of the row returned last
	next    int // of the row to come
	cells   [][]byte
	scratch []byte
}

// NewCSV reads UTF-8 text.
func NewCSV(r io.Reader) *CSV { return &CSV{r: r, buf: make([]byte, 0, 256<<10), next: 1} }

// Line is the line on which the row returned last begins.
func (c *CSV) Line() int { return c.line }

// Next returns the next row's cells.
func (c *CSV) Next() ([][]byte, error) {
	for {
		row, err := c.row()
		if err != nil {
			return nil, err
		}
		c.line = c.next
		c.next += 1 + bytes.Count(row, newline)
		if len(row) > 0 && row[len(row)-1] == '\r' {
			row = row[:len(row)-1]
		}
		if len(row) == 0 {
			continue
		}
		if c.comma == 0 {
			c.comma = separator(row)
		}
		return c.split(row), nil
	}
}

var newline = []byte{'\n'}

// row is the next row without its line end.
func (c *CSV) row() ([]byte, error) {
	scanned := c.at
	quotes := false // an open quote
	fresh := true   // at the beginning of a cell
	quoted := false // the cell began with a quote
	for {
		for i := scanned; i < len(c.buf); i++ {
			switch b := c.buf[i]; {
			case quotes:
				if b == '"' {
					quotes = false
				}
			case b == '"' && fresh:
				quotes, quoted = true, true
			case b == '"' && quoted && c.buf[i-1] == '"':
				quotes = true // a doubled quote: still inside
			case b == '\n':
				row := c.buf[c.at:i:i]
				c.at = i + 1
				return row, nil
			}
			fresh = !quotes && (c.buf[i] == c.comma || c.comma == 0 && (c.buf[i] == ',' || c.buf[i] == ';' || c.buf[i] == '\t'))
			if fresh {
				quoted = false
			}
			if !quotes && c.buf[i] != '"' && !fresh {
				// Fast over plain text up to what may matter.
				for i+1 < len(c.buf) && c.buf[i+1] > '"' && c.buf[i+1] != ',' && c.buf[i+1] != ';' {
					i++
				}
			}
		}
		scanned = len(c.buf)
		if c.end != nil {
			if c.at < len(c.buf) {
				row := c.buf[c.at:len(c.buf):len(c.buf)]
				c.at = len(c.buf)
				return row, nil
			}
			return nil, c.end
		}
		if len(c.buf)-c.at > MaxLine {
			c.line = c.next
			return nil, ErrLine
		}
		moved := c.at
		c.fill()
		scanned -= moved - c.at
	}
}

// fill reads more, keeping what is not consumed.
func (c *CSV) fill() {
	if c.at > 0 {
		n := copy(c.buf, c.buf[c.at:])
		c.buf, c.at = c.buf[:n], 0
	}
	if len(c.buf) == cap(c.buf) {
		grown := make([]byte, len(c.buf), 2*cap(c.buf))
		copy(grown, c.buf)
		c.buf = grown
	}
	n, err := c.r.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	c.end = err
}

// separator is the one that the first line has most of.
func separator(row []byte) byte {
	best, most := byte(','), 0
	for _, s := range []byte{',', '\t', ';'} {
		if n := bytes.Count(row, []byte{s}); n > most {
			best, most = s, n
		}
	}
	return best
}

// split cuts a row into cells.
func (c *CSV) split(row []byte) [][]byte {
	c.cells, c.scratch = c.cells[:0], c.scratch[:0]
	for {
		if len(row) > 0 && row[0] == '"' {
			var cell []byte
			cell, row = c.unquote(row[1:])
			c.cells = append(c.cells, cell)
		} else if i := bytes.IndexByte(row, c.comma); i >= 0 {
			c.cells = append(c.cells, row[:i:i])
			row = row[i:]
		} else {
			c.cells = append(c.cells, row)
			return c.cells
		}
		if len(row) == 0 {
			return c.cells
		}
		row = row[1:] // the separator
	}
}

// unquote reads a quoted cell behind its first quote; rest begins with the
// separator, or is empty. Text behind the closing quote belongs to the cell.
func (c *CSV) unquote(row []byte) (cell, rest []byte) {
	i := bytes.IndexByte(row, '"')
	if i < 0 {
		return row, nil
	}
	if i+1 == len(row) || row[i+1] == c.comma {
		return row[:i:i], row[i+1:]
	}
	start := len(c.scratch)
	for {
		i := bytes.IndexByte(row, '"')
		if i < 0 {
			c.scratch = append(c.scratch, row...)
			row = nil
			break
		}
		c.scratch = append(c.scratch, row[:i]...)
		row = row[i+1:]
		if len(row) > 0 && row[0] == '"' {
			c.scratch = append(c.scratch, '"')
			row = row[1:]
			continue
		}
		k := bytes.IndexByte(row, c.comma)
		if k < 0 {
			k = len(row)
		}
		c.scratch = append(c.scratch, row[:k]...)
		row = row[k:]
		break
	}
	return c.scratch[start:len(c.scratch):len(c.scratch)], row
}
