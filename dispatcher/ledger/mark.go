package ledger

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const markName = "ledger.mark"

// A mark says, outside the database, how far a ledger in a file has come. It is written
// after each commit and before anything is done that the commit allows, so that a ledger
// that has lost a commit is behind its mark.
type mark struct {
	id        [8]byte  // of the ledger, which its sums have too
	count     uint64   // of marks written
	boot      [16]byte // the machine's start during which it was written
	at        position // the last commit
	copied    bool     // everything up to at is in ledger.db, and the sums are of that
	begins    bool     // another log may have been begun since, whose salts are not known here
	lost      bool     // the ledger was found behind it, and has not been set back yet
	campaigns int64    // the highest id of a campaign
}

// A mark is written in turn to the first and the second slot of its file, each in a sector
// of its own, so that one that is damaged leaves the one before it.
const (
	markSize  = 96
	markSlot  = 512
	markMagic = "tocsin mark 1\n\x00\x00"
)

var errMark = errors.New("ledger.mark cannot be read")

func (m *mark) encode(b []byte) {
	clear(b[:markSize])
	copy(b, markMagic)
	copy(b[16:], m.id[:])
	binary.LittleEndian.PutUint64(b[24:], m.count)
	copy(b[32:], m.boot[:])
	copy(b[48:], m.at.salt[:])
	binary.LittleEndian.PutUint32(b[56:], m.at.frames)
	binary.LittleEndian.PutUint32(b[60:], m.at.sum[0])
	binary.LittleEndian.PutUint32(b[64:], m.at.sum[1])
	if m.copied {
		b[68] |= 1
	}
	if m.begins {
		b[68] |= 2
	}
	if m.lost {
		b[68] |= 4
	}
	binary.LittleEndian.PutUint64(b[72:], uint64(m.campaigns))
	binary.LittleEndian.PutUint32(b[92:], crc32.Checksum(b[:92], castagnoli))
}

func (m *mark) decode(b []byte) bool {
	if len(b) < markSize || string(b[:len(markMagic)]) != markMagic || binary.LittleEndian.Uint32(b[92:]) != crc32.Checksum(b[:92], castagnoli) {
		return false
	}
	*m = mark{
		id: [8]byte(b[16:]), count: binary.LittleEndian.Uint64(b[24:]), boot: [16]byte(b[32:]),
		at: position{
			salt: [8]byte(b[48:]), frames: binary.LittleEndian.Uint32(b[56:]),
			sum: [2]uint32{binary.LittleEndian.Uint32(b[60:]), binary.LittleEndian.Uint32(b[64:])},
		},
		copied: b[68]&1 != 0, begins: b[68]&2 != 0, lost: b[68]&4 != 0,
		campaigns: int64(binary.LittleEndian.Uint64(b[72:])),
	}
	return true
}

// readMark reads the mark of a data folder; nil when there is none.
func readMark(dir string) (*mark, error) {
	b, err := os.ReadFile(filepath.Join(dir, markName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var last *mark
	for at := 0; at < len(b) && at <= markSlot; at += markSlot {
		var m mark
		if m.decode(b[at:]) && (last == nil || m.count > last.count) {
			last = &m
		}
	}
	if last == nil {
		return nil, errMark
	}
	return last, nil
}

// write puts a mark into its file. The caller syncs the file when the mark must be on the disk.
func (m *mark) write(f *os.File) error {
	m.count++
	var b [markSize]byte
	m.encode(b[:])
	_, err := f.WriteAt(b[:], int64(m.count%2)*markSlot)
	return err
}

// flush puts what was written to a file on the disk.
func flush(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// thisBoot names this start of the machine; zeros where the system does not say.
func thisBoot() (boot [16]byte) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err == nil {
		copy(boot[:], strings.ReplaceAll(string(text), "-", ""))
	}
	return boot
}
