package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tocsin/campaigns"
)

// Tokens are the callers that may use the API: each has a name and a secret of its own.
// Only the secrets' hashes are kept.
type Tokens struct{ known []token }

type token struct {
	caller
	sum [sha256.Size]byte
}

// A caller is the holder of a token, with what the token is for.
type caller struct {
	name   string
	scopes Scope
}

// A Scope is what a token is for; they are joined with |.
type Scope uint8

// Scopes.
const (
	Read   Scope = 1 << iota // look at campaigns
	Give                     // give commands, approvals among them
	Submit                   // put campaigns into the ledger
)

var scopeNames = []struct {
	scope Scope
	name  string
}{{Read, "read"}, {Give, "command"}, {Submit, "submit"}}

// String is the scope's name in a file of tokens.
func (s Scope) String() string {
	var names []string
	for _, n := range scopeNames {
		if s&n.scope != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ", ")
}

// maxName is how long the name of a token's holder may be, in octets: it is written down
// with whatever they do.
const maxName = 256

// minToken is the shortest token that is taken: 128 bits in hexadecimal.
const minToken = 32

// ParseTokens reads lines of a token, a space and its holder's name, and after that in
// brackets what it is for: read, command, submit, with commas between; without
// brackets it is for everything. Empty lines and lines that begin with # are skipped.
// Errors name the line, never a token.
func ParseTokens(text string) (Tokens, error) {
	var t Tokens
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		secret, name, ok := strings.Cut(line, " ")
		name, scopes, err := scoped(strings.TrimSpace(name))
		if err != nil {
			return Tokens{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		if err := campaigns.CheckLine(name, maxName); err != nil {
			return Tokens{}, fmt.Errorf("line %d: the holder's name %w", i+1, err)
		}
		if !ok || name == "" {
			return Tokens{}, fmt.Errorf("line %d: write TOKEN NAME, or TOKEN NAME (read)", i+1)
		}
		if len(secret) < minToken {
			return Tokens{}, fmt.Errorf("line %d: the token is shorter than %d characters: make one with openssl rand -hex 32", i+1, minToken)
		}
		t.known = append(t.known, token{caller{name, scopes}, sha256.Sum256([]byte(secret))})
	}
	if len(t.known) == 0 {
		return Tokens{}, errors.New("there is no token in it: write a line TOKEN NAME for each who may call")
	}
	return t, nil
}

// scoped cuts what a token is for off its holder's name.
func scoped(name string) (string, Scope, error) {
	before, list, found := strings.Cut(strings.TrimSuffix(name, ")"), "(")
	if !found || !strings.HasSuffix(name, ")") {
		return name, Read | Give | Submit, nil
	}
	var scopes Scope
	for _, word := range strings.Split(list, ",") {
		one := Scope(0)
		for _, n := range scopeNames {
			if n.name == strings.TrimSpace(word) {
				one = n.scope
			}
		}
		if one == 0 {
			return "", 0, errors.New("a token is for read, command or submit, with commas between: (read, submit)")
		}
		scopes |= one
	}
	return strings.TrimSpace(before), scopes, nil
}

// caller returns the caller of a request; false when the request has no known token. It
// takes the same time for every token.
func (t Tokens) caller(r *http.Request) (c caller, known bool) {
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return c, false
	}
	sum := sha256.Sum256([]byte(secret))
	for _, k := range t.known {
		if subtle.ConstantTimeCompare(sum[:], k.sum[:]) == 1 {
			c, known = k.caller, true
		}
	}
	return c, known
}
