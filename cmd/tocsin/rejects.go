package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tocsin/campaigns"
)

// byteOrderMark tells spreadsheets that a CSV file is UTF-8: without it Excel
// reads Chinese in the machine's own character set.
const byteOrderMark = "\ufeff"

// rejects is the file of the rows of a plan that are no recipients. It is made
// when the first row comes, readable by its owner alone.
type rejects struct {
	path  string
	named bool // by --rejects: a file that cannot be written is an error
	file  *privateFile
	rows  bool                     // some were written
	word  func(name string) string // what it says in Chinese; nil: it is in English
	err   error                    // of a file that nobody named
}

// openRejects makes the file that --rejects names; "" is one beside the
// definition, and "off" none.
func openRejects(path string, d *campaigns.Definition) (*rejects, error) {
	switch path {
	case "off":
		return nil, nil
	case "":
		return &rejects{path: strings.TrimSuffix(d.Path, filepath.Ext(d.Path)) + ".rejects.csv"}, nil
	}
	r := &rejects{path: path, named: true}
	return r, r.open()
}

func (r *rejects) open() (err error) {
	if r.file, err = newPrivate(r.path); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	if _, err := r.file.WriteString(byteOrderMark); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

// Write is io.Writer's. A file that nobody named and that cannot be written does
// not keep anybody from planning.
func (r *rejects) Write(p []byte) (int, error) {
	r.rows = true
	if r.file == nil && r.err == nil {
		r.err = r.open()
	}
	if r.err != nil {
		return len(p), nil
	}
	n, err := r.file.Write(p)
	if err != nil && !r.named {
		r.err = err
		return len(p), nil
	}
	return n, err
}

// written reports whether there are such rows and their file has them.
func (r *rejects) written() bool { return r != nil && r.rows && r.err == nil }

// with adds to a refusal where the rows are that it may be about.
func (r *rejects) with(err error) error {
	if !r.written() {
		return err
	}
	return fmt.Errorf("%w (rows that are no recipients are in %s)", err, r.path)
}

// settle closes the file when the plan is over, which ended with err: that of a refused
// plan is kept and named, that of one which failed is removed.
func (r *rejects) settle(err error) error {
	closed := r.Close()
	var refused *campaigns.Refusal
	switch {
	case errors.As(err, &refused):
		return r.with(err)
	case err != nil:
		r.discard() // it is not whole
		return err
	}
	return closed
}

// words say where the rows are; "" when there are none, or none are written.
func (r *rejects) words(failing int, say *words) string {
	switch {
	case r == nil || failing == 0:
		return ""
	case r.err != nil:
		return fmt.Sprintf(say.RejectsFailed, failing, r.err)
	}
	return fmt.Sprintf(say.RejectsIn, failing, r.path)
}

// in makes it say things in the language of say.
func (r *rejects) in(say *words) {
	if r != nil {
		r.word = rejectWord(say)
	}
}

// discard removes the file.
func (r *rejects) discard() {
	if r != nil && r.file != nil {
		r.file.drop()
		os.Remove(r.path)
	}
}

// Close ends the file. One of an earlier plan is removed when this plan has no
// such rows: it would tell of rows that were put right.
func (r *rejects) Close() error {
	if r == nil {
		return nil
	}
	if r.file != nil {
		if err := r.file.keep(); err != nil {
			return fmt.Errorf("write rejects: %w", err)
		}
		return nil
	}
	if err := os.Remove(r.path); err != nil && r.err == nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the rejects of an earlier plan: %w", err)
	}
	return nil
}
