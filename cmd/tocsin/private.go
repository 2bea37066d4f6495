package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A privateFile is a file that the program writes for its owner alone: a new one beside
// the path, which takes its place when it is whole. What stood there before is replaced,
// never written to, so that neither its mode nor a link to it counts.
type privateFile struct {
	*os.File
	path string
	done bool
}

// newPrivate begins the file at path. A symbolic link, or anything but a file, is refused:
// another user could use one to have numbers written where others can read them.
func newPrivate(path string) (*privateFile, error) {
	switch info, err := os.Lstat(path); {
	case err == nil && info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link: name the file itself", path)
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return nil, err
	}
	return &privateFile{File: f, path: path}, nil
}

// keep ends the file and puts it in its place.
func (f *privateFile) keep() error {
	f.done = true
	err := f.Close()
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// drop leaves nothing of a file that was not kept.
func (f *privateFile) drop() {
	if !f.done {
		f.done = true
		f.Close()
		os.Remove(f.Name())
	}
}
