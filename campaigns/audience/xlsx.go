package audience

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// unzipped is how large a part of a workbook may be in memory, in octets: larger
// ones go to a temporary file.
const unzipped = 16 << 20

// A book is the first sheet of an Excel workbook.
type book struct {
	file  *excelize.File
	rows  *excelize.Rows
	line  int
	cells [][]byte
	text  []byte
}

func openBook(path string) (*book, error) {
	f, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true, UnzipXMLSizeLimit: unzipped, UnzipSizeLimit: maxUnpacked + maxAside})
	if err != nil {
		return nil, fmt.Errorf("read workbook: %w", err)
	}
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		f.Close()
		return nil, errors.New("has no sheet")
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read sheet: %w", err)
	}
	return &book{file: f, rows: rows}, nil
}

func (b *book) next() ([][]byte, int, error) {
	for b.rows.Next() {
		b.line++
		columns, err := b.rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, b.line, fmt.Errorf("read sheet: %w", err)
		}
		b.text, b.cells = b.text[:0], b.cells[:0]
		for _, c := range columns {
			b.text = append(b.text, whole(c)...)
		}
		if len(b.text) > maxRow {
			return nil, b.line, errLongRow
		}
		if len(b.text) == 0 {
			continue
		}
		at := 0
		for _, c := range columns {
			n := at + len(whole(c))
			b.cells = append(b.cells, b.text[at:n:n])
			at = n
		}
		return b.cells, b.line, nil
	}
	if err := b.rows.Error(); err != nil {
		return nil, b.line, fmt.Errorf("read sheet: %w", err)
	}
	return nil, 0, io.EOF
}

func (b *book) Close() error {
	return errors.Join(b.rows.Close(), b.file.Close())
}

// whole writes a number that Excel stored with an exponent, as it does with
// telephone numbers now and then, in digits again.
func whole(cell string) string {
	if len(cell) < 4 || cell[0] < '0' || cell[0] > '9' {
		return cell
	}
	exponent := false
	for i := range len(cell) {
		c := cell[i]
		switch {
		case c == 'E' || c == 'e':
			exponent = true
		case c >= '0' && c <= '9' || c == '.' || exponent && c == '+':
		default:
			return cell
		}
	}
	if !exponent {
		return cell
	}
	f, err := strconv.ParseFloat(cell, 64)
	if err != nil || f >= 1<<53 || f != float64(int64(f)) {
		return cell
	}
	return strconv.FormatInt(int64(f), 10)
}
