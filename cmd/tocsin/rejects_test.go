package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/campaigns"
)

func TestRejectsAreBesideTheDefinition(t *testing.T) {
	dir := t.TempDir()
	d := &campaigns.Definition{Path: filepath.Join(dir, "flood.yaml")}
	path := filepath.Join(dir, "flood.rejects.csv")
	r, err := openRejects("", d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no file before there is a row", err)
	}
	if _, err := r.Write([]byte("file,line\n")); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil || !r.written() {
		t.Fatalf("got %v, written %v", err, r.written())
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "\ufefffile,line\n" {
		t.Errorf("got %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file for its owner alone", info.Mode(), err)
	}
	// The refusal that these rows lead to says where they are.
	refusal := r.with(&campaigns.Refusal{File: "flood.yaml", Err: errors.New("nobody is left")})
	if !strings.HasSuffix(refusal.Error(), "flood.rejects.csv)") || exitCode(refusal, nil) != exitRefused {
		t.Errorf("got %v, exit %d", refusal, exitCode(refusal, nil))
	}
	// What a broken plan has written is not whole.
	r.discard()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file is gone", err)
	}
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A plan without such rows takes the file of the last one away.
	clean, err := openRejects("", d)
	if err != nil {
		t.Fatal(err)
	}
	if err := clean.Close(); err != nil || clean.written() {
		t.Errorf("got %v, written %v", err, clean.written())
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file is gone", err)
	}
}

func TestRejectsThatCannotBeWritten(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "missing", "flood.yaml")
	r, err := openRejects("", &campaigns.Definition{Path: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := r.Write([]byte("row\n")); n != 4 || err != nil {
			t.Errorf("got %d, %v: a file that nobody asked for stops the plan", n, err)
		}
	}
	if err := r.Close(); err != nil || r.written() || r.err == nil {
		t.Errorf("got %v, written %v, %v", err, r.written(), r.err)
	}
	if _, err := openRejects(filepath.Join(filepath.Dir(nowhere), "r.csv"), nil); err == nil {
		t.Error("got a file in a folder that is not there")
	}
	none, err := openRejects("off", nil)
	if none != nil || err != nil || none.Close() != nil || none.written() {
		t.Errorf("got %v, %v, want none", none, err)
	}
}
