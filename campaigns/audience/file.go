package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxColumnName is the longest name of a column, in octets: longer ones are data.
const maxColumnName = 256

// A File is one audience file being read. It is used by one goroutine.
type File struct {
	path     string
	options  Options
	size     int64
	encoding string
	columns  []string
	rows     rows
	file     io.Closer

	isOwn     bool // Tocsin has written it
	ownNumber int  // its column of numbers without plus sign; -1: none
	plus      []byte
}

// rows is what each kind of file offers: its next row and the line that row
// begins on. It returns io.EOF behind the last; cells are good until the next call.
type rows interface {
	next() (cells [][]byte, line int, err error)
}

// Options say how a file is to be read where that cannot be seen, or is seen wrong.
type Options struct {
	// Sheet is the sheet of a workbook. all is every visible sheet; "" is the only
	// visible one with rows.
	Sheet string
	// Encoding is what a text file is written in, a name that KnowsEncoding; "" is what
	// the file seems to be.
	Encoding string
}

// IsWorkbook reports whether a file of this name is read as a workbook.
func IsWorkbook(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".xlsx" || ext == ".xlsm"
}

// Open is OpenWith without options.
func Open(path string) (*File, error) { return OpenWith(path, Options{}) }

// OpenWith reads a file's first row, the names of its columns. What is wrong with
// the file is an *Error; a file that is not there wraps os.ErrNotExist.
func OpenWith(path string, o Options) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open audience: %w", err)
	}
	a := &File{path: path, options: o, file: f}
	if err := a.open(f); err != nil {
		a.Close()
		return nil, a.at(0, err)
	}
	return a, nil
}

func (a *File) open(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("is no file")
	}
	a.size = info.Size()
	switch {
	case IsWorkbook(a.path):
		if err := inspectBook(f, a.size); err != nil {
			return err
		}
		f.Close()
		book, err := openBook(a.path)
		if err != nil {
			return err
		}
		a.rows, a.file, a.encoding = book, book, "XLSX"
		a.size *= 4 // it is compressed
	case strings.EqualFold(filepath.Ext(a.path), ".xls"):
		return errors.New("is an old Excel file: save it as XLSX or CSV")
	default:
		r, name, err := text(f)
		if err != nil {
			return err
		}
		a.rows, a.encoding = newTable(r), name
	}
	return a.header()
}

func (a *File) header() error {
	cells, line, err := a.rows.next()
	if err == io.EOF {
		return errors.New("is empty: its first row must name the columns")
	}
	if err != nil {
		return a.at(line, err)
	}
	seen := map[string]bool{}
	for i, c := range cells {
		name := string(trim(c))
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		if len(name) > maxColumnName {
			return a.at(line, fmt.Errorf("the name of column %d has more than %d octets: is this row the names of the columns?", i+1, maxColumnName))
		}
		if seen[name] {
			return a.at(line, fmt.Errorf("there are two columns %q: rename one", name))
		}
		seen[name] = true
		a.columns = append(a.columns, name)
	}
	if a.isOwn, a.ownNumber = recognise(a.columns); a.isOwn {
		for i, name := range a.columns {
			a.columns[i] = string(Bare([]byte(name)))
		}
	}
	return nil
}

// at puts an error in its place, once.
func (a *File) at(line int, err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.File = a.path
		return e
	}
	return &Error{File: a.path, Line: line, Err: err}
}

// Path is the path that was opened.
func (a *File) Path() string { return a.path }

// Encoding is the name of what the file is written in: UTF-8, UTF-16LE,
// UTF-16BE, GB18030, Big5 or XLSX.
func (a *File) Encoding() string { return a.encoding }

// Columns are the names in the first row; one without a name is "column 4".
func (a *File) Columns() []string { return a.columns }

// Own reports whether Tocsin has written the file: an export, or rejects.
func (a *File) Own() bool { return a.isOwn }

// Size is about how many octets of text there are to read.
func (a *File) Size() int64 { return a.size }

// Next is the next row's cells, without space around them, and its line. There
// are as many as columns, or more where the row has more; a missing one is
// empty. They are good until the next call. The error is io.EOF behind the last
// row, a *RowError for a row that cannot be used, or an *Error, which ends the file.
func (a *File) Next() ([][]byte, int, error) {
	cells, line, err := a.rows.next()
	if err != nil {
		var malformed *RowError
		if err == io.EOF || errors.As(err, &malformed) {
			return nil, line, err
		}
		return nil, 0, a.at(line, err)
	}
	for i, c := range cells {
		if len(c) > 0 && (needsTrim(c[0]) || needsTrim(c[len(c)-1])) {
			cells[i] = trim(c)
		}
	}
	if a.isOwn {
		a.own(cells)
	}
	for len(cells) < len(a.columns) {
		cells = append(cells, nil)
	}
	return cells, line, nil
}

// Close lets go of the file.
func (a *File) Close() error { return a.file.Close() }

// needsTrim reports whether an octet can be the first or last of space: ASCII
// space, or U+3000 (E3 80 80) and U+00A0 (C2 A0).
func needsTrim(c byte) bool { return c <= ' ' || c == 0xE3 || c == 0x80 || c == 0xC2 || c == 0xA0 }

var wideSpaces = [][]byte{[]byte("\u3000"), []byte("\u00a0"), []byte("\ufeff")}

// trim cuts off ASCII, ideographic and no-break space.
func trim(c []byte) []byte {
	for {
		n := len(c)
		for len(c) > 0 && c[0] <= ' ' {
			c = c[1:]
		}
		for len(c) > 0 && c[len(c)-1] <= ' ' {
			c = c[:len(c)-1]
		}
		for _, space := range wideSpaces {
			c = bytes.TrimSuffix(bytes.TrimPrefix(c, space), space)
		}
		if len(c) == n {
			return c
		}
	}
}

// A table is delimited text.
type table struct {
	*scanner
	begun bool
}

func newTable(r io.Reader) *table { return &table{scanner: newScanner(r, ',')} }

func (t *table) next() ([][]byte, int, error) {
	if !t.begun {
		t.begun = true
		if err := t.fill(); err != nil {
			return nil, t.line, err
		}
		if data := t.buf[t.start:t.end]; bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') >= 0 {
			newlines(data)
			t.r = returns{t.r}
		}
		t.sep = separator(t.buf[t.start:t.end])
	}
	cells, err := t.row()
	return cells, t.line, err
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

// returns reads lines that end in a carriage return alone, as old Macs and some
// spreadsheets write them, as lines that end in a newline.
type returns struct{ r io.Reader }

func (r returns) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	newlines(p[:n])
	return n, err
}

func newlines(data []byte) {
	for i, c := range data {
		if c == '\r' {
			data[i] = '\n'
		}
	}
}
