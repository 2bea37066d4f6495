// Package audience turns files into rows: CSV, TSV and XLSX, in the character
// sets that such files come in. It streams: what it holds does not grow with the
// file. It knows no campaign; it also makes up audiences for rehearsals.
package audience

import "fmt"

// An Error says what is wrong with a file, and where.
type Error struct {
	File string
	Line int // 1 is the first; 0: the file as a whole
	Err  error
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.File, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// A RowError says that one row breaks the rules of its file, so that it is not known
// which cells it has. File.Next returns it with the row's line, and the next call
// returns the row behind it. Why quotes nothing of the row.
type RowError struct{ Why string }

func (e *RowError) Error() string { return e.Why }
