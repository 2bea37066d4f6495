package smstest

import (
	"log/slog"
	"strings"
	"testing"
)

func TestWhatMustNotBeToldIsFoundAndNotRepeated(t *testing.T) {
	for name, tt := range map[string]struct {
		talk string
		want int
	}{
		"a number with its country code": {"to=8613800138000 taken", 1},
		"one without":                    {"to=13800138000", 1},
		"one in a path":                  {"/tmp/13800138000.csv", 1},
		"two":                            {"13800138000,13800138001", 2},
		"the password":                   {"password kX7 refused", 1},
		"a time":                         {"time=2026-07-01T08:00:00.123+08:00", 0},
		"a duration":                     {"took=12.345678901s", 0},
		"a folder of a test":             {"/tmp/TestX4294967295/001", 0},
		"a trace of a panic":             {"queue.(*work).try(0x37312345678901?, {0x12345678901234, 0x1})", 0},
		"a masked number":                {"to=+86138****8000", 0},
	} {
		got := Told(tt.talk, "kX7", "")
		if len(got) != tt.want || strings.Contains(strings.Join(got, " "), "1380013800") || strings.Contains(strings.Join(got, " "), "kX7") {
			t.Errorf("%s: got %q, want %d", name, got, tt.want)
		}
	}
}

// judged is a test that is told off without failing this one.
type judged struct {
	testing.TB
	cleanups []func()
	errors   int
}

func (j *judged) Helper()               {}
func (j *judged) Cleanup(f func())      { j.cleanups = append(j.cleanups, f) }
func (j *judged) Errorf(string, ...any) { j.errors++ }

func TestALoggerFailsTheTestWhoseLogTells(t *testing.T) {
	for talk, want := range map[string]int{"sent": 0, "sent to 8613800138000": 1, "hunter2": 1} {
		j := &judged{TB: t}
		l := Logger(j, "hunter2")
		l.Log(t.Context(), slog.LevelDebug, talk)
		for _, f := range j.cleanups {
			f()
		}
		if j.errors != want {
			t.Errorf("%q: got %d errors, want %d", talk, j.errors, want)
		}
	}
}
