package campaigns

import (
	"path/filepath"
	"strconv"
	"strings"

	"tocsin/campaigns/audience"
)

// A Book says what of a workbook a plan has read, and what people do not see of it.
type Book struct {
	File    string `json:"file"`
	Exclude bool   `json:"exclude,omitempty"` // it is an exclude file
	audience.Book

	At int `json:"-"` // index in Audience.Files or Audience.Exclude
}

// addBook notes what a file that was read to its end says as a workbook.
func (s *Summary) addBook(f *audience.File, at int, exclude bool) {
	if b := f.Book(); b != nil {
		s.Books = append(s.Books, Book{f.Path(), exclude, *b, at})
	}
}

// LineText is a line of one of the audience's files as people find it: where several
// sheets of a workbook are read, with the name of the sheet.
func (s *Summary) LineText(file int, line uint32) string {
	for i := range s.Books {
		if b := &s.Books[i]; b.At == file && !b.Exclude {
			return b.LineText(int(line))
		}
	}
	return (&audience.Book{}).LineText(int(line))
}

// bookWarnings are what people should know of workbooks: that more is read than they see,
// and that less is there than they see.
func bookWarnings(books []Book) (some []Warning) {
	all := []Warning{{Kind: WarnHiddenRows}, {Kind: WarnFilteredRows}, {Kind: WarnHiddenColumns}, {Kind: WarnMerged}}
	for _, b := range books {
		name := filepath.Base(b.File)
		hidden := b.HiddenRows - b.FilteredRows
		all[0].add(hidden, name, strconv.Itoa(hidden))
		all[1].add(b.FilteredRows, name, strconv.Itoa(b.FilteredRows))
		if !b.Exclude { // nobody reads its other columns
			all[2].add(len(b.HiddenColumns), name, b.HiddenColumns...)
			all[3].add(b.Merges, name, b.Merged...)
		}
	}
	for _, w := range all {
		if w.Count > 0 {
			some = append(some, w)
		}
	}
	return some
}

// add counts more of what a workbook has, with words for it.
func (w *Warning) add(n int, file string, words ...string) {
	if n == 0 {
		return
	}
	if w.Count > 0 {
		w.What += "; "
	}
	w.Count += n
	w.What += file + ": " + strings.Join(words, ", ")
}
