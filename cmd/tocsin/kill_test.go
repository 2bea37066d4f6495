package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
)

// killRounds is how often the kill loop runs: 50, or what SOAK_KILLS says.
func killRounds(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("SOAK_KILLS")); err == nil {
		return n
	}
	if testing.Short() {
		return 3
	}
	return 50
}

// TestKilledAtAnyMomentNothingIsLostAndNobodyIsSentTwice kills the process again
// and again in the middle of a campaign and starts it again until it is finished.
func TestKilledAtAnyMomentNothingIsLostAndNobodyIsSentTwice(t *testing.T) {
	const window, connections, batch, count = 8, 2, 10, 20_000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for round := range killRounds(t) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			address, journal := startCarrier(t, "--latency", "2ms", "--receipts")
			policy := []string{"hold", "resend"}[round%2]
			w := newWorkplace(t, address, count,
				fmt.Sprintf("    connections: %d\n    window: %d\n    batch: %d", connections, window, batch),
				"receipts: {wanted: true, wait: 3s}\nin_doubt: "+policy)
			for range 1 + random.IntN(3) {
				if killed := w.runAndKill(t, time.Duration(150+random.IntN(900))*time.Millisecond); !killed {
					break
				}
				kills++
				if _, err := os.Stat(w.data + "/ledger.db"); err != nil {
					continue
				}
				w.checkBalance(t)
			}
			_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
			if code != exitOK && code != exitOpen {
				t.Fatalf("exit %d\n%s", code, talk)
			}
			r := w.report(t)
			if r.Planned != count || !r.Balanced {
				t.Fatalf("got planned %d, balanced %v", r.Planned, r.Balanced)
			}
			a := newAudit(t, journal, w.tocsin(t, "export", testKey))
			for _, wrong := range a.wrong {
				t.Error(wrong)
			}
			if a.recipients != count {
				t.Errorf("got %d recipients exported, want %d", a.recipients, count)
			}
			if most := 2 * window * connections * batch * 3; a.inDoubt+a.resent > most {
				t.Errorf("got %d in doubt and %d resent, want at most %d after three kills", a.inDoubt, a.resent, most)
			}
			if policy == "hold" && a.duplicates > 0 {
				t.Errorf("got %d recipients taken twice, want none", a.duplicates)
			}
		})
	}
	t.Logf("%d kills", kills)
}

// runAndKill starts the campaign and kills it after d; it reports false when it
// had ended before.
func (w workplace) runAndKill(t *testing.T, d time.Duration) bool {
	t.Helper()
	cmd := w.command(t, "run", w.campaign, "--no-progress")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	select {
	case <-ended:
		return false
	case <-time.After(d):
		cmd.Process.Signal(syscall.SIGKILL)
		<-ended
		return true
	}
}

// checkBalance asks for the report of a campaign whose process is dead.
func (w workplace) checkBalance(t *testing.T) {
	t.Helper()
	out, err := exec.Command(mustBinary(t), "report", testKey, "--json", "--config", w.config).Output()
	if err != nil {
		return // killed before the plan was stored: there is no campaign
	}
	var r ledger.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if !r.Balanced {
		t.Fatalf("after a kill the ledger does not balance: %+v", r.Recipients)
	}
}
