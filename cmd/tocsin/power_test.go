package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// traced is the program under strace, which can also make system calls fail.
func (w workplace) traced(t *testing.T, log string, flags []string, args ...string) *exec.Cmd {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not here: apt-get install strace")
	}
	if raced {
		t.Skip("the race detector and strace do not go together")
	}
	all := append([]string{"-f", "-qq", "-y", "-o", log}, flags...)
	all = append(append(all, mustBinary(t)), append(args, "--config", w.config)...)
	if out, err := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %s", out)
	}
	return exec.Command(strace, all...)
}

// TestNothingLeavesBeforeItsIntentIsOnTheDisk follows the system calls of one message:
// what was written to the ledger is synced before a submit leaves, and before a receipt
// is acknowledged. A power cut takes nothing that anybody was told.
func TestNothingLeavesBeforeItsIntentIsOnTheDisk(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, 1, "    connections: 1\n    window: 1\n    batch: 1", "receipts: {wait: 20s}")
	log := filepath.Join(t.TempDir(), "calls")
	p := startProcess(t, w.traced(t, log, []string{"-e", "trace=pwrite64,write,fdatasync,fsync"}, "run", w.campaign, "--no-progress"), w.secrets)
	if code := p.wait(t); code != exitOK {
		t.Fatalf("got exit %d\n%s", code, p.talk.String())
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	toCarrier := regexp.MustCompile(`write\(\d+<(TCP:\[.*` + regexp.QuoteMeta(carrier.address) + `\]|socket:\[\d+\])>, "(.{0,64})`)
	// The first octets of a PDU: its length, and its id, as strace writes them.
	submit, answer := `\0\0\0\4`, `\200\0\0\5`
	submits, answers, dirty, synced := 0, 0, false, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		switch m := toCarrier.FindStringSubmatch(line); {
		case m != nil:
			isSubmit, isAnswer := strings.Contains(m[2], submit), strings.Contains(m[2], answer)
			if (isSubmit || isAnswer) && (dirty || synced == 0) {
				t.Errorf("this left before what was written to the ledger was on the disk: %s", line)
			}
			if isSubmit {
				submits++
			}
			if isAnswer {
				answers++
			}
		case strings.Contains(line, "pwrite64(") && strings.Contains(line, "ledger.db-wal"):
			dirty = true
		case strings.Contains(line, "sync(") && strings.Contains(line, "ledger.db"), strings.Contains(line, "sync resumed"):
			if strings.Contains(line, "= 0") {
				dirty, synced = false, synced+1
			}
		}
	}
	if submits != 1 || answers != 1 || synced < 3 {
		t.Errorf("got %d submits, %d receipts acknowledged and %d syncs of the ledger, want one, one and more", submits, answers, synced)
	}
}

// TestADiskThatFailsToSyncStopsEverything: the system says EIO, once.
func TestADiskThatFailsToSyncStopsEverything(t *testing.T) {
	t.Parallel()
	const count = 1000
	for name, inject := range map[string]string{ // strace counts for each thread
		"a sync": "fdatasync,fsync:error=EIO:when=4+", "a write": "pwrite64:error=EIO:when=25+",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carrier := runCarrier(t, "--latency", "2ms")
			w := newWorkplace(t, carrier.address, count, "    connections: 1\n    window: 2\n    batch: 5", "receipts: {wait: 20s}\nin_doubt: hold")
			w.tocsin(t, "submit", w.campaign, "--approve", "--by", "li") // so that only sending is disturbed
			p := startProcess(t, w.traced(t, filepath.Join(t.TempDir(), "calls"), []string{"-e", "trace=pwrite64,fdatasync,fsync", "-e", "inject=" + inject}, "run", w.campaign, "--no-progress"), w.secrets)
			code := p.wait(t)
			if talk := p.talk.String(); code != exitFailed || !strings.Contains(talk, "the ledger cannot be written, sending has stopped") {
				t.Fatalf("got exit %d, want it to stop and say why\n%s", code, talk)
			}
			if _, talk, code := w.run(t, "run", w.campaign, "--no-progress"); code != exitOK && code != exitOpen {
				t.Errorf("got exit %d when the disk is well again\n%s", code, talk)
			}
			a := w.audited(t, carrier.journal)
			if r := w.report(t); !r.Balanced || a.recipients != count || a.duplicates > 0 {
				t.Errorf("got %+v, %+v, want everybody accounted for and nobody twice", r.Recipients, a)
			}
		})
	}
}

// TestALedgerThatIsDamagedIsFoundOut: half a frame behind its journal is no harm, a page
// that was overwritten is told at start.
func TestALedgerThatIsDamagedIsFoundOut(t *testing.T) {
	slow(t)
	t.Parallel()
	const count = 2000
	carrier := runCarrier(t, "--latency", "2ms")
	w := newWorkplace(t, carrier.address, count, "    connections: 1\n    window: 2\n    batch: 10\n    rate: 500", "receipts: {wait: 20s}\nin_doubt: hold")
	p := w.start(t, "run", w.campaign, "--no-progress")
	carrier.hasTaken(t, 30_000)
	p.cmd.Process.Kill()
	<-p.ended
	wal, err := os.OpenFile(filepath.Join(w.data, "ledger.db-wal"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	// The power went while a frame was being written.
	if _, err := wal.Write(make([]byte, 2000)); err != nil {
		t.Fatal(err)
	}
	wal.Close()
	if _, talk, code := w.run(t, "run", w.campaign, "--no-progress"); code != exitOK && code != exitOpen {
		t.Errorf("got exit %d with half a frame\n%s", code, talk)
	}
	a := w.audited(t, carrier.journal)
	if a.recipients != count || a.duplicates > 0 || a.inDoubt > 2*2*10 {
		t.Errorf("got %+v, want everybody accounted for and nobody twice", a)
	}
	db, err := os.OpenFile(filepath.Join(w.data, "ledger.db"), os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	info, err := db.Stat()
	if err != nil {
		t.Fatal(err)
	}
	garbage := []byte(strings.Repeat("\xff", 300))
	for at := int64(4096 + 40); at < info.Size(); at += 4096 {
		if _, err := db.WriteAt(garbage, at); err != nil {
			t.Fatal(err)
		}
	}
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	if code != exitFailed || !strings.Contains(string(talk), "restore") && !strings.Contains(string(talk), "damaged") && !strings.Contains(string(talk), "malformed") {
		t.Errorf("got exit %d of a damaged ledger, want 1 and that it is damaged\n%s", code, talk)
	}
}
