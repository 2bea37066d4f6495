package configs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"tocsin/providers"
)

// LookEvery is how often the files of numbers are looked at, besides before each plan.
const LookEvery = time.Minute

// Numbers keep the files of prefixes and of ported numbers as they were read last. A
// file that was changed is read anew; while it cannot be used, what was known before
// stays, and that is said in the log and by Files. Safe for use by several goroutines.
type Numbers struct {
	reading sync.Mutex           // one reads at a time, which takes a second for ten million rows
	now     *providers.Numbering // under reading; nil: nothing was read yet

	mu       sync.Mutex // guards what follows; taken under reading, and never for long
	log      *slog.Logger
	prefixes numberFile
	ported   numberFile
}

// A NumberFile is how one of the files stands.
type NumberFile struct {
	Name string    // prefixes or ported
	Path string    // "": none is configured
	Rows int       // that are known
	Read time.Time // when they were read; zero: they are built in, or there are none
	Err  error     // why the file as it is now is not used; nil: it is
}

// numberFile is a NumberFile, and which state of the file was looked at last, which is
// under reading alone.
type numberFile struct {
	NumberFile
	changed time.Time
	size    int64
}

func newNumbers(c *Config) *Numbers {
	return &Numbers{
		log:      slog.New(slog.DiscardHandler),
		prefixes: numberFile{NumberFile: NumberFile{Name: "prefixes", Path: c.Prefixes}},
		ported:   numberFile{NumberFile: NumberFile{Name: "ported", Path: c.Ported}},
	}
}

// NumberFiles are the files of c, kept from the first call on.
func (c *Config) NumberFiles() *Numbers {
	if c.numbers == nil || c.numbers.prefixes.Path != c.Prefixes || c.numbers.ported.Path != c.Ported {
		c.numbers = newNumbers(c)
	}
	return c.numbers
}

// Log says where a file that cannot be used any more is said.
func (n *Numbers) Log(log *slog.Logger) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log = log
}

// Numbering is what the files say now: they are looked at first. Its error is that of
// the first reading; later ones leave what was known before.
func (n *Numbers) Numbering() (*providers.Numbering, error) { return n.look(false) }

// Run looks at the files every LookEvery and, whatever their time and size, when again
// says so, until ctx ends.
func (n *Numbers) Run(ctx context.Context, again <-chan os.Signal) error {
	tick := time.NewTicker(LookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			n.look(false) // what is wrong is in the log
		case <-again:
			n.look(true)
		}
	}
}

// Files say how the files stand.
func (n *Numbers) Files() []NumberFile {
	n.mu.Lock()
	defer n.mu.Unlock()
	return []NumberFile{n.prefixes.NumberFile, n.ported.NumberFile}
}

// look reads what has changed; all: everything.
func (n *Numbers) look(all bool) (*providers.Numbering, error) {
	n.reading.Lock()
	defer n.reading.Unlock()
	first := n.now == nil
	next := providers.BuiltInNumbering()
	if first {
		n.mu.Lock()
		n.prefixes.Rows = next.Prefixes.Len()
		n.mu.Unlock()
	} else {
		*next = *n.now
	}
	prefixes, ok, err := readAnew(n, &n.prefixes, all, providers.ReadPrefixes)
	if err != nil && first {
		return nil, err
	}
	if ok {
		next.Prefixes = prefixes
	}
	ported, ok, err := readAnew(n, &n.ported, all, providers.ReadPorted)
	if err != nil && first {
		return nil, err
	}
	if ok {
		next.Ported = ported
	}
	n.now = next
	return next, nil
}

// A list is what one of the files holds.
type list interface{ Len() int }

var errEmptied = errors.New("it holds no number any more: is the file whole?")

// readAnew reads a file if it was changed since it was looked at last; ok is false when
// it was not, or cannot be used, which is in the log unless it is the first reading.
func readAnew[L list](n *Numbers, f *numberFile, all bool, read func(name string, r io.Reader) (L, error)) (got L, ok bool, err error) {
	if f.Path == "" {
		return got, false, nil
	}
	first := n.now == nil
	got, same, err := readNumbers(f, all || first, read)
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case same:
		return got, false, nil
	case err == nil && !first && f.Rows > 0 && got.Len() == 0:
		err = errEmptied
	}
	if err != nil {
		err = fmt.Errorf("read the file of %s: %w", f.words(), err)
		if news := f.Err == nil || f.Err.Error() != err.Error(); news && !first {
			n.log.Error("a file of numbers cannot be used, what was read before stays in force: correct it, and it is read again", "file", f.Name, "path", f.Path, "err", err)
		}
		f.Err = err
		return got, false, err
	}
	if !first {
		n.log.Info("a file of numbers was read anew", "file", f.Name, "path", f.Path, "rows", got.Len(), "before", f.Rows)
	}
	f.Rows, f.Read, f.Err = got.Len(), time.Now(), nil
	return got, true, nil
}

func (f *numberFile) words() string {
	if f.Name == "ported" {
		return "ported numbers"
	}
	return f.Name
}

// readNumbers reads a file; same: it is as it was when it was looked at last.
func readNumbers[L list](f *numberFile, all bool, read func(name string, r io.Reader) (L, error)) (got L, same bool, err error) {
	in, err := os.Open(f.Path)
	if err != nil {
		return got, false, err
	}
	defer in.Close()
	before, err := in.Stat()
	if err != nil {
		return got, false, err
	}
	if !all && before.ModTime().Equal(f.changed) && before.Size() == f.size {
		return got, true, nil
	}
	if got, err = read(f.Path, in); err != nil {
		f.changed, f.size = before.ModTime(), before.Size()
		return got, false, err
	}
	after, err := os.Stat(f.Path)
	if err != nil {
		return got, false, err
	}
	if !after.ModTime().Equal(before.ModTime()) || after.Size() != before.Size() {
		return got, false, errors.New("it was changed while it was read: write a new file beside it, and rename it")
	}
	f.changed, f.size = before.ModTime(), before.Size()
	return got, false, nil
}
