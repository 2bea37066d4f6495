package audience

import (
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// sheet reads the first sheet of a spreadsheet.
type sheet struct {
	f     *excelize.File
	rows  *excelize.Rows
	line  int
	cells [][]byte
}

func openSheet(path string) (Rows, error) {
	// Parts over 16 MiB are unpacked to a temporary file; more than 4 GiB is refused.
	f, err := excelize.OpenFile(path, excelize.Options{UnzipXMLSizeLimit: 16 << 20, UnzipSizeLimit: 4 << 30, RawCellValue: true})
	if err != nil {
		return nil, fmt.Errorf("open spreadsheet: %w", err)
	}
	names := f.GetSheetList()
	if len(names) == 0 {
		f.Close()
		return nil, fmt.Errorf("open spreadsheet: it has no sheet")
	}
	rows, err := f.Rows(names[0])
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read spreadsheet: %w", err)
	}
	return &sheet{f: f, rows: rows}, nil
}

// Next returns the next row that is not empty.
func (s *sheet) Next() ([][]byte, error) {
	for s.rows.Next() {
		s.line++
		cells, err := s.rows.Columns()
		if err != nil {
			return nil, fmt.Errorf("read spreadsheet row %d: %w", s.line, err)
		}
		if len(cells) == 0 {
			continue
		}
		s.cells = s.cells[:0]
		for _, c := range cells {
			s.cells = append(s.cells, []byte(c))
		}
		return s.cells, nil
	}
	if err := s.rows.Error(); err != nil {
		return nil, fmt.Errorf("read spreadsheet: %w", err)
	}
	return nil, io.EOF
}

// Line is the row's number in the sheet.
func (s *sheet) Line() int { return s.line }

// Close lets go of the file.
func (s *sheet) Close() error {
	s.rows.Close()
	return s.f.Close()
}
