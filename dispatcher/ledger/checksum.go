package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/s2"
)

// castagnoli is CRC-32C, for which processors have an instruction.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged says that something in a ledger is not what was written there.
var ErrDamaged = errors.New("the ledger is damaged")

// sealed begins a column's content that has a checksum: sealed, CRC-32C (4 octets, little
// endian), content. Ledgers of schema 16 and before have the content alone, which begins
// with something else: no number is 0, no packed column is empty, and records and status
// rows begin with their kind and version.
const sealed = 0

// sealSize is how much longer content is with its checksum.
const sealSize = 5

// What a sealed column is of. A checksum holds for one column of one row.
const (
	sealNumbers = iota + 1
	sealFields
	sealStatus
	sealJournal
	sealExclusion
)

// A seal is what a checksum is of, beside the content: the column's kind and the row's key.
type seal struct {
	kind     byte
	row, sub int64
}

func (s seal) sum(content []byte) uint32 {
	var key [17]byte
	key[0] = s.kind
	binary.LittleEndian.PutUint64(key[1:], uint64(s.row))
	binary.LittleEndian.PutUint64(key[9:], uint64(s.sub))
	return crc32.Update(crc32.Checksum(key[:], castagnoli), castagnoli, content)
}

// room appends the room for a checksum; what is appended behind it is the content.
func (s seal) room(b []byte) []byte { return append(b, sealed, 0, 0, 0, 0) }

// close writes the checksum of b, which room began.
func (s seal) close(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[1:], s.sum(b[sealSize:]))
	return b
}

// open is the content of what close has made, or of a column without a checksum.
func (s seal) open(b []byte) ([]byte, error) {
	fits := len(b) >= sealSize && binary.LittleEndian.Uint32(b[1:]) == s.sum(b[sealSize:])
	if is := len(b) > 0 && b[0] == sealed; is != fits { // one that fits has lost the octet that says so
		return nil, fmt.Errorf("%w: the checksum of the %s is wrong", ErrDamaged, s)
	} else if !is {
		return b, nil
	}
	return b[sealSize:], nil
}

// pack compresses content into the memory of b, and seals it if that is wanted.
func (s seal) pack(b, content []byte, sealed bool) []byte {
	if !sealed {
		return s2.Encode(b[:cap(b)], content)
	}
	if most := sealSize + s2.MaxEncodedLen(len(content)); cap(b) < most {
		b = make([]byte, 0, most)
	}
	b = s.room(b[:0])
	packed := s2.Encode(b[sealSize:cap(b)], content)
	return s.close(b[:sealSize+len(packed)])
}

// sealing reports whether what is written gets checksums. In a file it always does. In a
// shared ledger it does since no program at work is too old to read them.
func (l *Ledger) sealing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seals
}

// sealedSince is the schema whose programs read and write checksums.
const sealedSince = 20

// agreeOnSeals learns whether what is written to a shared ledger gets checksums. The process
// that leads says so as soon as no older program is at work; none can start from then on.
func (l *Ledger) agreeOnSeals(ctx context.Context, leads bool) error {
	if l.sealing() {
		return nil
	}
	if leads {
		if _, err := l.db.ExecContext(ctx, `UPDATE compat SET oldest = $1 WHERE oldest < $1
			AND NOT EXISTS (SELECT 1 FROM owner WHERE schema < $1 AND beat >= `+databaseNow+` - $2)`,
			sealedSince, deadAfter.Milliseconds()); err != nil {
			return err
		}
	}
	var oldest int64
	if err := l.db.QueryRowContext(ctx, `SELECT oldest FROM compat`).Scan(&oldest); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seals = oldest >= sealedSince
	return nil
}

// String says in words what the checksum is of.
func (s seal) String() string {
	switch s.kind {
	case sealNumbers:
		return fmt.Sprintf("numbers of page %d", s.row)
	case sealFields:
		return fmt.Sprintf("fields of page %d", s.row)
	case sealStatus:
		return fmt.Sprintf("status of page %d", s.row)
	case sealJournal:
		return fmt.Sprintf("journal of page %d, version %d", s.row, s.sub)
	}
	return fmt.Sprintf("exclusions of campaign %d, part %d", s.row, s.sub)
}
