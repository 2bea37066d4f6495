package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// dying is a command of the program that kills itself at a point: NAME:N, at its n-th
// passing.
func (w workplace) dying(t *testing.T, point string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(mustFaultBinary(t), append(args, "--config", w.config)...)
	cmd.Env = append(os.Environ(), "FAULT="+point)
	return startProcess(t, cmd, w.secrets)
}

// killedAmongThree has three processes share a campaign and ends the one that leads at a
// point, while the carrier brings its receipts over any line. It is started again, and
// the campaign ends.
func killedAmongThree(t *testing.T, point, policy string) {
	t.Helper()
	const count, window, batch = 4000, 4, 10
	f := newFleet(t, 3, count, []string{"--latency", "5ms", "--receipt-delay", "20ms", "--receipt-jitter", "200ms"},
		fmt.Sprintf("    connections: 1\n    window: %d\n    batch: %d\n    rate: 2000", window, batch), "receipts: {wait: 3s}\nin_doubt: "+policy)
	name, _, _ := strings.Cut(point, ":")
	if strings.HasSuffix(name, "-fold") {
		killed := f.killedFolding(t, point)
		f.accounted(t, count, killed*2*window*batch, policy)
		return
	}
	planning := strings.HasSuffix(name, "-plan")
	if planning {
		f.launch(t, 0)
	} else {
		f.ships[0] = f.dying(t, point, "serve", "--admin", f.admins[0])
	}
	f.ready(t, 0) // it leads
	for i := 1; i < len(f.ships); i++ {
		f.launch(t, i)
		f.ready(t, i)
	}
	if planning {
		if code := f.dying(t, point, "submit", f.campaign).wait(t); code != -1 {
			t.Fatalf("got exit %d, want it killed at %s", code, point)
		}
	}
	if name != "after-plan" { // else the plan is whole
		f.tocsin(t, "submit", f.campaign)
	}
	if !planning { // the others stand still until it has a page, so that it passes the point
		f.signalOthers(syscall.SIGSTOP)
	}
	f.tocsin(t, "campaign", "approve", testKey, "--by", "li", "--reason", "checked")
	if !planning {
		f.holdsOrEnded(t, f.ships[0])
		f.signalOthers(syscall.SIGCONT)
		if code := f.ships[0].wait(t); code != -1 {
			t.Fatalf("got exit %d, want it killed at %s", code, point)
		}
		f.launch(t, 0)
	}
	f.finished(t)
	bound := 2 * window * batch
	if planning {
		bound = 0
	}
	f.accounted(t, count, bound, policy)
}

// killedFolding has three processes share a campaign, and ends each that comes to a point
// of folding: which of them does is not known before, because a page is folded where its
// last receipt arrives. Those that ended are started again, and the campaign ends. It
// returns how many were killed, which is at least one.
func (f *fleet) killedFolding(t *testing.T, point string) int {
	t.Helper()
	for i := range f.ships {
		f.ships[i] = f.dying(t, point, "serve", "--admin", f.admins[i])
	}
	for i := range f.ships {
		f.ready(t, i)
	}
	f.tocsin(t, "submit", f.campaign, "--approve", "--by", "li", "--reason", "checked")
	killed, ended := 0, f.ended(t)
	waitFor(t, "the campaign has ended after a kill at "+point, func() bool {
		for i, p := range f.ships {
			if p.hasEnded() {
				if code := p.wait(t); code != -1 {
					t.Fatalf("got exit %d of process %d, want it killed at %s", code, i, point)
				}
				f.untroubled(t, i)
				killed++
				f.launch(t, i)
			}
		}
		return ended() && killed > 0
	})
	return killed
}

// accounted holds the campaign's end to what a kill may cost: at most bound in doubt or
// sent again.
func (f *fleet) accounted(t *testing.T, count, bound int, policy string) {
	t.Helper()
	a := f.audited(t, f.carrier.journal)
	f.whole(t, count, a)
	if a.inDoubt+a.resent > bound {
		t.Errorf("got %d in doubt and %d resent, want at most %d", a.inDoubt, a.resent, bound)
	}
	if policy == "hold" && (a.duplicates > 0 || a.resent > 0) {
		t.Errorf("got %d taken twice and %d resent, want none", a.duplicates, a.resent)
	}
	if r := f.report(t).Recipients; r.Delivered+a.inDoubt+r.Accepted != count {
		t.Errorf("got %+v, want everybody delivered or in doubt", r)
	}
	for i := 1; i < len(f.ships); i++ {
		f.untroubled(t, i)
	}
}

// untroubled holds process i to saying nothing frightening of another one's end.
func (f *fleet) untroubled(t *testing.T, i int) {
	t.Helper()
	for _, words := range []string{"does not balance", "note answers", "note intent"} {
		if strings.Contains(f.ships[i].talk.String(), words) {
			t.Errorf("process %d says %q of another one's end", i, words)
		}
	}
}

// signalOthers signals all processes but the first.
func (f *fleet) signalOthers(s syscall.Signal) {
	for _, p := range f.ships[1:] {
		p.signal(s)
	}
}

// holdsOrEnded waits until a page is held or p has ended.
func (f *fleet) holdsOrEnded(t *testing.T, p *process) {
	t.Helper()
	holders := f.holders(t)
	waitFor(t, "a page is held", func() bool {
		return p.hasEnded() || holders() > 0
	})
}

// TestKilledAtEachArrowWithThreeProcessesAtWork: every point of the package fault. Three
// fleets are at work at a time: a machine has to keep up with the hearts of their processes.
func TestKilledAtEachArrowWithThreeProcessesAtWork(t *testing.T) { // A1
	t.Parallel()
	points := []string{
		"before-plan:1", "after-plan:1", "before-push:2", "after-push:2", "before-claim:1", "after-claim:1", "before-receipt:5",
		"after-receipt:5", "before-fold:1", "after-fold:1", "before-intent:5", "after-intent:5", "before-outcome:5", "after-outcome:5",
	}
	if testing.Short() {
		points = []string{"after-intent:5", "before-outcome:5"}
	}
	for third := range 3 {
		t.Run(fmt.Sprint("third ", third+1), func(t *testing.T) {
			t.Parallel()
			for i := third; i < len(points); i += 3 {
				t.Run(points[i]+" hold", func(t *testing.T) { killedAmongThree(t, points[i], "hold") })
				if i >= 10 { // what may be in doubt
					t.Run(points[i]+" resend", func(t *testing.T) { killedAmongThree(t, points[i], "resend") })
				}
			}
		})
	}
}
