package campaigns

import "tocsin/campaigns/audience"

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
