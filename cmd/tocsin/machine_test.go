package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a machine does to a process: the tests need root, and say so where it is not.

// cgroup makes a control group with a limit, of either version, and puts processes into it.
func cgroup(t *testing.T, controller, v1, v2, limit string, pids ...int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: control groups are root's")
	}
	dir, file := filepath.Join("/sys/fs/cgroup", controller), v1
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		dir, file = "/sys/fs/cgroup", v2
	}
	dir = filepath.Join(dir, fmt.Sprintf("tocsin-%d", pids[0]))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("there are no control groups here: %v", err)
	}
	t.Cleanup(func() {
		// It is empty when its process has ended.
		for range 100 {
			if os.Remove(dir) == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	sets := [][2]string{{file, limit}}
	for _, pid := range pids {
		sets = append(sets, [2]string{"cgroup.procs", strconv.Itoa(pid)})
	}
	for _, set := range sets {
		if err := os.WriteFile(filepath.Join(dir, set[0]), []byte(set[1]), 0o644); err != nil {
			t.Skipf("control groups have no %s here: %v", set[0], err)
		}
	}
}

// TestAProcessStarvedOfCPUIsNotTakenForDead: it has a tenth of a core, and still says
// every two seconds that it is there.
func TestAProcessStarvedOfCPUIsNotTakenForDead(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute: in make test, not in make check")
	}
	const count = 20_000
	f := newFleet(t, 2, count, []string{"--latency", "10ms"}, "    connections: 1\n    window: 4\n    batch: 10\n    rate: 1000", "receipts: {wait: 20s}\nin_doubt: hold").sail(t)
	for i := range f.ships {
		f.ready(t, i)
	}
	f.carrier.hasTaken(t, 100_000)
	cgroup(t, "cpu", "cpu.cfs_quota_us", "cpu.max", "10000", f.ships[0].cmd.Process.Pid)
	f.finished(t)
	a := f.audited(t, f.carrier.journal)
	f.whole(t, count, a)
	if r := f.report(t); r.Recipients.Delivered != count || a.duplicates > 0 {
		t.Errorf("got %+v, %d taken twice, want everybody delivered once", r.Recipients, a.duplicates)
	}
	// Either it was in time, or it has stopped by itself before the other took its pages.
	taken := strings.Contains(f.ships[1].talk.String(), "a process is gone, its pages are taken")
	if stopped := strings.Contains(f.ships[0].talk.String(), "sending has stopped"); taken && !stopped {
		t.Error("its pages were taken while it went on")
	}
}

// TestKilledForWantOfMemory: the kernel kills it in the middle, as kill -9 does.
func TestKilledForWantOfMemory(t *testing.T) {
	t.Parallel()
	slow(t)
	const count, window, batch = 20_000, 4, 10
	carrier := runCarrier(t, "--latency", "5ms", "--lose-receipts", "1")
	w := newWorkplace(t, carrier.address, count, fmt.Sprintf("    connections: 1\n    window: %d\n    batch: %d\n    rate: 1000", window, batch),
		"receipts: {wanted: false}\nin_doubt: hold")
	p := w.start(t, "run", w.campaign, "--no-progress")
	carrier.hasTaken(t, 100_000)
	// Somebody beside it takes all the memory of both, and the kernel ends the one that it
	// is told to.
	hog := exec.Command("tail", "/dev/zero")
	score := func(pid int, n string) {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(n), 0o644); err != nil {
			t.Skipf("the kernel is told nothing here: %v", err)
		}
	}
	score(p.cmd.Process.Pid, "1000")
	eats := startProcess(t, hog, nobody)
	cgroup(t, "memory", "memory.limit_in_bytes", "memory.max", "67108864", p.cmd.Process.Pid, hog.Process.Pid)
	defer func() { eats.signal(syscall.SIGKILL); <-eats.ended }()
	select {
	case <-p.ended:
	case <-time.After(patient):
		t.Fatal("it lives on without memory")
	}
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Exited() {
		t.Skip("it was through before memory was short")
	}
	w.run(t, "run", w.campaign, "--no-progress")
	a := w.audited(t, carrier.journal)
	if r := w.report(t); !r.Balanced || a.recipients != count || a.inDoubt > 2*window*batch || a.duplicates > 0 {
		t.Errorf("got %+v, %+v, want everybody accounted for, at most %d in doubt and nobody twice", r.Recipients, a, 2*window*batch)
	}
}

// TestANetworkThatSwallowsEverythingIsFoundOut: the carrier is in a network of its own,
// whose link goes down without a word.
func TestANetworkThatSwallowsEverythingIsFoundOut(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits out time-outs: in make test, not in make check")
	}
	if os.Geteuid() != 0 {
		t.Skip("not root: networks are root's")
	}
	name := fmt.Sprintf("tocsin%d", os.Getpid()%10000)
	outer, inner := name+"o", name+"i"
	ip := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Skipf("ip %v: %v: %s", args, err, out)
		}
	}
	t.Cleanup(func() {
		exec.Command("ip", "netns", "del", name).Run()
		exec.Command("ip", "link", "del", outer).Run()
	})
	ip("netns", "add", name)
	ip("link", "add", outer, "type", "veth", "peer", "name", inner)
	ip("link", "set", inner, "netns", name)
	ip("addr", "add", "10.213.7.1/30", "dev", outer)
	ip("link", "set", outer, "up")
	ip("-n", name, "addr", "add", "10.213.7.2/30", "dev", inner)
	ip("-n", name, "link", "set", inner, "up")
	ip("-n", name, "link", "set", "lo", "up")

	const count, window, batch, address = 4000, 4, 10, "10.213.7.2:2775"
	journal := filepath.Join(t.TempDir(), "journal.jsonl")
	carrier := startProcess(t, exec.Command("ip", "netns", "exec", name, mustBinary(t), "carrier", "--listen", address, "--exposed", "--journal", journal,
		"--latency", "5ms"), nobody)
	waitFor(t, "the carrier listens", func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	w := newWorkplace(t, address, count, fmt.Sprintf("    connections: 1\n    window: %d\n    batch: %d\n    rate: 200\n    enquire_link: 5s\n    response_timeout: 5s", window, batch),
		"receipts: {wait: 20s}\nin_doubt: hold")
	p := w.start(t, "run", w.campaign, "--no-progress", "-v")
	waitFor(t, "the carrier has taken some", func() bool { return size(journal) > 100_000 })
	ip("-n", name, "link", "set", inner, "down")
	waitFor(t, "the line is found dead", func() bool { return strings.Contains(p.talk.String(), "line is down") })
	ip("-n", name, "link", "set", inner, "up")
	p.wait(t)
	a := w.audited(t, journal)
	if r := w.report(t); !r.Balanced || a.recipients != count || a.inDoubt > 2*window*batch || a.duplicates > 0 || r.Recipients.Waiting > 0 {
		t.Errorf("got %+v, %+v, want everybody accounted for, at most %d in doubt and nobody twice", r.Recipients, a, 2*window*batch)
	}
	carrier.signal(syscall.SIGTERM)
}
