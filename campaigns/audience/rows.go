package audience

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Rows is a stream of rows. Next returns io.EOF at the end; the cells are valid
// until the next call. Line is the line, or spreadsheet row, of the row returned
// last, from 1.
type Rows interface {
	Next() ([][]byte, error)
	Line() int
	io.Closer
}

// ErrLine says that a line is longer than MaxLine.
var ErrLine = errors.New("a line is longer than 1 MiB: is it the right file, and is a quote missing?")

// MaxLine is the longest line, in octets.
const MaxLine = 1 << 20

// Open opens an audience file by its ending: .xlsx is a spreadsheet, of which the
// first sheet is read; everything else is CSV or TSV.
func Open(path string) (Rows, error) {
	if strings.EqualFold(filepath.Ext(path), ".xlsx") {
		return openSheet(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open audience: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder, want a file")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open audience: %w", err)
	}
	text, err := decoded(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read audience: %w", err)
	}
	return &file{NewCSV(text), f}, nil
}

type file struct {
	*CSV
	f *os.File
}

func (f *file) Close() error { return f.f.Close() }
