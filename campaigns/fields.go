package campaigns

import (
	"encoding/binary"
	"errors"
	"math"
)

// Fields are the values of all the uploader's columns for one batch, column
// after column: what texts are rendered from and exports written from. The zero
// Fields has neither rows nor columns.
type Fields struct {
	columns, rows int
	ends          []uint32 // where each value ends in data
	data          []byte
}

// Rows is how many recipients there are.
func (f *Fields) Rows() int { return f.rows }

// Columns is how many values each has.
func (f *Fields) Columns() int { return f.columns }

// Value is recipient i's value in column col, as it stood in the file without
// the space around it. It shares f's memory; a value that is not there is nil.
func (f *Fields) Value(col, i int) []byte {
	if col < 0 || col >= f.columns || i < 0 || i >= f.rows {
		return nil
	}
	at := col*f.rows + i
	from := uint32(0)
	if at > 0 {
		from = f.ends[at-1]
	}
	return f.data[from:f.ends[at]:f.ends[at]]
}

// AppendBinary appends what ParseFields reads: the count of columns and rows,
// each value's length, the values.
func (f *Fields) AppendBinary(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(f.columns))
	dst = binary.AppendUvarint(dst, uint64(f.rows))
	last := uint32(0)
	for _, end := range f.ends {
		dst = binary.AppendUvarint(dst, uint64(end-last))
		last = end
	}
	return append(dst, f.data...)
}

// errFields says that octets are no fields.
var errFields = errors.New("damaged fields of a batch")

// ParseFields reads what AppendBinary wrote. The result shares data's memory.
func ParseFields(data []byte) (*Fields, error) {
	var counts [2]uint64
	for i := range counts {
		v, n := binary.Uvarint(data)
		if n <= 0 || v > math.MaxInt32 {
			return nil, errFields
		}
		counts[i], data = v, data[n:]
	}
	values := counts[0] * counts[1]
	if values > uint64(len(data)) { // each has an octet of length at least
		return nil, errFields
	}
	f := &Fields{columns: int(counts[0]), rows: int(counts[1]), ends: make([]uint32, values)}
	end := uint64(0)
	for i := range f.ends {
		if len(data) > 0 && data[0] < 0x80 {
			end, data = end+uint64(data[0]), data[1:]
		} else {
			v, n := binary.Uvarint(data)
			if n <= 0 || v > math.MaxInt32 {
				return nil, errFields
			}
			end, data = end+v, data[n:]
		}
		if end > math.MaxInt32 {
			return nil, errFields
		}
		f.ends[i] = uint32(end)
	}
	if end != uint64(len(data)) {
		return nil, errFields
	}
	f.data = data
	return f, nil
}
