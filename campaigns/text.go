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
	literal  string
	name     string // the column's name; "": a literal
	fallback string // what is put in where there is no value
	defaults bool   // there is a fallback, perhaps an empty one
	inner    string // all that stands inside (( ))
	wrong    error  // it is no placeholder, unless inner is the name of a column
}

// cutPlaceholder reads what stands inside (( )): a column's name, and behind a bar the
// default. A bar that is meant as itself is written \|.
func cutPlaceholder(inner string) (p part, err error) {
	p.inner = strings.TrimSpace(inner)
	var fields []string
	var field strings.Builder
	for i := 0; i < len(inner); i++ {
		switch {
		case inner[i] == '\\' && i+1 < len(inner) && inner[i+1] == '|':
			i++
			field.WriteByte('|')
		case inner[i] == '|':
			fields = append(fields, field.String())
			field.Reset()
		default:
			field.WriteByte(inner[i])
		}
	}
	fields = append(fields, field.String())
	p.name = strings.TrimSpace(fields[0])
	switch {
	case p.inner == "":
		return p, errors.New("a placeholder is empty: write the name of a column inside (( ))")
	case p.name == "":
		p.defaults, p.wrong = true, errors.New("a placeholder is empty: write the name of a column inside (( )), in front of the bar")
	case len(fields) > 2:
		p.defaults, p.wrong = true, fmt.Errorf("the placeholder ((%s)) has more than one default: write \\| for a bar that is part of one", p.inner)
	case len(fields) == 2:
		p.fallback, p.defaults = strings.TrimSpace(fields[1]), true
	}
	return p, nil
}

// splitText cuts a text at its ((name)) and ((name|default)) placeholders.
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
		if !closed && strings.ContainsAny(after, "）") {
			return nil, errors.New("a placeholder is not closed: write ((name)), with the brackets ( and ), not （ and ）")
		}
		if !closed || strings.ContainsAny(name, "(\n") {
			return nil, errors.New("a placeholder is not closed: write ((name)), or ((name|default)) with a default without round brackets")
		}
		p, err := cutPlaceholder(name)
		if err != nil {
			return nil, err
		}
		if placeholders++; placeholders > maxPlaceholders {
			return nil, fmt.Errorf("it has more than %d placeholders", maxPlaceholders)
		}
		parts = append(parts, p)
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
