package main

import (
	"fmt"

	"tocsin/campaigns"
)

// fileLine says of one file of the audience what it is written in and how many rows it
// has; where it has more lines than rows, also what the other lines are.
func fileLine(s *campaigns.Summary, i int, path string, say *words) string {
	text := fmt.Sprintf(say.File, path, s.Encodings[i], s.FileRows[i])
	if i >= len(s.FileLines) {
		return text
	}
	l := s.FileLines[i]
	if l.Parts == 0 && l.Blank == 0 {
		return text
	}
	return text + "\n" + fmt.Sprintf(say.FileLines, l.Sum(), l.Header, l.Rows, l.Parts, l.Blank)
}
