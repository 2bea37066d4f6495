package campaigns

import (
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
)

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
