package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Tokens are who may call the API: each has a name and a secret of their own. Only
// the secrets' sums are kept.
type Tokens struct{ known []token }

type token struct {
	name string
	sum  [sha256.Size]byte
}

// minToken is the shortest token that is taken: 128 bits in hexadecimal.
const minToken = 32

// ParseTokens reads lines of a token, a space and the name of who holds it. Empty
// lines and those that begin with # are nothing. Errors name the line, never a token.
func ParseTokens(text string) (Tokens, error) {
	var t Tokens
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		secret, name, ok := strings.Cut(line, " ")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return Tokens{}, fmt.Errorf("line %d: write TOKEN NAME", i+1)
		}
		if len(secret) < minToken {
			return Tokens{}, fmt.Errorf("line %d: the token is shorter than %d characters: make one with openssl rand -hex 32", i+1, minToken)
		}
		t.known = append(t.known, token{name, sha256.Sum256([]byte(secret))})
	}
	if len(t.known) == 0 {
		return Tokens{}, errors.New("there is no token in it: write a line TOKEN NAME for each who may call")
	}
	return t, nil
}

// caller is the name of who calls; "" when the request has no token that is known.
// It takes the same time for every token.
func (t Tokens) caller(r *http.Request) string {
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	name := ""
	for _, k := range t.known {
		if subtle.ConstantTimeCompare(sum[:], k.sum[:]) == 1 {
			name = k.name
		}
	}
	return name
}
