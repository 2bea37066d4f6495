package audience

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A File is one audience file being read. It is used by one goroutine.
type File struct {
	path     string
	options  Options
	size     int64
	encoding string
	columns  []string
	raw      []string // the names as they stand in the file
	rows     rows
	file     io.Closer
	book     *book // nil: it is text

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

// OpenWith is OpenContext without a context.
func OpenWith(path string, o Options) (*File, error) {
	return OpenContext(context.Background(), path, o)
}

// OpenContext reads a file's first row, the names of its columns. What is wrong with
// the file is an *Error; a file that is not there wraps os.ErrNotExist. A workbook is
// read until ctx ends, whose error is then wrapped.
func OpenContext(ctx context.Context, path string, o Options) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open audience: %w", err)
	}
	a := &File{path: path, options: o, file: f}
	if err := a.open(ctx, f); err != nil {
		a.Close()
		return nil, a.at(0, err)
	}
	return a, nil
}

func (a *File) open(ctx context.Context, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("is no file")
	}
	a.size = info.Size()
	isBook, err := inspectContainer(f, a.size, a.path)
	if err != nil {
		return err
	}
	if isBook {
		book, err := openBook(ctx, f, a.size, a.options.Sheet)
		if err != nil {
			return err
		}
		a.rows, a.file, a.encoding, a.book = book, book, "XLSX", book
		a.size *= 4 // it is compressed
		return a.header()
	}
	r, name, err := text(f, a.options.Encoding)
	if err != nil {
		return err
	}
	a.rows, a.encoding = newTable(r), name
	return a.header()
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

// Columns are the names in the first row as ColumnName gives them; one without a name is
// "column 4".
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

// Watch says which column holds the telephone numbers and what is one. From then on a
// cell of several lines, of which one reads as a row with a number, ends the file: its
// quotation mark has taken in other people.
func (a *File) Watch(column int, number func(cell []byte) bool) {
	if t, ok := a.rows.(*table); ok {
		t.watch = watch{column, number}
	}
}

// Lines counts the lines that Next has passed; ok is false for a file without lines, a
// workbook. Behind the last row the sum is checked against the lines that there are.
func (a *File) Lines() (lines Lines, ok bool) {
	if t, ok := a.rows.(*table); ok {
		return t.lines, true
	}
	return lines, false
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
