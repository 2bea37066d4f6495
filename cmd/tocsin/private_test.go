package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFileThatIsWrittenIsNewAndPrivate(t *testing.T) { // D11
	dir := t.TempDir()
	path := filepath.Join(dir, "everyone.csv")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "hard")
	if err := os.Link(path, other); err != nil {
		t.Fatal(err)
	}
	f, err := newPrivate(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.drop()
	if _, err := f.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("got %q before the file is whole, want what was there", got)
	}
	if err := f.keep(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || read(t, path) != "new" {
		t.Errorf("got %v, %v, want a new file for its owner alone", info, err)
	}
	if got := read(t, other); got != "old" {
		t.Errorf("got %q by another name of the old file, want what was there", got)
	}
}

func TestAFileIsNeverWrittenThroughALink(t *testing.T) { // D11
	dir := t.TempDir()
	for name, target := range map[string]string{"there": filepath.Join(dir, "target"), "dangling": filepath.Join(dir, "nowhere"), "folder": dir} {
		if name == "there" {
			if err := os.WriteFile(target, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		link := filepath.Join(dir, name)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if f, err := newPrivate(link); err == nil || !strings.Contains(err.Error(), "is a symbolic link") {
			t.Errorf("%s: got %v, %v, want a refusal", name, f, err)
		}
	}
	if got := read(t, filepath.Join(dir, "target")); got != "old" {
		t.Errorf("got %q, want what was there", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no file", err)
	}
	if _, err := newPrivate(dir); err == nil {
		t.Error("got a file in place of a folder")
	}
}

func TestAFileThatIsNotKeptLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	f, err := newPrivate(filepath.Join(dir, "a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	f.drop()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v, want nothing", left, err)
	}
}
