package audience

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
)

// A sharedTexts is the table of texts that the cells of a workbook share. Of a long
// table only the ends of the texts are in memory: the texts are in a file without a
// name.
type sharedTexts struct {
	ends []uint64
	data []byte // all texts, or the piece of the file that begins at from
	file *os.File
	from uint64
}

// window is how much of the file is read at a time, in octets: most cells name the
// texts in their order.
const window = 1 << 16

func readSharedTexts(p *parts, part *zip.File) (*sharedTexts, error) {
	r, err := p.open(part)
	if err != nil {
		return nil, unpackError(part, err)
	}
	defer r.Close()
	s := &sharedTexts{}
	if err := s.read(newTags(xmlText(r))); err != nil {
		return nil, errors.Join(unpackError(part, err), s.Close())
	}
	return s, nil
}

func (s *sharedTexts) read(t *tags) error {
	size := uint64(0)
	for {
		if err := t.next(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if !t.open || string(t.name) != "si" {
			continue
		}
		t.since = 0
		before := len(s.data)
		data, ok, err := appendRich(s.data, t)
		if err != nil {
			return err
		}
		if !ok {
			return errNoXML
		}
		s.data = data
		size += uint64(len(data) - before)
		s.ends = append(s.ends, size)
		if len(data) >= unzipped {
			if err := s.spill(); err != nil {
				return err
			}
		}
	}
	if s.file == nil {
		return nil
	}
	err := s.spill()
	s.data = make([]byte, 0, window)
	return err
}

// spill moves what is in memory to the file.
func (s *sharedTexts) spill() (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp("", "tocsin-texts-"); err != nil {
			return fmt.Errorf("unpack shared texts: %w", err)
		}
		if err := os.Remove(s.file.Name()); err != nil {
			return fmt.Errorf("unpack shared texts: %w", err)
		}
	}
	if _, err := s.file.Write(s.data); err != nil {
		return fmt.Errorf("unpack shared texts: %w", err)
	}
	s.data = s.data[:0]
	return nil
}

// appendText appends the text at an index that is in the table.
func (s *sharedTexts) appendText(dst []byte, i int) ([]byte, error) {
	from, to := uint64(0), s.ends[i]
	if i > 0 {
		from = s.ends[i-1]
	}
	if s.file == nil {
		return append(dst, s.data[from:to]...), nil
	}
	if from < s.from || to > s.from+uint64(len(s.data)) {
		n := max(window, int(to-from))
		if cap(s.data) < n {
			s.data = make([]byte, 0, n)
		}
		n, err := s.file.ReadAt(s.data[:n], int64(from))
		if s.from, s.data = from, s.data[:n]; uint64(n) < to-from {
			return dst, fmt.Errorf("read shared texts: %w", err)
		}
	}
	return append(dst, s.data[from-s.from:to-s.from]...), nil
}

// Close lets go of the file.
func (s *sharedTexts) Close() error {
	if s == nil || s.file == nil {
		return nil
	}
	return s.file.Close()
}
