package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startRedis runs a real Redis on a free loopback port until the test ends.
func startRedis(t *testing.T) (address string, process *os.Process) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not here: apt-get install redis-server")
	}
	address = freePort(t)
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(path, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Kill()
		cmd.Wait()
	})
	waitFor(t, "redis answers", func() bool { return strings.HasPrefix(redisSays(address, "PING"), "+PONG") })
	return address, cmd.Process
}

// redisSays sends one inline command.
func redisSays(address, command string) string {
	c, err := net.DialTimeout("tcp", address, time.Second)
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
	for _, c := range []struct {
		name string
		harm func(address string, redis *os.Process)
	}{
		{"killed", func(_ string, redis *os.Process) { redis.Kill() }},
		{"flushed", func(address string, _ *os.Process) { redisSays(address, "FLUSHALL") }},
		{"stopped", func(_ string, redis *os.Process) { redis.Signal(syscall.SIGSTOP) }},
		{"untouched", func(string, *os.Process) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.name == "stopped" {
				t.Skip("waits out many time-outs: in make test, not in make check")
			}
			redis, process := startRedis(t)
			carrier, journal := startCarrier(t, "--latency", "20ms")
			w := newWorkplace(t, carrier, 20_000, "    window: 10\n    batch: 10\n    rate: 4000", "receipts: {wait: 10s}")
			cmd := w.command(t, "run", w.campaign, "--no-progress", "--queue", "redis://"+redis+"/0")
			var talk bytes.Buffer
			cmd.Stderr = &talk
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the carrier has taken some", func() bool {
				info, err := os.Stat(journal)
				return err == nil && info.Size() > 10_000
			})
			c.harm(redis, process)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitOK {
				t.Errorf("got exit %d, want 0\n%s", code, talk.String())
			}
			if r := w.report(t); r.Recipients.Delivered != 20_000 || !r.Balanced {
				t.Errorf("got %+v, want everybody delivered", r.Recipients)
			}
			a := newAudit(t, journal, w.tocsin(t, "export", testKey))
			if len(a.wrong) > 0 || a.duplicates > 0 {
				t.Errorf("got %v, %d taken twice", a.wrong, a.duplicates)
			}
		})
	}
}
