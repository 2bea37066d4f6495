package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// hold runs the campaign until the program stops itself at the n-th passing of a point.
// It goes on with SIGCONT.
func (w workplace) hold(t *testing.T, point string) *process {
	t.Helper()
	cmd := exec.Command(mustFaultBinary(t), "run", w.campaign, "--no-progress", "--config", w.config)
	cmd.Env = append(os.Environ(), "HOLD="+point)
	p := startProcess(t, cmd, w.secrets)
	waitFor(t, "it holds at "+point, func() bool {
		select {
		case <-p.ended:
			t.Fatalf("it has ended before it came to %s\n%s", point, p.talk.String())
		default:
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if err != nil {
			return false
		}
		_, rest, _ := strings.Cut(string(status), ") ")
		return strings.HasPrefix(rest, "T")
	})
	return p
}

// TestTheLedgersFolderDisappearsUnderARun is case D13: the run stops as for any error of
// its ledger, whatever became of the folder, and nobody who had no intent on disk is sent
// anything; a second run in the meantime plans nothing.
func TestTheLedgersFolderDisappearsUnderARun(t *testing.T) {
	t.Parallel()
	const count = 2000
	remove := func(t *testing.T, path string) {
		t.Helper()
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	rename := func(t *testing.T, from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		mounted bool // the folder is a file system of its own
		away    func(t *testing.T, w workplace)
	}{
		"removed": {away: func(t *testing.T, w workplace) { remove(t, w.data) }},
		"moved":   {away: func(t *testing.T, w workplace) { rename(t, w.data, w.data+".old") }},
		"another in its place": {away: func(t *testing.T, w workplace) {
			rename(t, w.data, w.data+".old")
			if err := os.CopyFS(w.data, os.DirFS(w.data+".old")); err != nil {
				t.Fatal(err)
			}
		}},
		"its ledger alone":  {away: func(t *testing.T, w workplace) { remove(t, filepath.Join(w.data, "ledger.db")) }},
		"its lock alone":    {away: func(t *testing.T, w workplace) { remove(t, filepath.Join(w.data, "ledger.lock")) }},
		"its journal alone": {away: func(t *testing.T, w workplace) { remove(t, filepath.Join(w.data, "ledger.db-wal")) }},
		"its mount was lost": {mounted: true, away: func(t *testing.T, w workplace) {
			if err := syscall.Unmount(w.data, syscall.MNT_DETACH); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carrier := runCarrier(t)
			w := newWorkplace(t, carrier.address, count, "    connections: 1\n    window: 2\n    batch: 10", "receipts: {wait: 5s}")
			if tt.mounted {
				if os.Getuid() != 0 {
					t.Skip("needs root: it mounts a tmpfs")
				}
				if err := os.MkdirAll(w.data, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := syscall.Mount("tmpfs", w.data, "tmpfs", 0, "size=64m,mode=0700"); err != nil {
					t.Skipf("a tmpfs cannot be mounted here: %v", err)
				}
				t.Cleanup(func() { syscall.Unmount(w.data, syscall.MNT_DETACH) }) // it fails when the test has done it
			}
			p := w.hold(t, "before-intent:5")
			r := w.report(t)
			if r.Recipients.Waiting == 0 || r.Recipients.Waiting == count {
				t.Fatalf("got %+v, want it held in the middle", r.Recipients)
			}
			tt.away(t, w)
			out, talk, code := w.run(t, "run", w.campaign, "--no-progress")
			if code == exitOK || !strings.Contains(string(talk), "another tocsin works on this data folder") {
				t.Errorf("a second run in the meantime: got exit %d, %s%s", code, out, talk)
			}
			p.signal(syscall.SIGCONT)
			if code := p.wait(t); code != exitFailed || !strings.Contains(p.talk.String(), "was removed or moved") || !strings.Contains(p.talk.String(), "before anything is started again") {
				t.Errorf("got exit %d, want 1 and what to do\n%s", code, p.talk.String())
			}
			if p.out.String() != "" {
				t.Errorf("got a report of a run that failed: %s", p.out.String())
			}
			for number, n := range taken(t, carrier.journal) {
				if n > 1 {
					t.Errorf("somebody was sent to %d times (%d digits)", n, len(number))
				}
			}
			if sent := len(taken(t, carrier.journal)); sent > count-r.Recipients.Waiting {
				t.Errorf("the carrier took %d, and %d had their intent on disk", sent, count-r.Recipients.Waiting)
			}
		})
	}
}

// TestTheLedgersFolderDisappearsWhileNothingIsWritten: all is sent and the run waits for
// receipts that do not come; it looks by itself whether its ledger is there.
func TestTheLedgersFolderDisappearsWhileNothingIsWritten(t *testing.T) {
	slow(t)
	t.Parallel()
	carrier := runCarrier(t, "--lose-receipts", "1")
	w := newWorkplace(t, carrier.address, 20, "", "receipts: {wait: 30m}")
	p := w.start(t, "run", w.campaign, "--no-progress")
	waitFor(t, "all are accepted", func() bool {
		if size(carrier.journal) == 0 {
			return false
		}
		return w.report(t).Recipients.Accepted == 20
	})
	if err := os.RemoveAll(w.data); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != exitFailed || !strings.Contains(p.talk.String(), "was removed or moved") {
		t.Errorf("got exit %d, want 1 and why\n%s", code, p.talk.String())
	}
}
