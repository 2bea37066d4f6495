package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

const sumsName = "ledger.sums"

// sums are the checksums of the pages of ledger.db, as of the last time when the whole
// write-ahead log was copied into it. The pages that the log holds may differ.
type sums struct {
	id    [8]byte // of the ledger, as in its mark
	size  int     // octets in a page
	pages []uint32
}

const sumsMagic = "tocsin sums 1\n\x00\x00"

var errSums = errors.New("ledger.sums cannot be read")

// readSums reads the sums of a data folder; nil when there are none.
func readSums(dir string) (*sums, error) {
	b, err := os.ReadFile(filepath.Join(dir, sumsName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n := len(b) - 4
	if n < 32 || n%4 != 0 || string(b[:len(sumsMagic)]) != sumsMagic || binary.LittleEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, errSums
	}
	s := &sums{id: [8]byte(b[16:]), size: int(binary.LittleEndian.Uint32(b[24:]))}
	for b = b[32:n]; len(b) > 0; b = b[4:] {
		s.pages = append(s.pages, binary.LittleEndian.Uint32(b))
	}
	return s, nil
}

// write replaces the sums of a data folder.
func (s *sums) write(dir string) error {
	b := make([]byte, 32, 36+4*len(s.pages))
	copy(b, sumsMagic)
	copy(b[16:], s.id[:])
	binary.LittleEndian.PutUint32(b[24:], uint32(s.size))
	for _, sum := range s.pages {
		b = binary.LittleEndian.AppendUint32(b, sum)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	path := filepath.Join(dir, sumsName)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir puts the names in a folder on the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// set takes over the sums of pages that have been copied into the file.
func (s *sums) set(pages map[uint32]uint32) {
	for page, sum := range pages {
		for int(page) > len(s.pages) {
			s.pages = append(s.pages, 0)
		}
		s.pages[page-1] = sum
	}
}

// pagesOf makes the sums of a database's file, with pages of a size; 0: as it says itself.
func pagesOf(file string, size int) (*sums, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var head [100]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return nil, err
	}
	// https://www.sqlite.org/fileformat.html#the_database_header
	s := &sums{size: size}
	if size == 0 {
		s.size = int(binary.BigEndian.Uint16(head[16:]))
	}
	if s.size == 1 {
		s.size = 1 << 16
	}
	if s.size < 512 || s.size&(s.size-1) != 0 {
		return nil, fmt.Errorf("%w: ledger.db is no database: its first page is not what was written", ErrDamaged)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	buffer := make([]byte, 1<<18)
	for {
		n, err := io.ReadFull(f, buffer)
		for part := buffer[:n]; len(part) > 0; part = part[min(s.size, len(part)):] {
			s.pages = append(s.pages, crc32.Checksum(part[:min(s.size, len(part))], castagnoli))
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return s, nil
		} else if err != nil {
			return nil, err
		}
	}
}

// differs is the first page of a file that is not as s says and that the log does not
// hold; 0 when there is none.
func (s *sums) differs(file *sums, log map[uint32]uint32) int {
	for i := range max(len(s.pages), len(file.pages)) {
		if _, held := log[uint32(i+1)]; held {
			continue
		}
		if i >= len(s.pages) || i >= len(file.pages) || s.pages[i] != file.pages[i] {
			return i + 1
		}
	}
	return 0
}
