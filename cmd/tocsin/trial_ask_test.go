package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is both ends of a terminal that nobody sits at.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("this machine makes no terminals: %v", err)
	}
	person = os.NewFile(uintptr(fd), "ptmx")
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); program.Close() })
	return person, program
}

// TestATestAsksAtATerminal: only a yes sends anything.
func TestATestAsksAtATerminal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer string
		code   int
		says   string
	}{
		{"y\n", exitOK, "taken by the carrier"},
		{"n\n", exitFailed, "not confirmed; nothing was sent"},
		{"\n", exitFailed, "not confirmed; nothing was sent"},
		{"yes please\n", exitFailed, "not confirmed; nothing was sent"},
	} {
		dir := t.TempDir()
		config := filepath.Join(dir, "tocsin.yaml")
		write(t, config, "data: ./data\nproviders: [{name: stub, protocol: stub}]\nroutes: [{prefix: '86', to: [stub]}]\n", 0o600)
		person, program := terminal(t)
		cmd := exec.Command(mustBinary(t), "provider", "test", "stub", "--to", "13800000001", "--by", "li", "--reason", "x", "--wait", "0", "--config", config, "--lang", "en")
		var said bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = program, &said, &said
		if _, err := person.WriteString(c.answer); err != nil {
			t.Fatal(err)
		}
		err := cmd.Run()
		var exit *exec.ExitError
		code := 0
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if text := said.String(); code != c.code || !strings.Contains(text, c.says) || !strings.Contains(text, "Send one real message to +8613800000001 through stub (segments: 1)? [y/N]") {
			t.Errorf("%q: got exit %d and %s, want %d and %q", c.answer, code, text, c.code, c.says)
		}
		_, err = os.Stat(filepath.Join(dir, "data"))
		if there := err == nil; there != (c.code == exitOK) {
			t.Errorf("%q: a ledger is there: %v", c.answer, there)
		}
	}
}
