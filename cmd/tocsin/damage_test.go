package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tocsin/dispatcher/ledger"
)

// damageCount is how many recipients a campaign has whose ledger is damaged.
const damageCount = 3000

// TestAFlippedBitOnTheDiskIsFoundOrHarmless kills a campaign at some moment or lets it end,
// flips one bit of one file of its data folder, and starts it again. Only what the carrier
// took and what the ledger exports are held against each other.
func TestAFlippedBitOnTheDiskIsFoundOrHarmless(t *testing.T) { // D10
	slow(t)
	t.Parallel()
	flipBits(t, 36)
}

// TestSoakOfDamage is that test with a thousand flips: make soak.
func TestSoakOfDamage(t *testing.T) { // D10
	if os.Getenv("TOCSIN_SOAK") == "" {
		t.Skip("TOCSIN_SOAK is not set: make soak flips a thousand bits")
	}
	flipBits(t, 1000)
}

// flipsEach is how many bits are flipped of what one campaign has left, each in a copy.
const flipsEach = 12

// flipBits flips so many bits, and so many more as make the last campaign's full.
func flipBits(t *testing.T, flips int) {
	t.Helper()
	outcomes := map[string]int{}
	for round := 0; round*flipsEach < flips && !t.Failed(); round++ {
		for what, n := range flipRound(t, round) {
			outcomes[what] += n
		}
	}
	t.Log(outcomes)
	if found := outcomes["refused"] + outcomes["paused"]; !t.Failed() && found == 0 {
		t.Error("no flip was found: this test shows nothing")
	}
}

// flipRound is one campaign that is left in one state, and flips of copies of what it left.
// Every third has ended, the others are killed.
func flipRound(t *testing.T, round int) map[string]int {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	carrier := runCarrier(t, "--latency", "2ms")
	w := newWorkplace(t, carrier.address, damageCount, "    connections: 1\n    window: 4\n    batch: 10\n    rate: 4000",
		"receipts: {wanted: true, wait: 1s}\nin_doubt: hold")
	ended := round%3 == 2
	if ended {
		w.run(t, "run", w.campaign, "--no-progress")
	} else {
		p := w.start(t, "run", w.campaign, "--no-progress")
		carrier.hasTaken(t, 1000+random.Int64N(300_000))
		p.signal(syscall.SIGKILL)
		<-p.ended
	}
	invited := w.invited(t)
	left, sent := t.TempDir(), filepath.Join(t.TempDir(), "journal")
	replace(t, w.data, left)
	copyFile(t, carrier.journal, sent)
	files, err := os.ReadDir(left)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	for range flipsEach {
		replace(t, left, w.data)
		// The carrier goes on with the journal of this life of the campaign alone.
		carrier.process.signal(syscall.SIGKILL)
		<-carrier.process.ended
		copyFile(t, sent, carrier.journal)
		carrier.restart(t)
		what := ""
		for what == "" {
			what = flipOne(t, random, filepath.Join(w.data, files[random.IntN(len(files))].Name()))
		}
		outcomes[w.afterDamage(t, carrier.journal, what, invited)]++
	}
	return outcomes
}

// TestALedgerThatHasLostItsLastCommitsIsPausedAndSaysSo takes away the write-ahead log that
// was begun after the plan was copied into ledger.db, and that a kill has left.
func TestALedgerThatHasLostItsLastCommitsIsPausedAndSaysSo(t *testing.T) { // D10
	slow(t)
	t.Parallel()
	carrier := runCarrier(t, "--latency", "2ms")
	w := newWorkplace(t, carrier.address, damageCount, "    connections: 1\n    window: 4\n    batch: 10\n    rate: 500", "receipts: {wait: 1s}\nin_doubt: hold")
	w.tocsin(t, "submit", w.campaign, "--approve", "--by", "li")
	p := w.start(t, "run", w.campaign, "--no-progress")
	carrier.hasTaken(t, 20_000)
	p.signal(syscall.SIGKILL)
	<-p.ended
	if err := os.Remove(filepath.Join(w.data, "ledger.db-wal")); err != nil {
		t.Fatal(err)
	}
	if _, talk, code := w.run(t, "ledger", "check"); code != exitFailed || !strings.Contains(string(talk), "the ledger is older than it was") {
		t.Errorf("got exit %d and %s of the check, want 1 and that it is older", code, talk)
	}
	before := taken(t, carrier.journal)
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	if code != exitFailed || !strings.Contains(string(talk), "the ledger was found older than it was") {
		t.Errorf("got exit %d and %s, want 1 and that it was found older", code, talk)
	}
	if after := taken(t, carrier.journal); len(after) != len(before) {
		t.Errorf("the carrier took messages for %d people, and for %d before", len(after), len(before))
	}
	r, a := w.report(t), w.audited(t, carrier.journal)
	if r.State != ledger.Paused || !r.Balanced || r.Recipients.Waiting > 0 || r.Recipients.InDoubt == 0 || a.recipients != damageCount {
		t.Errorf("got %s, %+v, want it paused with everybody open in doubt", r.State, r.Recipients)
	}
}

// flipOne flips a bit of a file and says which; "" when there is none.
func flipOne(t *testing.T, random *rand.Rand, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) == 0 {
		return ""
	}
	bit := random.IntN(8 * len(data))
	data[bit/8] ^= 1 << (bit % 8)
	write(t, path, string(data), 0o600)
	return fmt.Sprintf("bit %d of %s", bit, filepath.Base(path))
}

// afterDamage starts a campaign whose ledger is damaged, and says what came of it.
func (w workplace) afterDamage(t *testing.T, journal, what string, invited map[string]bool) string {
	t.Helper()
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	for number := range taken(t, journal) {
		if !invited[number] {
			t.Errorf("%s: a message went to a stranger", what)
		}
	}
	out, exportTalk, exported := w.run(t, "export", testKey)
	if code == exitFailed {
		said := string(talk)
		switch {
		case strings.Contains(said, "found older than it was"):
			w.audit(t, journal, what, out)
			return "paused"
		case strings.Contains(said, "damaged"), strings.Contains(said, "is gone"), strings.Contains(said, "malformed"), strings.Contains(said, "not a database"):
			for number, n := range taken(t, journal) {
				if n > 1 {
					t.Errorf("%s: it was refused, and %s got %d messages", what, number[:5], n)
				}
			}
			if exported == exitOK {
				w.audit(t, journal, what, out)
			}
			return "refused"
		}
		t.Errorf("%s: got exit 1 and %s, want that it says what is wrong", what, said)
		return "unclear"
	}
	if code != exitOK && code != exitOpen || exported != exitOK {
		t.Errorf("%s: got exits %d and %d of run and export\n%s%s", what, code, exported, talk, exportTalk)
		return "unclear"
	}
	w.audit(t, journal, what, out)
	return "harmless"
}

// audit holds an export against what the carrier took.
func (w workplace) audit(t *testing.T, journal, what string, export []byte) {
	t.Helper()
	a := newAudit(t, journal, export)
	for _, wrong := range a.wrong {
		t.Errorf("%s: %s", what, wrong)
	}
	if a.recipients != damageCount {
		t.Errorf("%s: got %d exported, want %d", what, a.recipients, damageCount)
	}
}

// invited are the numbers of the audience.
func (w workplace) invited(t *testing.T) map[string]bool {
	t.Helper()
	f, err := os.Open(filepath.Join(w.dir, "audience.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, row := range rows[1:] {
		for _, cell := range row {
			all[strings.TrimPrefix(cell, "+")] = true
			all["86"+cell] = true
		}
	}
	return all
}

// replace makes to a copy of the folder from.
func replace(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	write(t, to, read(t, from), 0o600)
}
