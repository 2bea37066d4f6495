package ledger

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// The write-ahead log of SQLite: https://www.sqlite.org/walformat.html
const (
	walHeader   = 32
	frameHeader = 24
	walMagic    = 0x377f0682 // its last bit says in which order the checksums take a word's octets
	walVersion  = 3007000
)

// A position names one committed state of a write-ahead log: the salts of the log, how
// many of its frames are committed, and the checksum in the last of them.
type position struct {
	salt   [8]byte
	frames uint32
	sum    [2]uint32
}

// A wal is what a walk over a write-ahead log has found.
type wal struct {
	empty    bool              // there is no log, or nothing in it
	sequence uint32            // how many logs the file held before this one
	end      position          // the last commit, as SQLite will find it
	pages    map[uint32]uint32 // the pages in it as of end, and their checksums
	reached  bool              // it goes through the position that was asked for
	// Commits behind the first frame that SQLite does not accept, valid by their own
	// content. Two say that the log is damaged, because the first of them was on the disk
	// before the second began; one may have been on its way when the power went.
	beyond int
}

// errWAL says that a write-ahead log is damaged.
var errWAL = errors.New("the write-ahead log ledger.db-wal is damaged")

// walkWAL walks over the log in a file, which need not be there.
func walkWAL(file string, want position) (*wal, error) { return walk(file, want, false) }

// walkUpTo walks over the log as far as want. What is behind it may be a commit that SQLite
// has taken back, because it could not be put on the disk.
func walkUpTo(file string, want position) (*wal, error) { return walk(file, want, true) }

// walk walks over the log in a file: to its end, or up to want.
func walk(file string, want position, upTo bool) (*wal, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return &wal{empty: true}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<18)
	head, err := r.Peek(walHeader + 1)
	if err == io.EOF { // the header is on the disk before the first frame is written
		return &wal{empty: true}, nil
	}
	if err != nil {
		return nil, err
	}
	w := &wal{pages: map[uint32]uint32{}}
	return w, w.read(r, head[:walHeader], want, upTo)
}

func (w *wal) read(r *bufio.Reader, head []byte, want position, upTo bool) error {
	var s walSums
	magic, size := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[8:])
	s.big = magic&1 == 1
	sum := s.of([2]uint32{}, head[:24])
	if magic&^1 != walMagic || binary.BigEndian.Uint32(head[4:]) != walVersion || sum != sumIn(head[24:]) ||
		size < 512 || size > 1<<16 || size&(size-1) != 0 {
		return fmt.Errorf("%w: its header is not valid", errWAL)
	}
	w.sequence = binary.BigEndian.Uint32(head[12:])
	w.end = position{salt: [8]byte(head[16:24]), sum: sum}
	if _, err := r.Discard(walHeader); err != nil {
		return err
	}
	open := map[uint32]uint32{} // pages of the transaction whose commit is to come
	length := frameHeader + int(size)
	valid := true
	told, computed := sum, sum // of the frame before: what it says, and what it is
	for n := uint32(1); ; n++ {
		frame, err := r.Peek(length)
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		salted := [8]byte(frame[8:16]) == w.end.salt
		commits := binary.BigEndian.Uint32(frame[4:]) != 0
		says := sumIn(frame[16:])
		is := s.of(told, frame[:8], frame[frameHeader:])
		fits := is == says
		switch {
		case valid && fits && salted:
			open[binary.BigEndian.Uint32(frame)] = crc32.Checksum(frame[frameHeader:], castagnoli)
			if !commits {
				break
			}
			for page, sum := range open {
				w.pages[page] = sum
			}
			clear(open)
			w.end.frames, w.end.sum = n, says
			if w.reached = w.reached || w.end == want; w.reached && upTo {
				return nil
			}
		case valid: // the first that SQLite does not accept
			valid = false
			if fits && commits {
				w.beyond++
			}
		case salted && commits && (fits || s.of(computed, frame[:8], frame[frameHeader:]) == says):
			w.beyond++
		}
		told, computed = says, is
		if _, err := r.Discard(length); err != nil {
			return err
		}
	}
}

// walSums makes the checksums of a write-ahead log.
type walSums struct{ big bool }

// of goes on from a checksum over parts, whose lengths are multiples of 8.
func (s walSums) of(sum [2]uint32, parts ...[]byte) [2]uint32 {
	a, b := sum[0], sum[1]
	for _, p := range parts {
		if s.big {
			for ; len(p) >= 8; p = p[8:] {
				a += binary.BigEndian.Uint32(p) + b
				b += binary.BigEndian.Uint32(p[4:]) + a
			}
			continue
		}
		for ; len(p) >= 8; p = p[8:] {
			a += binary.LittleEndian.Uint32(p) + b
			b += binary.LittleEndian.Uint32(p[4:]) + a
		}
	}
	return [2]uint32{a, b}
}

// sumIn is a checksum as the log has it.
func sumIn(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}
