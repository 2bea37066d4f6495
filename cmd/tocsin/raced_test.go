package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Makefile's RACED names the tests of this package that run with -race: one that is renamed
// would be left out, and nobody would notice.
func TestEveryWordOfTheMakefilesRacedNamesATest(t *testing.T) {
	found := regexp.MustCompile(`(?m)^RACED := (\S+)$`).FindStringSubmatch(read(t, "../../Makefile"))
	if found == nil {
		t.Fatal("there is no RACED in the Makefile")
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests []string
	for _, f := range files {
		for _, name := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(read(t, f), -1) {
			tests = append(tests, name[1])
		}
	}
	for word := range strings.SplitSeq(found[1], "|") {
		if !strings.Contains(strings.Join(tests, " "), word) {
			t.Errorf("RACED has %q, and no test is called so", word)
		}
	}
}
