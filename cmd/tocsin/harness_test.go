package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
)

// binary builds the program once for all tests that need it as a process.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tocsin-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tocsin")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func mustBinary(t *testing.T) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// freePort is a loopback address that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startCarrier runs the simulated carrier as a process until the test ends and
// returns its address and its journal's path.
func startCarrier(t *testing.T, flags ...string) (address, journal string) {
	t.Helper()
	address, journal = freePort(t), filepath.Join(t.TempDir(), "journal.jsonl")
	cmd := exec.Command(mustBinary(t), append([]string{"carrier", "--listen", address, "--journal", journal}, flags...)...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("carrier said: %s", talk.String())
		}
	})
	waitFor(t, "the carrier listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return address, journal
}

// waitFor polls a condition of another process.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 30 s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A workplace is a folder with a configuration, an audience and a campaign.
type workplace struct {
	dir, config, campaign, data string
}

const testKey = "test-campaign"

// newWorkplace writes a workplace for one provider at address. provider and
// campaign are more YAML for them.
func newWorkplace(t *testing.T, address string, count int, provider, campaign string) workplace {
	t.Helper()
	dir := t.TempDir()
	w := workplace{dir, filepath.Join(dir, "tocsin.yaml"), filepath.Join(dir, "campaign.yaml"), filepath.Join(dir, "data")}
	write(t, filepath.Join(dir, "password"), "secret", 0o600)
	write(t, w.config, fmt.Sprintf(`data: ./data
admin: "off"
providers:
  - name: mobile
    protocol: smpp
    address: %s
    system_id: tocsin
    password: {file: password}
    sender: "10690000"
%s
routes:
  - {prefix: "86", to: [mobile]}
`, address, provider), 0o600)
	write(t, w.campaign, fmt.Sprintf(`key: %s
title: Test
class: routine
text: 河水上涨，请勿靠近。
audience:
  files: [audience.csv]
  columns: {number: number}
%s
`, testKey, campaign), 0o600)
	w.tocsin(t, "audience", "generate", "--count", fmt.Sprint(count), "--out", filepath.Join(dir, "audience.csv"))
	return w
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// command is the program with these arguments and the workplace's configuration.
func (w workplace) command(t *testing.T, args ...string) *exec.Cmd {
	return exec.Command(mustBinary(t), append(args, "--config", w.config)...)
}

// tocsin runs the program and returns its standard output; it must succeed.
func (w workplace) tocsin(t *testing.T, args ...string) []byte {
	t.Helper()
	out, talk, code := w.run(t, args...)
	if code != 0 {
		t.Fatalf("tocsin %v: exit %d\n%s", args, code, talk)
	}
	return out
}

// run runs the program to its end.
func (w workplace) run(t *testing.T, args ...string) (out, talk []byte, code int) {
	t.Helper()
	cmd := w.command(t, args...)
	if args[0] == "audience" {
		cmd = exec.Command(mustBinary(t), args...)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.Bytes(), stderr.Bytes(), cmd.ProcessState.ExitCode()
}

// report reads the campaign's report from the ledger.
func (w workplace) report(t *testing.T) ledger.Report {
	t.Helper()
	var r ledger.Report
	if err := json.Unmarshal(w.tocsin(t, "report", testKey, "--json"), &r); err != nil {
		t.Fatal(err)
	}
	return r
}
