package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// mountSmall mounts a file system of so many octets on dir until the test ends.
func mountSmall(t *testing.T, dir, size string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: it mounts a small tmpfs to fill")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
		t.Skipf("a tmpfs cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
}

// TestTheLedgersDiskIsFull: sending stops at once and loudly, what is there can
// be read, and with more room it goes on as if nothing had been.
func TestTheLedgersDiskIsFull(t *testing.T) {
	slow(t)
	t.Parallel()
	carrier := runCarrier(t, "--latency", "5ms")
	w := newWorkplace(t, carrier.address, 20_000, "    window: 10\n    batch: 10", "receipts: {wait: 3s}")
	mountSmall(t, w.data, "2m")
	out, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	if code != exitFailed || !strings.Contains(string(talk), "free space on the disk of "+w.data+" and start again") {
		t.Errorf("got exit %d, want 1 and what to do\n%s", code, talk)
	}
	if _, last, _ := strings.Cut(string(talk), "\ntocsin: "); strings.Count(last, "and start again") != 1 {
		t.Errorf("got %q at the end, want the advice once", last)
	}
	if len(out) > 0 {
		t.Errorf("got a report of a run that failed: %s", out)
	}
	r := w.report(t)
	if most := 2 * 2 * 10 * 10; !r.Balanced || r.Recipients.Waiting == 0 || r.Recipients.Offered > most {
		t.Errorf("got %+v, want some waiting and at most %d offered", r.Recipients, most)
	}
	sent := 0
	for _, n := range taken(t, carrier.journal) {
		sent += n
	}
	if sent > 20_000-r.Recipients.Waiting {
		t.Errorf("the carrier took %d, but the ledger says that %d wait", sent, r.Recipients.Waiting)
	}
	if _, talk, code := w.run(t, "run", w.campaign, "--no-progress"); code != exitFailed {
		t.Errorf("with the disk still full: got exit %d, want 1\n%s", code, talk)
	}
	if err := syscall.Mount("tmpfs", w.data, "tmpfs", syscall.MS_REMOUNT, "size=64m,mode=0700"); err != nil {
		t.Fatal(err)
	}
	_, talk, code = w.run(t, "run", w.campaign, "--no-progress")
	a, r := w.audited(t, carrier.journal), w.report(t)
	if want := map[bool]int{true: exitOpen, false: exitOK}[a.inDoubt > 0]; code != want {
		t.Errorf("got exit %d with %d in doubt\n%s", code, a.inDoubt, talk)
	}
	if !r.Balanced || r.State != "finished" || a.duplicates > 0 || a.recipients != 20_000 || a.inDoubt > 2*400 {
		t.Errorf("got %+v, %d taken twice", r.Recipients, a.duplicates)
	}
}

// TestTheDiskOfReportAndTalkIsFull: the campaign is sent all the same.
func TestTheDiskOfReportAndTalkIsFull(t *testing.T) {
	slow(t)
	t.Parallel()
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, 500, "    batch: 10", "receipts: {wait: 10s}")
	full := filepath.Join(w.dir, "full")
	mountSmall(t, full, "64k")
	fill(t, filepath.Join(full, "filler"))
	talk, err := os.Create(filepath.Join(full, "talk"))
	if err != nil {
		t.Fatal(err)
	}
	defer talk.Close()
	cmd := w.command(t, "run", w.campaign, "--no-progress", "--verbose", "--report", filepath.Join(full, "report.json"))
	cmd.Stderr = talk
	if err := cmd.Run(); err == nil {
		t.Error("got exit 0, want it to say that the report could not be written")
	}
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("got exit %d, want 1", code)
	}
	w.expect(t, carrier.journal, expectation{delivered: 500})
}

// fill writes until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 4096; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

// TestTheLedgerIsLockedForAWhile: a backup or a curious person holds the
// database for a second in the middle of a campaign. It waits.
func TestTheLedgerIsLockedForAWhile(t *testing.T) {
	slow(t)
	t.Parallel()
	carrier := runCarrier(t, "--latency", "10ms")
	w := newWorkplace(t, carrier.address, 8000, "    window: 10\n    batch: 10", "receipts: {wait: 10s}")
	g := w.atGate(t, carrier, 10_000)
	p := w.start(t, "run", w.campaign, "--no-progress")
	g.shut(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.data, "ledger.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	g.open(never)
	time.Sleep(time.Second) // the fault itself
	if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != exitOK {
		t.Errorf("got exit %d, want 0\n%s", code, p.talk.String())
	}
	w.expect(t, carrier.journal, expectation{delivered: 8000})
}

// TestASecondProgramOnTheSameFolderIsRefused: one ledger, one who sends.
func TestASecondProgramOnTheSameFolderIsRefused(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t, "--latency", "10ms")
	w := newWorkplace(t, carrier.address, 8000, "    window: 10\n    batch: 10"+patience, "receipts: {wait: 30s}")
	g := w.atGate(t, carrier, 10_000)
	p := w.start(t, "run", w.campaign, "--no-progress")
	g.shut(t)
	for _, args := range [][]string{{"run", w.campaign, "--no-progress"}, {"serve"}} {
		_, talk, code := w.run(t, args...)
		if code != exitFailed || !strings.Contains(string(talk), "another tocsin works on this data folder: "+w.data) {
			t.Errorf("tocsin %v: got exit %d and %s, want 1", args, code, talk)
		}
	}
	if r := w.report(t); !r.Balanced || r.Recipients.Waiting == 0 { // reading is for everybody
		t.Errorf("got %+v, want a report in the middle of the campaign", r)
	}
	g.open(never)
	if code := p.wait(t); code != exitOK {
		t.Errorf("got exit %d, want 0\n%s", code, p.talk.String())
	}
	w.expect(t, carrier.journal, expectation{delivered: 8000})
}
