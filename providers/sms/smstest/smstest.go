// Package smstest holds what programs and packages say in tests against what must
// not be told: people's numbers and secrets stand in no log.
package smstest

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// longRun is digits that may be somebody's number: a Chinese one has eleven without
// its country code. Times, ports, durations and names of folders in logs have fewer.
var longRun = regexp.MustCompile(`[0-9]{11,}`)

// address is a place in memory, as the trace of a panic has them.
var address = regexp.MustCompile(`0x[0-9a-f]+`)

// Told says what of numbers and of secrets stands in talk, without repeating it. An
// empty secret is skipped.
func Told(talk string, secrets ...string) []string {
	var told []string
	plain := address.ReplaceAllString(talk, "0x")
	for _, run := range longRun.FindAllStringIndex(plain, -1) {
		// What stands before it says where it comes from.
		told = append(told, "a number, behind "+quote(plain[max(0, run[0]-60):run[0]]))
	}
	for _, s := range secrets {
		if s != "" && strings.Contains(talk, s) {
			told = append(told, "a secret")
		}
	}
	return told
}

// quote is the end of text that holds no long run of digits itself.
func quote(text string) string {
	return longRun.ReplaceAllString(strings.ToValidUTF8(text, "?"), "(digits)")
}

// A Log is what is logged in a test: everything, at the most talkative.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write keeps what is written.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// String is what was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Logger is a log that must tell no number and no secret when the test ends.
func Logger(t testing.TB, secrets ...string) *slog.Logger {
	t.Helper()
	logger, _ := Kept(t, secrets...)
	return logger
}

// Kept is Logger, with what it has said.
func Kept(t testing.TB, secrets ...string) (*slog.Logger, *Log) {
	t.Helper()
	l := &Log{}
	t.Cleanup(func() {
		for _, what := range Told(l.String(), secrets...) {
			t.Errorf("the log tells %s", what)
		}
	})
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})), l
}
