package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
)

// atOnce is how many stories run at a time: they mostly wait, for carriers that
// are slow and receipts that do not come.
const atOnce = 8

func TestMain(m *testing.M) {
	flag.Parse()
	if given := flag.Lookup("test.parallel"); given.Value.String() == given.DefValue {
		flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0))))
	}
	code := m.Run()
	measured.print(os.Stdout)
	if dir, err := shop(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// shop is the folder of what tests build, until the last has ended.
var shop = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "tocsin-test-") })

// binary builds the program once for all tests that need it as a process.
var binary = sync.OnceValues(func() (string, error) { return build("tocsin") })

// faultBinary is the program that ends itself at the point that FAULT names.
var faultBinary = sync.OnceValues(func() (string, error) { return build("tocsin-faults", "-tags", "faults") })

func build(name string, flags ...string) (string, error) {
	dir, err := shop()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if raced {
		flags = append(flags, "-race")
	}
	if out, err := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), ".")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
}

func mustBinary(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// nextPort goes through the ports below those that the system gives to whoever
// connects (32768 to 60999 on Linux), from a place of chance: other packages'
// tests look for ports too.
var nextPort = func() *atomic.Int32 {
	var n atomic.Int32
	n.Store(int32(20_000 + rand.IntN(10_000)))
	return &n
}()

// freePort is a loopback address that was free a moment ago, and that no other
// test of this package gets.
func freePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", nextPort.Add(1)))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// patient is how long a test waits for what must come: far longer than a slow machine needs, so
// that only what never comes fails.
const patient = 5 * time.Minute

// waitFor polls a condition of another process. What takes long to look at, because looking
// starts a process, is looked at less often.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patient)
	for {
		begun := time.Now()
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patient)
		}
		time.Sleep(min(10*time.Millisecond+3*time.Since(begun), 250*time.Millisecond))
	}
}

// A carrier is the simulated carrier as a process.
type carrier struct {
	address, journal string
	flags            []string
	process          *process
}

// runCarrier runs the simulated carrier until the test ends.
func runCarrier(t testing.TB, flags ...string) *carrier {
	t.Helper()
	c := &carrier{address: freePort(t), journal: filepath.Join(t.TempDir(), "journal.jsonl"), flags: flags}
	c.restart(t)
	return c
}

// startCarrier is runCarrier for tests that need no more than its address and its
// journal's path.
func startCarrier(t testing.TB, flags ...string) (address, journal string) {
	t.Helper()
	c := runCarrier(t, flags...)
	return c.address, c.journal
}

// restart runs the carrier on its address, after it has ended.
func (c *carrier) restart(t testing.TB) {
	t.Helper()
	c.process = startProcess(t, exec.Command(mustBinary(t), append([]string{"carrier", "--listen", c.address, "--journal", c.journal}, c.flags...)...), nobody)
	waitFor(t, "the carrier listens", func() bool {
		conn, err := net.Dial("tcp", c.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// hasTaken waits until the journal holds some octets.
func (c *carrier) hasTaken(t testing.TB, octets int64) {
	t.Helper()
	waitFor(t, "the carrier has taken some", func() bool { return size(c.journal) > octets })
}

// A process is a program at work and what it has said.
type process struct {
	cmd       *exec.Cmd
	out, talk speech
	secrets   *secrets
	ended     chan struct{}
}

// startProcess runs cmd until it ends or the test does. What it says to people is
// held against secrets.
func startProcess(t testing.TB, cmd *exec.Cmd, s *secrets) *process {
	t.Helper()
	p := &process{cmd: cmd, secrets: s, ended: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.out
	}
	cmd.Stderr = &p.talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Kill()
		<-p.ended
		for _, told := range p.secrets.in(p.talk.String()) {
			t.Errorf("%v told %s", cmd.Args, told)
		}
		if t.Failed() && p.talk.String() != "" {
			t.Logf("%s %s said: %s", filepath.Base(cmd.Path), cmd.Args[1], p.talk.String())
		}
	})
	return p
}

func (p *process) signal(s syscall.Signal) { p.cmd.Process.Signal(s) }

// hasEnded reports whether the process is at its end.
func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// wait waits for the end and returns the exit code.
func (p *process) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patient):
		p.signal(syscall.SIGQUIT)
		<-p.ended
		t.Fatalf("%v: not at its end within %v", p.cmd.Args, patient)
	}
	return p.cmd.ProcessState.ExitCode()
}

// speech is what a process writes, to be read while it writes.
type speech struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *speech) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *speech) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// A workplace is a folder with a configuration, an audience and a campaign.
type workplace struct {
	dir, config, campaign, data string
	secrets                     *secrets
}

const (
	testKey      = "test-campaign"
	testText     = "河水上涨，请勿靠近。"
	testPassword = "kX7-qpZ4" // of no carrier; tests look for it where it must not be
)

// newWorkplace writes a workplace for one provider at address. provider and
// campaign are more YAML for them.
func newWorkplace(t testing.TB, address string, count int, provider, campaign string) workplace {
	t.Helper()
	dir := t.TempDir()
	w := workplace{
		dir, filepath.Join(dir, "tocsin.yaml"), filepath.Join(dir, "campaign.yaml"), filepath.Join(dir, "data"),
		&secrets{audience: filepath.Join(dir, "audience.csv")},
	}
	write(t, filepath.Join(dir, "password"), testPassword, 0o600)
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
text: %s
audience:
  files: [audience.csv]
  columns: {number: number}
%s
`, testKey, testText, campaign), 0o600)
	w.tocsin(t, "audience", "generate", "--count", fmt.Sprint(count), "--out", filepath.Join(dir, "audience.csv"))
	return w
}

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// command is the program with these arguments and the workplace's configuration.
func (w workplace) command(t testing.TB, args ...string) *exec.Cmd {
	return exec.Command(mustBinary(t), append(args, "--config", w.config)...)
}

// replaceOnce is text with old, which it must hold, replaced by fresh at its first place.
func replaceOnce(t testing.TB, text, old, fresh string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %q to replace", old)
	}
	return strings.Replace(text, old, fresh, 1)
}

// start runs the program until it ends or the test does.
func (w workplace) start(t testing.TB, args ...string) *process {
	t.Helper()
	return startProcess(t, w.command(t, args...), w.secrets)
}

// tocsin runs the program and returns its standard output; it must succeed.
func (w workplace) tocsin(t testing.TB, args ...string) []byte {
	t.Helper()
	out, talk, code := w.run(t, args...)
	if code != 0 {
		t.Fatalf("tocsin %v: exit %d\n%s", args, code, talk)
	}
	return out
}

// run runs the program to its end.
func (w workplace) run(t testing.TB, args ...string) (out, talk []byte, code int) {
	t.Helper()
	p := w.start(t, args...)
	code = p.wait(t)
	return []byte(p.out.String()), []byte(p.talk.String()), code
}

// report reads the campaign's report from the ledger.
func (w workplace) report(t testing.TB) ledger.Report {
	t.Helper()
	var r ledger.Report
	if err := json.Unmarshal(w.tocsin(t, "report", testKey, "--json"), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// audited joins the carrier's journal with the ledger; what is wrong fails the
// test.
func (w workplace) audited(t testing.TB, journal string) audit {
	t.Helper()
	a := newAudit(t, journal, w.tocsin(t, "export", testKey))
	for _, wrong := range a.wrong {
		t.Error(wrong)
	}
	return a
}

// slow leaves a test to the part of make test that runs without -race: make check is for while
// one works, and the race detector looks at the same code in the tests of its packages.
func slow(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: in make test, not in make check")
	}
}
