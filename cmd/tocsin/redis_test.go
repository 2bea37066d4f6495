package main

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A redis is a real Redis as a process, on a folder and a loopback port of its own.
type redis struct {
	address, dir string
	process      *os.Process
}

// startRedis runs a real Redis until the test ends.
func startRedis(t testing.TB) *redis {
	t.Helper()
	r := &redis{address: freePort(t), dir: t.TempDir()}
	r.restart(t)
	return r
}

// restart runs it on the same port and folder, after it was killed.
func (r *redis) restart(t testing.TB) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not here: apt-get install redis-server")
	}
	_, port, _ := net.SplitHostPort(r.address)
	cmd := exec.Command(path, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")
	cmd.Dir = r.dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.process = cmd.Process
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Kill()
		<-ended
	})
	waitFor(t, "redis answers", func() bool { return strings.HasPrefix(r.says("PING"), "+PONG") })
}

// says sends one inline command.
func (r *redis) says(command string) string {
	c, err := net.DialTimeout("tcp", r.address, time.Second)
	if err != nil {
		return ""
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	c.Write([]byte(command + "\r\n"))
	b := make([]byte, 64)
	n, _ := c.Read(b)
	return string(b[:n])
}

// TestRedisIsDisposable takes Redis away in the middle of a campaign, in every
// way there is: the campaign ends whole, and nobody is sent the warning twice.
func TestRedisIsDisposable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		long bool // waits out time-outs: in make test, not in make check
		harm func(t *testing.T, r *redis)
	}{
		{"killed", false, func(_ *testing.T, r *redis) { r.process.Kill() }},
		{"flushed", false, func(_ *testing.T, r *redis) { r.says("FLUSHALL") }},
		{"stopped", true, func(_ *testing.T, r *redis) { r.process.Signal(syscall.SIGSTOP) }},
		{"untouched", true, func(*testing.T, *redis) {}},
		{"out of memory", true, func(_ *testing.T, r *redis) { r.says("CONFIG SET maxmemory 1") }},
		{"killed and back after 8 s", true, func(t *testing.T, r *redis) {
			r.process.Kill()
			time.Sleep(8 * time.Second) // the fault itself
			r.restart(t)
		}},
		{"restored from an old snapshot, with tasks that are done", true, func(t *testing.T, r *redis) {
			if got := r.says("SAVE"); !strings.HasPrefix(got, "+OK") {
				t.Errorf("SAVE: got %q", got)
			}
			time.Sleep(1500 * time.Millisecond) // the snapshot grows old: its tasks are done meanwhile
			r.process.Kill()
			r.restart(t)
			if got := r.says("EXISTS asynq:queues"); !strings.HasPrefix(got, ":1") {
				t.Errorf("the snapshot was not read: EXISTS says %q", got)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.long {
				t.Skip("waits out many time-outs: in make test, not in make check")
			}
			r := startRedis(t)
			carrier := runCarrier(t, "--latency", "20ms")
			count := 20_000
			w := newWorkplace(t, carrier.address, count, "    window: 10\n    batch: 10\n    rate: 4000", "receipts: {wait: 10s}")
			p := w.start(t, "run", w.campaign, "--no-progress", "--queue", "redis://"+r.address+"/0")
			carrier.hasTaken(t, 10_000)
			c.harm(t, r)
			if code := p.wait(t); code != exitOK {
				t.Errorf("got exit %d, want 0\n%s", code, p.talk.String())
			}
			for line := range strings.Lines(p.talk.String()) {
				if strings.HasPrefix(line, "redis: ") {
					t.Errorf("a line that is none of the log: %s", line)
				}
			}
			w.expect(t, carrier.journal, expectation{delivered: count})
		})
	}
}

// TestAnEmergencyNeedsNoRedis: it was never there.
func TestAnEmergencyNeedsNoRedis(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, 2000, "    batch: 10", "receipts: {wait: 10s}")
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress", "--queue", "redis://127.0.0.1:1/0")
	if code != exitOK || !strings.Contains(string(talk), "redis does not answer") {
		t.Errorf("got exit %d, want 0 and an alarm\n%s", code, talk)
	}
	w.expect(t, carrier.journal, expectation{delivered: 2000})
}
