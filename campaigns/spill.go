package campaigns

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxMemory is how many octets of recipients a plan keeps in memory unless told, so that
// its need does not grow with the audience: a million and more of usual rows.
const maxMemory = 48 << 20

// ErrNoRoom says that a file that is needed for a while does not fit on its disk.
var ErrNoRoom = errors.New("there is no room")

// roomEvery is after how many octets it is looked again whether there is room for more.
const roomEvery = 1 << 20

// A spill has on disk what a plan cannot keep in memory: sorted runs of recipients
// first, and then, merged, the batches of each series. Its file has no name, and is gone
// with the process however that ends.
type spill struct {
	file   *os.File
	w      *bufio.Writer
	size   int64
	runs   []span
	series []pile
	record []byte

	room    func(dir string, octets int64) error // nil: there is
	checked int64                                // as far as room has been looked for
}

// A span is a piece of the file.
type span struct{ from, size int64 }

// A pile is the batches of one series, and the one that is being filled.
type pile struct {
	batches []span
	open    []byte
	rows    int
}

// newSpill makes the file in a folder; "" is the system's for such files, and so is one
// that is not ours to write to.
func newSpill(dir string) (*spill, error) {
	f, err := os.CreateTemp(dir, ".plan-*")
	if errors.Is(err, fs.ErrPermission) {
		f, err = os.CreateTemp("", "tocsin-plan-*")
	}
	if err != nil {
		return nil, fmt.Errorf("sort the audience on disk: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("sort the audience on disk: %w", err), f.Close())
	}
	return &spill{file: f, w: bufio.NewWriterSize(f, 1<<18)}, nil
}

// close gives the file back; without a spill there is none.
func (s *spill) close() error {
	if s == nil {
		return nil
	}
	return s.file.Close()
}

func (s *spill) write(b []byte) error {
	if end := s.size + int64(len(b)); s.room != nil && end > s.checked {
		s.checked = end + roomEvery
		if err := s.room(filepath.Dir(s.file.Name()), s.checked-s.size); err != nil {
			return fmt.Errorf("sort the audience on disk: %w", err)
		}
	}
	n, err := s.w.Write(b)
	s.size += int64(n)
	return s.failed(err)
}

// failed is an error of the file in our words.
func (s *spill) failed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("sort the audience on disk: %w in %s: free space, or name another folder with spool.folder in the configuration", ErrNoRoom, filepath.Dir(s.file.Name()))
	}
	return fmt.Errorf("sort the audience on disk: %w", err)
}

// flush makes what was written readable.
func (s *spill) flush() error {
	return s.failed(s.w.Flush())
}

// addRun writes recipients that are sorted, each number once.
func (s *spill) addRun(k *kept, sorted []entry) error {
	from := s.size
	for _, e := range sorted {
		s.record = appendRecord(s.record[:0], e, k.row(e.ref))
		if err := s.write(s.record); err != nil {
			return err
		}
	}
	s.runs = append(s.runs, span{from, s.size - from})
	return nil
}

// put adds the next recipient of a series, whose numbers come ascending.
func (s *spill) put(series int, e entry, row []byte) error {
	for len(s.series) <= series {
		s.series = append(s.series, pile{})
	}
	p := &s.series[series]
	p.open = appendRecord(p.open, e, row)
	if p.rows++; p.rows < BatchSize {
		return nil
	}
	return s.closeBatch(p)
}

func (s *spill) closeBatch(p *pile) error {
	if p.rows == 0 {
		return nil
	}
	p.batches = append(p.batches, span{s.size, int64(len(p.open))})
	err := s.write(p.open)
	p.open, p.rows = p.open[:0], 0
	return err
}

// closeAll ends every series.
func (s *spill) closeAll() error {
	for i := range s.series {
		p := &s.series[i]
		if err := s.closeBatch(p); err != nil {
			return err
		}
		p.open = nil
	}
	return s.flush()
}

// load reads a batch: its rows into k, which loses what it had, its recipients behind
// entries.
func (s *spill) load(at span, k *kept, entries []entry) ([]entry, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(s.file, at.from, at.size), 1<<16)
	k.reset()
	for {
		e, row, err := readRecord(r, s.record)
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("sort the audience on disk: %w", err)
		}
		s.record = row
		e.ref, _ = k.addRow(row) // a batch is far below what fits
		entries = append(entries, e)
	}
}

// merge calls use for every recipient of the runs, by key; of one key in the order of
// the runs. row is valid during the call.
func (s *spill) merge(use func(e entry, row []byte) error) error {
	if err := s.flush(); err != nil {
		return err
	}
	var heads cursors
	for i, at := range s.runs {
		c := &cursor{run: i, r: bufio.NewReaderSize(io.NewSectionReader(s.file, at.from, at.size), 1<<16)}
		if err := c.next(); err == nil {
			heads = append(heads, c)
		} else if err != io.EOF {
			return fmt.Errorf("sort the audience on disk: %w", err)
		}
	}
	for heap.Init(&heads); len(heads) > 0; {
		c := heads[0]
		if err := use(c.e, c.row); err != nil {
			return err
		}
		switch err := c.next(); err {
		case nil:
			heap.Fix(&heads, 0)
		case io.EOF:
			heap.Pop(&heads)
		default:
			return fmt.Errorf("sort the audience on disk: %w", err)
		}
	}
	return nil
}

// A cursor stands at one recipient of a run.
type cursor struct {
	run int
	r   *bufio.Reader
	e   entry
	row []byte
}

func (c *cursor) next() (err error) {
	c.e, c.row, err = readRecord(c.r, c.row)
	return err
}

// cursors are a heap by key, and by run.
type cursors []*cursor

func (c cursors) Len() int      { return len(c) }
func (c cursors) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *cursors) Push(x any)   { *c = append(*c, x.(*cursor)) }

func (c cursors) Less(i, j int) bool {
	if c[i].e.key != c[j].e.key {
		return c[i].e.key < c[j].e.key
	}
	return c[i].run < c[j].run
}

// Pop takes the last one off, as heap.Interface has it.
func (c *cursors) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// recordHead is what stands before a row on disk: key, line, and the row's octets.
const recordHead = 8 + 4 + 4

func appendRecord(b []byte, e entry, row []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, e.key)
	b = binary.LittleEndian.AppendUint32(b, e.line)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(row)))
	return append(b, row...)
}

// readRecord reads an entry and its row, into buf when that has room. io.EOF: there is
// none.
func readRecord(r *bufio.Reader, buf []byte) (e entry, row []byte, err error) {
	head, err := r.Peek(recordHead)
	if err == io.EOF && len(head) > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return e, buf, err
	}
	e.key = binary.LittleEndian.Uint64(head)
	e.line = binary.LittleEndian.Uint32(head[8:])
	row = grown(buf, int(binary.LittleEndian.Uint32(head[12:])))
	r.Discard(recordHead) // it is there
	if _, err := io.ReadFull(r, row); err != nil {
		return e, row, io.ErrUnexpectedEOF
	}
	return e, row, nil
}
