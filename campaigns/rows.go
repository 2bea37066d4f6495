package campaigns

import (
	"encoding/binary"
	"strconv"

	"tocsin/providers/sms"
)

const (
	chunkBits = 20
	chunkSize = 1 << chunkBits
	// maxKept is the longest row a plan keeps, in octets: far above any that
	// fits a text.
	maxKept = 1 << 16
)

// kept holds the rows of recipients while they are sorted: the file of each, and each
// value as its length and octets, in large pieces that never move. A telephone number in
// its usual eleven digits is not kept: it is the recipient's own.
type kept struct {
	number, columns int // the column of numbers, and how many there are
	chunks          [][]byte
	spare           [][]byte // chunks to use again
}

// add keeps a row of a file and says where. It fails for a row that is too long, or when
// 4 GiB are full.
func (k *kept) add(file int, n sms.Number, values [][]byte) (uint32, bool) {
	size := binary.MaxVarintLen16
	for _, v := range values {
		size += len(v) + binary.MaxVarintLen32
	}
	if size > maxKept || !k.room(size) {
		return 0, false
	}
	last := len(k.chunks) - 1
	b := k.chunks[last]
	ref := uint32(last)<<chunkBits | uint32(len(b))
	b = binary.AppendUvarint(b, uint64(file))
	for c, v := range values {
		if c == k.number {
			if len(v) == 11 && n/1e11 == 86 { // eleven octets that made a Chinese number are its digits
				b = append(b, 0)
				continue
			}
			b = binary.AppendUvarint(b, uint64(len(v)+1))
		} else if len(v) < 0x80 {
			b = append(b, byte(len(v)))
		} else {
			b = binary.AppendUvarint(b, uint64(len(v)))
		}
		b = append(b, v...)
	}
	k.chunks[last] = b
	return ref, true
}

// room makes room for size octets in the last chunk; false: 4 GiB are full.
func (k *kept) room(size int) bool {
	last := len(k.chunks) - 1
	if last >= 0 && len(k.chunks[last])+size < chunkSize {
		return true
	}
	if last+1 >= 1<<(32-chunkBits) {
		return false
	}
	var fresh []byte
	if n := len(k.spare); n > 0 {
		fresh, k.spare = k.spare[n-1][:0], k.spare[:n-1]
	} else {
		fresh = make([]byte, 0, chunkSize)
	}
	k.chunks = append(k.chunks, fresh)
	return true
}

// reset forgets all rows.
func (k *kept) reset() {
	k.spare = append(k.spare, k.chunks...)
	k.chunks = k.chunks[:0]
}

// addRow keeps what row has returned, of another kept with the same columns.
func (k *kept) addRow(row []byte) (uint32, bool) {
	if !k.room(len(row)) {
		return 0, false
	}
	last := len(k.chunks) - 1
	ref := uint32(last)<<chunkBits | uint32(len(k.chunks[last]))
	k.chunks[last] = append(k.chunks[last], row...)
	return ref, true
}

// row is the row at ref as it is kept.
func (k *kept) row(ref uint32) []byte {
	row := k.chunks[ref>>chunkBits][ref&(chunkSize-1):]
	_, size := binary.Uvarint(row)
	for c := range k.columns {
		n, head := binary.Uvarint(row[size:])
		if c == k.number && n > 0 {
			n--
		}
		size += head + int(n)
	}
	return row[:size]
}

// file is the file of the row at ref.
func (k *kept) file(ref uint32) int {
	n, _ := binary.Uvarint(k.chunks[ref>>chunkBits][ref&(chunkSize-1):])
	return int(n)
}

// values fills dst with the row of e; step is how far its values are apart. The
// values share k's memory, but for a number that was not kept: its digits are
// appended to digits, which must have room.
func (k *kept) values(dst [][]byte, step int, e entry, digits []byte) []byte {
	b := k.chunks[e.ref>>chunkBits][e.ref&(chunkSize-1):]
	_, file := binary.Uvarint(b)
	b = b[file:]
	for c := range k.columns {
		n, size := uint64(b[0]), 1
		if n >= 0x80 {
			n, size = binary.Uvarint(b)
		}
		b = b[size:]
		if c == k.number {
			if n == 0 {
				from := len(digits)
				digits = strconv.AppendUint(digits, e.key&numberMask-86*1e11, 10)
				dst[c*step] = digits[from:]
				continue
			}
			n--
		}
		dst[c*step] = b[:n:n]
		b = b[n:]
	}
	return digits
}

// fields makes the fields of a batch, using f's memory again. The rows are read once, for
// the places of their values; then each value is copied once, column after column.
func (k *kept) fields(f *Fields, entries []entry, s *scratch) {
	rows := len(entries)
	f.columns, f.rows = k.columns, rows
	f.ends = grown(f.ends, k.columns*rows)
	s.at = grown(s.at, len(f.ends))
	size := 0
	for i, e := range entries {
		b := k.chunks[e.ref>>chunkBits]
		at := int(e.ref & (chunkSize - 1))
		for b[at] >= 0x80 { // the file
			at++
		}
		at++
		for j, c := i, 0; c < k.columns; j, c = j+rows, c+1 {
			n := int(b[at])
			if at++; n >= 0x80 {
				v, head := binary.Uvarint(b[at-1:])
				n, at = int(v), at-1+head
			}
			if c == k.number {
				if n == 0 {
					f.ends[j], s.at[j] = 11, digitsAt
					size += 11
					continue
				}
				n--
			}
			f.ends[j], s.at[j] = uint32(n), e.ref&^(chunkSize-1)|uint32(at)
			at += n
			size += n
		}
	}
	f.data = grown(f.data, size+short)
	end := 0
	for j, at := range s.at {
		n := int(f.ends[j])
		to := f.data[end:]
		end += n
		f.ends[j] = uint32(end)
		if at == digitsAt {
			strconv.AppendUint(to[:0], entries[j%rows].key&numberMask-86*1e11, 10)
			continue
		}
		from := k.chunks[at>>chunkBits]
		from = from[at&(chunkSize-1) : cap(from)]
		if n <= short && len(from) >= short { // what is behind it is written over
			*(*[short]byte)(to) = [short]byte(from)
			continue
		}
		copy(to, from[:n])
	}
	f.data = f.data[:size]
}

const (
	// short is a value that is copied in one piece.
	short = 16
	// digitsAt is the place of a number that was not kept: nothing is in the last octet of a
	// chunk.
	digitsAt = 1<<32 - 1
)

// scratch is memory that fields uses again.
type scratch struct {
	at []uint32 // where in kept each value is
}

// grown is s with length n, its contents of no meaning.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
