package configs

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// A Secret is a text that prints as <secret> in every usual way of printing.
// Reveal is the one way out.
type Secret struct{ text string }

const hidden = "<secret>"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal is the secret itself, for the login and for nothing else.
func (s Secret) Reveal() string { return s.text }

// String is "<secret>".
func (Secret) String() string { return hidden }

// Format writes "<secret>" whatever the verb, also where a struct holding the
// secret is printed with %+v or %#v.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue is "<secret>".
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON writes "<secret>".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText writes "<secret>".
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// A SecretSource says where a secret is kept: in a file or in an environment
// variable, never in the configuration itself.
type SecretSource struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}

var errLiteral = errors.New("a secret does not stand in the configuration itself: " +
	"write it into a file readable by its owner alone and name that, {file: secrets/NAME}, or a variable, {env: NAME}")

// UnmarshalYAML reads {file: …} or {env: …} and refuses anything else without
// quoting it.
func (s *SecretSource) UnmarshalYAML(unmarshal func(any) error) error {
	var literal string
	if err := unmarshal(&literal); err == nil {
		return errLiteral
	}
	type plain SecretSource
	return unmarshal((*plain)(s))
}

// IsZero reports whether no source was named.
func (s SecretSource) IsZero() bool { return s == SecretSource{} }

// credentials is the folder in which systemd's LoadCredential= puts secrets.
const credentials = "$CREDENTIALS_DIRECTORY/"

// Read fetches the secret. A file must be the owner's own: one that others may
// read, or the group may write, is refused. The line end at the file's end is
// no part of the secret; an empty secret is an error.
func (s SecretSource) Read() (Secret, error) {
	if s.Env != "" {
		text := os.Getenv(s.Env)
		if text == "" {
			return Secret{}, fmt.Errorf("the variable %s is not set or empty: export it before starting tocsin", s.Env)
		}
		return Secret{text}, nil
	}
	if s.File == "" {
		return Secret{}, errors.New("no secret is named: write {file: PATH} or {env: NAME}")
	}
	path := s.File
	if rest, ok := strings.CutPrefix(path, credentials); ok {
		path = filepath.Join(os.Getenv("CREDENTIALS_DIRECTORY"), rest)
	}
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, fmt.Errorf("read a secret: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Secret{}, fmt.Errorf("read a secret: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o027 != 0 {
		return Secret{}, fmt.Errorf("the secret %s may be read or changed by others (mode %04o): chmod 600 %s", path, mode, path)
	}
	const most = 4096 // far above any carrier's password
	buf := make([]byte, most+1)
	n := 0
	for n < len(buf) {
		k, err := f.Read(buf[n:])
		n += k
		if err != nil {
			break
		}
	}
	if n > most {
		return Secret{}, fmt.Errorf("the secret %s is longer than %d octets: is it the right file?", path, most)
	}
	text := strings.TrimRight(string(buf[:n]), "\r\n")
	if text == "" {
		return Secret{}, fmt.Errorf("the secret %s is empty: write the password into it", path)
	}
	return Secret{text}, nil
}
