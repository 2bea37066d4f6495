package campaigns

import (
	"errors"
	"fmt"
	"strings"

	"tocsin/providers/sms"
)

// maxPlaceholders is how many ((name)) one text may have: more than people read.
const maxPlaceholders = 32

// A part of a text is a literal, or the value of a column.
type part struct {
	literal string
	name    string // the column's name; "": a literal
}

// splitText cuts a text at its ((name)) placeholders.
func splitText(text string) ([]part, error) {
	var parts []part
	placeholders := 0
	for text != "" {
		before, after, found := strings.Cut(text, "((")
		if before != "" {
			parts = append(parts, part{literal: before})
		}
		if !found {
			break
		}
		name, rest, closed := strings.Cut(after, "))")
		name = strings.TrimSpace(name)
		switch {
		case !closed || strings.ContainsAny(name, "(\n"):
			return nil, errors.New("a placeholder is not closed: write ((name))")
		case name == "":
			return nil, errors.New("a placeholder is empty: write the name of a column inside (( ))")
		}
		if placeholders++; placeholders > maxPlaceholders {
			return nil, fmt.Errorf("it has more than %d placeholders", maxPlaceholders)
		}
		parts = append(parts, part{name: name})
		text = rest
	}
	return parts, nil
}

// checkLength refuses a text that is too long before anything is put in.
func checkLength(parts []part) error {
	var literal strings.Builder
	for _, p := range parts {
		literal.WriteString(p.literal)
	}
	_, err := sms.Encode(nil, literal.String())
	if errors.Is(err, sms.ErrEmpty) {
		return nil
	}
	return err
}
