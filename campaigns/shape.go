package campaigns

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// What a definition may look like before it is parsed: the parser takes memory
// that grows with the square of the depth, and aliases of aliases stand for more
// than any machine holds. A definition has a depth of 4 and needs no alias.
const (
	maxDepth   = 32
	maxAliases = 32
	// The parser's time grows with the square of a scalar's lines too.
	maxLines = 2000
	// Each word, comma and bracket is a token.
	maxTokens = 20_000
)

// checkLines refuses files that would cost the parser minutes.
func checkLines(path string, source []byte) error {
	if n := bytes.Count(source, []byte("\n")) + bytes.Count(source, []byte("\r")); n > maxLines {
		if n -= bytes.Count(source, []byte("\r\n")); n > maxLines {
			return &Refusal{File: path, Line: maxLines + 1, Err: fmt.Errorf("a campaign has at most %d lines, this file has %d: is this the audience?", maxLines, n)}
		}
	}
	return nil
}

// checkTokens refuses what is far too much for a definition.
func checkTokens(path string, source []byte) error {
	if tokens := lexer.Tokenize(string(source)); len(tokens) > maxTokens {
		at := tokens[maxTokens].Position
		return &Refusal{File: path, Line: at.Line, Column: at.Column, Err: errors.New("there are too many values: a campaign is written by hand, and its people stand in the files of its audience")}
	}
	return nil
}

// checkShape refuses YAML that nobody writes by hand.
func checkShape(path string, source []byte) error {
	depth, aliases, line, entries := 0, 0, 0, 0
	for _, t := range lexer.Tokenize(string(source)) {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.AliasType:
			aliases++
		case token.SequenceEntryType, token.MappingKeyType: // lists on one line are inside each other
			if line != t.Position.Line {
				line, entries = t.Position.Line, 0
			}
			entries++
		}
		if depth > maxDepth || aliases > maxAliases || entries > maxDepth {
			what := fmt.Sprintf("more than %d lists stand inside each other", maxDepth)
			if aliases > maxAliases {
				what = fmt.Sprintf("there are more than %d aliases (*name)", maxAliases)
			}
			return &Refusal{File: path, Line: t.Position.Line, Column: t.Position.Column, Err: fmt.Errorf("%s: write it plainly", what)}
		}
	}
	return nil
}
