package main

import (
	"strconv"
	"strings"
	"unicode"
)

// visible is a text that somebody wrote, a title or a reason, as it is shown on a terminal:
// what would command the terminal, begin another line or turn the direction of writing is
// written as \x1b, \n or \u202e, so that it cannot pass for what the program says.
func visible(text string) string {
	if !strings.ContainsFunc(text, commands) {
		return text
	}
	return escapeAll(text, commands)
}

// visibleLines is visible for a text whose lines are its own, as a message's are.
func visibleLines(text string) string {
	other := func(r rune) bool { return r != '\n' && commands(r) }
	if !strings.ContainsFunc(text, other) {
		return text
	}
	return escapeAll(text, other)
}

func escapeAll(text string, which func(rune) bool) string {
	var b strings.Builder
	for _, r := range text {
		if !which(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// commands are characters that are not shown, and change what is shown.
func commands(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
