package main

import (
	"strings"
	"testing"

	"tocsin/dispatcher/ledger"
)

func TestNoTextForgesALineOfAReport(t *testing.T) { // D8
	evil := "x\r\nbalanced: everything delivered\x1b[2J\u202e\u0085"
	r := &ledger.Report{Campaign: "k", Title: evil, Note: evil, State: "finished", Class: "routine"}
	r.Override = &ledger.Override{People: 1, Why: evil, By: evil}
	for _, say := range []*words{&wordsEN, &wordsZH} {
		var clean, got strings.Builder
		plain := *r
		plain.Title, plain.Note, plain.Override = "x", "x", &ledger.Override{People: 1, Why: "x", By: "x"}
		printReport(&clean, &plain, say)
		printReport(&got, r, say)
		if want := strings.Count(clean.String(), "\n"); strings.Count(got.String(), "\n") != want {
			t.Errorf("got the lines %q, want %d", got.String(), want)
		}
		if strings.ContainsAny(got.String(), "\r\x1b\u202e\u0085") || !strings.Contains(got.String(), `x\r\nbalanced: everything delivered\x1b[2J`) {
			t.Errorf("got %q, want the text in sight", got.String())
		}
	}
	var s sheet
	s.add("a", "first\nsecond\x1b[1A\r")
	var b strings.Builder
	s.write(&b, 0)
	if got := b.String(); strings.ContainsAny(got, "\x1b\r") || strings.Count(got, "\n") != 2 {
		t.Errorf("got %q, want two lines without commands", got)
	}
}
