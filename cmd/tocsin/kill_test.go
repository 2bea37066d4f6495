package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
)

// What one kill may leave in doubt follows from these: two windows.
const (
	killWindow, killConnections, killBatch = 8, 2, 10

	killCount = 20_000
	killBound = 2 * killWindow * killConnections * killBatch
)

// TestKilledAtAnyMomentNothingIsLostAndNobodyIsSentTwice kills the process again
// and again in the middle of a campaign and starts it again until it is finished.
func TestKilledAtAnyMomentNothingIsLostAndNobodyIsSentTwice(t *testing.T) {
	slow(t)
	t.Parallel()
	const rounds = 24
	var kills, doubted atomic.Int64
	t.Run("rounds", func(t *testing.T) {
		for round := range rounds {
			t.Run(fmt.Sprint(round), func(t *testing.T) {
				t.Parallel()
				k := killRound(t, round)
				kills.Add(int64(k.kills))
				doubted.Add(int64(k.doubted))
			})
		}
	})
	t.Logf("%d rounds, %d kills, %d recipients were offered and unanswered at a kill", rounds, kills.Load(), doubted.Load())
	if !t.Failed() && (int(kills.Load()) < rounds || doubted.Load() == 0) {
		t.Error("the kills did not fall into the middle of campaigns: this test shows nothing")
	}
}

// TestSoak is the kill loop for as long as TOCSIN_SOAK says: make soak.
func TestSoak(t *testing.T) {
	text := os.Getenv("TOCSIN_SOAK")
	if text == "" {
		t.Skip("TOCSIN_SOAK is not set: make soak runs the kill loop for an hour")
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("TOCSIN_SOAK: %v: write a duration such as 30m or 8h", err)
	}
	end := time.Now().Add(d)
	rounds, kills, doubted := 0, 0, 0
	for ; time.Now().Before(end) && !t.Failed(); rounds++ {
		t.Run(fmt.Sprint(rounds), func(t *testing.T) {
			k := killRound(t, rounds)
			kills, doubted = kills+k.kills, doubted+k.doubted
		})
		if rounds%20 == 19 {
			t.Logf("%d rounds, %d kills, %v left", rounds+1, kills, time.Until(end).Round(time.Second))
		}
	}
	t.Logf("%d rounds, %d kills, %d recipients were offered and unanswered at a kill", rounds, kills, doubted)
}

type killed struct{ kills, doubted int }

// killRound is one campaign, killed up to four times. Half of the rounds hold
// recipients in doubt, half resend them; every third carrier sends no receipts,
// so that nothing settles doubt.
func killRound(t testing.TB, round int) (k killed) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	flags := []string{"--latency", "2ms", "--seed", fmt.Sprint(seed)}
	if round%3 == 2 {
		flags = append(flags, "--lose-receipts", "1")
	}
	carrier := runCarrier(t, flags...)
	policy := []string{"hold", "resend"}[round%2]
	w := newWorkplace(t, carrier.address, killCount,
		fmt.Sprintf("    connections: %d\n    window: %d\n    batch: %d", killConnections, killWindow, killBatch),
		"receipts: {wanted: true, wait: 1s}\nin_doubt: "+policy)
	for range 1 + random.IntN(4) {
		if !w.runAndKill(t, carrier.journal, random) {
			break
		}
		k.kills++
		k.doubted += w.afterKill(t)
	}
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	r, a := w.report(t), w.audited(t, carrier.journal)
	if want := map[bool]int{true: exitOpen, false: exitOK}[r.Open()]; code != want {
		t.Errorf("got exit %d, want %d\n%s", code, want, talk)
	}
	if r.Planned != killCount || !r.Balanced || r.State != "finished" || a.recipients != killCount {
		t.Errorf("got planned %d, balanced %v, %s, %d exported", r.Planned, r.Balanced, r.State, a.recipients)
	}
	if a.inDoubt+a.resent > killBound*k.kills {
		t.Errorf("got %d in doubt and %d resent after %d kills, want at most %d", a.inDoubt, a.resent, k.kills, killBound*k.kills)
	}
	if policy == "hold" && (a.duplicates > 0 || a.resent > 0) {
		t.Errorf("got %d recipients taken twice, %d resent, want none", a.duplicates, a.resent)
	}
	if policy == "resend" && a.inDoubt > 0 && k.kills < 2 {
		t.Errorf("got %d in doubt though they are resent", a.inDoubt)
	}
	return k
}

// runAndKill starts the campaign and kills it at a random moment; it reports
// false when the campaign had ended before. A quarter of the moments are counted
// from the start, planning included, the others from when the carrier takes more.
func (w workplace) runAndKill(t testing.TB, journal string, random *rand.Rand) bool {
	t.Helper()
	before := size(journal)
	p := w.start(t, "run", w.campaign, "--no-progress", "--verbose")
	if random.IntN(4) > 0 {
		for size(journal) == before {
			select {
			case <-p.ended:
				return false
			case <-time.After(time.Millisecond):
			}
		}
	}
	select {
	case <-p.ended:
		return false
	case <-time.After(time.Duration(random.Int64N(int64(300 * time.Millisecond)))):
		p.signal(syscall.SIGKILL)
		<-p.ended
		return p.cmd.ProcessState.ExitCode() == -1
	}
}

// size is a file's in octets; 0 when there is none.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// afterKill asks for the report of a campaign whose process is dead: it balances,
// and no more than two windows are offered. It returns how many those are.
func (w workplace) afterKill(t testing.TB) int {
	t.Helper()
	if _, err := os.Stat(w.data + "/ledger.db"); err != nil {
		return 0 // killed before there was a ledger
	}
	out, talk, code := w.run(t, "report", testKey, "--json")
	if code != exitOK {
		if !strings.Contains(string(talk), "no such campaign") && !strings.Contains(string(talk), "there is no ledger") {
			t.Errorf("after a kill the report says %s", talk)
		}
		return 0 // killed before the plan was stored
	}
	var r ledger.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if !r.Balanced {
		t.Errorf("after a kill the ledger does not balance: %+v", r.Recipients)
	}
	if r.Recipients.Offered > killBound {
		t.Errorf("after a kill %d are offered, want at most %d", r.Recipients.Offered, killBound)
	}
	return r.Recipients.Offered
}
