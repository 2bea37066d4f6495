package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
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

// separators are those that are read, and fullSeparators what people type for them on a
// Chinese keyboard.
const (
	separators     = ",\t;|"
	fullSeparators = "，；｜、"
)

// separate finds the separator: the one that a first line sep=; names, or the one that
// the names of the columns and the rows have the same number of.
func (t *table) separate() error {
	data := t.buf[t.start:t.end]
	first, _, ended := bytes.Cut(data, newline)
	line := string(bytes.TrimSuffix(first, []byte{'\r'}))
	if named, found := cutSep(line); found {
		if len(named) != 1 || !strings.Contains(separators+":^~#&!", named) {
			t.line = 1
			return errors.New("its first line names a separator that is not read: write sep=, or sep=; or leave the line out")
		}
		t.sep = named[0]
		t.start += len(first)
		if ended {
			t.start++
		}
		t.scanner.next++
		t.lines.Header++
		return nil
	}
	sep, found := separator(data)
	t.sep = sep
	if !found {
		if other := otherSeparator(data); other != 0 {
			t.line = 1
			return fmt.Errorf("its columns are separated by %c: put commas in their place", other)
		}
	}
	return nil
}

// cutSep is the separator that a line of its own names, as spreadsheets write it.
func cutSep(line string) (named string, found bool) {
	line = strings.TrimSuffix(strings.TrimPrefix(line, `"`), `"`)
	if len(line) < 4 || !strings.EqualFold(line[:4], "sep=") {
		return "", false
	}
	if named = line[4:]; named == `\t` {
		named = "\t"
	}
	return named, true
}

// sampleRows is how many lines are looked at to find the separator.
const sampleRows = 50

// separator is the one that as many rows as possible have as often as the names of the
// columns, outside quotation marks, and of several such the one that the names have most
// of. found is false when they have none.
func separator(data []byte) (best byte, found bool) {
	names, rest := firstLine(data)
	var count [256]int
	countOutside(names, &count)
	most := -1
	for i := range len(separators) {
		sep := separators[i]
		if count[sep] == 0 {
			continue
		}
		agree, rows := 0, rest
		for range sampleRows {
			var line []byte
			if line, rows, _ = bytes.Cut(rows, newline); len(line) == 0 && len(rows) == 0 {
				break
			}
			var of [256]int
			if countOutside(line, &of); of[sep] == count[sep] {
				agree++
			}
		}
		if sep == '|' && agree == 0 {
			continue // one name may well hold it
		}
		if n := agree<<16 + min(count[sep], 1<<16-1); n > most {
			best, most = sep, n
		}
	}
	if most < 0 {
		return ',', false
	}
	return best, true
}

// firstLine is the first line that is not blank, which ends outside quotation marks, and
// what is behind it.
func firstLine(data []byte) (line, rest []byte) {
	quoted, some := false, false
	for i, c := range data {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted && some {
			return data[:i], data[i+1:]
		}
		some = some || c > ' '
	}
	return data, nil
}

// countOutside counts the octets of a line that are outside quotation marks.
func countOutside(line []byte, count *[256]int) {
	quoted := false
	for _, c := range line {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			count[c]++
		}
	}
}

// otherSeparator is a separator that is not read, which the names of the columns and the
// row behind them have the same number of; 0: there is none.
func otherSeparator(data []byte) rune {
	names, rest := firstLine(data)
	row, _ := firstLine(rest)
	for _, r := range fullSeparators {
		if n := strings.Count(string(names), string(r)); n > 0 && n == strings.Count(string(row), string(r)) {
			return r
		}
	}
	return 0
}
