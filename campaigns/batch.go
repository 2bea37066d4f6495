package campaigns

import (
	"encoding/binary"
	"errors"

	"tocsin/providers/sms"
)

// BatchSize is the most recipients of a batch.
const BatchSize = 1000

// A Batch is up to BatchSize recipients of one route and one language, by
// ascending number. The batches of one Series have ascending ranges of numbers
// that do not overlap.
type Batch struct {
	Series   int
	Sequence int // over all series, in the order they are to be sent
	Route    string
	Numbers  []sms.Number
	Lines    []uint32 // in the file
	Fields   Fields
	Segments int // of all texts together
}

// An Exclusion is a row that is no recipient.
type Exclusion struct {
	File   int // index in the definition's files
	Line   int
	Reason Reason
}

// A Reason says why a row is no recipient.
type Reason uint8

// The reasons.
const (
	Invalid Reason = iota // not a number
	Duplicate
	Suppressed
	Excluded    // in an exclude file
	NotSelected // where says no
	Unroutable
	TooLong

	reasons = 7
)

var reasonNames = [reasons]string{"invalid", "duplicate", "suppressed", "excluded", "not_selected", "unroutable", "text_too_long"}

// String is the reason's name in reports.
func (r Reason) String() string { return reasonNames[r] }

// Fields are the uploader's columns of a batch's recipients: one after the other,
// a length and the octets of each cell, column by column.
type Fields struct {
	rows  int
	ends  [][]uint32 // by column: where each cell ends
	cells [][]byte   // by column
}

// errFields says that stored fields cannot be read.
var errFields = errors.New("internal error: the fields of a batch cannot be read")

// reset empties f for so many columns.
func (f *Fields) reset(columns int) {
	f.rows = 0
	if len(f.ends) != columns {
		f.ends, f.cells = make([][]uint32, columns), make([][]byte, columns)
	}
	for c := range f.ends {
		f.ends[c], f.cells[c] = f.ends[c][:0], f.cells[c][:0]
	}
}

// Columns is how many there are.
func (f *Fields) Columns() int { return len(f.ends) }

// Value is recipient i's cell in a column; empty when there is none.
func (f *Fields) Value(column, i int) []byte {
	if column >= len(f.ends) || i >= len(f.ends[column]) {
		return nil
	}
	start := uint32(0)
	if i > 0 {
		start = f.ends[column][i-1]
	}
	return f.cells[column][start:f.ends[column][i]]
}

// AppendBinary appends the fields for ParseFields.
func (f *Fields) AppendBinary(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(f.ends)))
	b = binary.AppendUvarint(b, uint64(f.rows))
	for c := range f.ends {
		last := uint32(0)
		for _, end := range f.ends[c] {
			b = binary.AppendUvarint(b, uint64(end-last))
			last = end
		}
		b = append(b, f.cells[c]...)
	}
	return b
}

// ParseFields reads what AppendBinary wrote. It keeps data.
func ParseFields(data []byte) (*Fields, error) {
	next := func() uint64 {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			data = nil
			return 1 << 62
		}
		data = data[n:]
		return v
	}
	columns, rows := next(), next()
	if columns > 1<<14 || rows > 1<<16 || columns*rows > uint64(len(data)) {
		return nil, errFields
	}
	f := &Fields{rows: int(rows), ends: make([][]uint32, columns), cells: make([][]byte, columns)}
	for c := range f.ends {
		f.ends[c] = make([]uint32, rows)
		end := uint64(0)
		for i := range f.ends[c] {
			end += next()
			if end > 1<<31 {
				return nil, errFields
			}
			f.ends[c][i] = uint32(end)
		}
		if end > uint64(len(data)) {
			return nil, errFields
		}
		f.cells[c], data = data[:end:end], data[end:]
	}
	if len(data) != 0 {
		return nil, errFields
	}
	return f, nil
}
