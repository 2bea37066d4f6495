package campaigns

import "encoding/binary"

// arenaChunk is how much an arena takes at a time, in octets; a row is never cut.
const arenaChunk = 1 << 20

// An arena keeps rows packed: file, line, then length and octets of each cell.
type arena struct {
	chunks [][]byte
	read   []byte // what is left of the row being read
}

// begin starts a row and says where it is: chunk and offset.
func (a *arena) begin(file, line int) uint64 {
	if n := len(a.chunks); n == 0 || len(a.chunks[n-1]) > arenaChunk-4096 {
		a.chunks = append(a.chunks, make([]byte, 0, arenaChunk))
	}
	k := len(a.chunks) - 1
	at := uint64(k)<<32 | uint64(len(a.chunks[k]))
	a.chunks[k] = binary.AppendUvarint(a.chunks[k], uint64(file))
	a.chunks[k] = binary.AppendUvarint(a.chunks[k], uint64(line))
	return at
}

// cell adds a cell to the row begun last.
func (a *arena) cell(cell []byte) {
	k := len(a.chunks) - 1
	a.chunks[k] = binary.AppendUvarint(a.chunks[k], uint64(len(cell)))
	a.chunks[k] = append(a.chunks[k], cell...)
}

// open begins to read the row at a place.
func (a *arena) open(at uint64) (file, line int) {
	a.read = a.chunks[at>>32][uint32(at):]
	return int(a.uvarint()), int(a.uvarint())
}

// next is the next cell of the row that was opened.
func (a *arena) next() []byte {
	n := a.uvarint()
	cell := a.read[:n:n]
	a.read = a.read[n:]
	return cell
}

func (a *arena) uvarint() uint64 {
	if a.read[0] < 0x80 {
		v := a.read[0]
		a.read = a.read[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(a.read)
	a.read = a.read[n:]
	return v
}
