package audience

import (
	"fmt"
	"strconv"
)

// A Book says what of a workbook is read, and what people do not see of it.
type Book struct {
	Sheets  []string `json:"sheets"`                  // that are read
	Hidden  []string `json:"hidden_sheets,omitempty"` // that are not
	Skipped []string `json:"other_sheets,omitempty"`  // visible ones that are not: another is named, or they have no rows
	// HiddenRows is how many rows with values are read that the workbook does not show;
	// FilteredRows of them a filter has taken away.
	HiddenRows   int `json:"hidden_rows,omitempty"`
	FilteredRows int `json:"filtered_rows,omitempty"`
	// HiddenColumns are the names of columns that are read and not shown.
	HiddenColumns []string `json:"hidden_columns,omitempty"`
	// Merges is how many merged cells reach over several rows: only the first row has
	// their value. Merged are the places of the first of them.
	Merges int      `json:"merged_cells,omitempty"`
	Merged []string `json:"merged,omitempty"`

	// Places are the names of the sheets that are read by their places in the workbook,
	// which lines begin with when there are several.
	Places []string `json:"-"`
}

// maxMerged is how many places of merged cells are named.
const maxMerged = 5

// add adds what a sheet that was read to its end says of its cells.
func (b *Book) add(g *grid) {
	hidden, filtered := g.ranges.rows(g.first)
	b.HiddenRows += hidden
	b.FilteredRows += filtered
	for i, name := range g.names {
		for _, s := range g.ranges.columns {
			if i+1 >= s.from && i+1 <= s.to {
				b.HiddenColumns = append(b.HiddenColumns, name)
				break
			}
		}
	}
	b.Merges += g.ranges.merges
	for _, a := range g.ranges.merged {
		if len(b.Merged) < maxMerged {
			place := placeName(a.left, a.top) + ":" + placeName(a.right, a.bottom)
			if len(b.Sheets) > 1 {
				place = g.name + "!" + place
			}
			b.Merged = append(b.Merged, place)
		}
	}
}

// Book says what of a workbook is read, the counts as soon as Next has returned io.EOF;
// nil: the file is text.
func (a *File) Book() *Book {
	if a.book == nil {
		return nil
	}
	return &a.book.info
}

// Use says which column holds telephone numbers, whose digits are all read, and of which
// columns people read the values: when the format of such a cell in a workbook is one
// whose text is not sure, Next refuses the file. Others are read as well as can be.
func (a *File) Use(number int, shown []int) {
	if a.book != nil {
		a.book.use(len(a.columns), number, shown)
	}
}

// LineText is a line that Next has returned, as people find it: where several sheets of a
// workbook are read, with the name of the sheet.
func (a *File) LineText(line int) string {
	if a.book == nil {
		return strconv.Itoa(line)
	}
	return a.book.info.LineText(line)
}

// LineText is as that of the File.
func (b *Book) LineText(line int) string {
	if at := line / sheetLine; at > 0 && at < len(b.Places) {
		return b.Places[at] + "!" + strconv.Itoa(line%sheetLine)
	}
	return strconv.Itoa(line)
}

// At is an error in a line that Next has returned.
func (a *File) At(line int, err error) *Error {
	if a.book != nil {
		if at := line / sheetLine; at > 0 && at < len(a.book.info.Places) {
			line, err = line%sheetLine, fmt.Errorf("sheet %q: %w", a.book.info.Places[at], err)
		}
	}
	return &Error{File: a.path, Line: line, Err: err}
}
