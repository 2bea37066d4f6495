package audience

import (
	"fmt"
	"io"
)

// Lines counts the lines of a text file as an editor shows them, by what they are.
type Lines struct {
	Header int `json:"header,omitempty"` // the names of the columns, and sep= before them
	Rows   int `json:"rows,omitempty"`   // the first lines of rows
	Parts  int `json:"parts,omitempty"`  // the further lines of rows and of the names
	Blank  int `json:"blank,omitempty"`
}

// Sum is how many lines there are.
func (l Lines) Sum() int { return l.Header + l.Rows + l.Parts + l.Blank }

// A table is delimited text.
type table struct {
	*scanner
	begun, named bool
}

func newTable(r io.Reader) *table { return &table{scanner: newScanner(r, ',')} }

func (t *table) next() ([][]byte, int, error) {
	if !t.begun {
		t.begun = true
		if err := t.fill(); err != nil {
			return nil, t.line, err
		}
		if err := t.separate(); err != nil {
			return nil, t.line, err
		}
	}
	cells, err := t.row()
	if err == io.EOF {
		if read := t.read(); read != t.lines.Sum() {
			return nil, 0, fmt.Errorf("%d lines were read, and %d are accounted for (%+v): this is a fault of Tocsin, report it", read, t.lines.Sum(), t.lines)
		}
	}
	if !t.named && t.lines.Rows > 0 {
		t.named = true
		t.lines.Header, t.lines.Rows = t.lines.Header+1, t.lines.Rows-1
	}
	return cells, t.line, err
}

// separate finds the separator.
func (t *table) separate() error {
	t.sep = separator(t.buf[t.start:t.end])
	return nil
}

// separator is the one of comma, tab and semicolon that the first line has most
// of, outside quotation marks.
func separator(data []byte) byte {
	var count [256]int
	quoted, some := false, false
	for _, c := range data {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted && some {
			break
		}
		some = some || c > ' '
		if !quoted {
			count[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{'\t', ';'} {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}
