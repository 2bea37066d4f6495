package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// mustFaultBinary is the program built with the tag faults.
func mustFaultBinary(t *testing.T) string {
	t.Helper()
	path, err := faultBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// dieAt runs the campaign until the program kills itself at the n-th passing of
// the point.
func (w workplace) dieAt(t *testing.T, point string) {
	t.Helper()
	cmd := exec.Command(mustFaultBinary(t), "run", w.campaign, "--no-progress", "--config", w.config)
	cmd.Env = append(os.Environ(), "FAULT="+point)
	p := startProcess(t, cmd, w.secrets)
	if code := p.wait(t); code != -1 {
		t.Fatalf("got exit %d, want it killed at %s\n%s", code, point, p.talk.String())
	}
}

// TestKilledAtEachArrow ends the process before and after each write of the one
// chunk there is. What then has to be true is known to the recipient.
func TestKilledAtEachArrow(t *testing.T) {
	t.Parallel()
	const count = 100 // window 1, batch 100: one chunk
	for _, c := range []struct {
		name, point, policy string
		receipts            bool // the carrier sends them, to whoever logs in next if need be
		code                int
		want                expectation
	}{
		{"before the plan is whole there is none", "before-plan", "hold", true, exitOK, expectation{delivered: count}},
		{"a plan that is whole is gone on with", "after-plan", "hold", true, exitOK, expectation{delivered: count}},
		{"a page whose task was not pushed is pushed", "before-push", "hold", true, exitOK, expectation{delivered: count}},
		{"a task that was pushed is pushed again", "after-push", "hold", true, exitOK, expectation{delivered: count}},
		{"a page that was about to be claimed is claimed", "before-claim", "hold", true, exitOK, expectation{delivered: count}},
		{"a page that was claimed is free again", "after-claim", "hold", true, exitOK, expectation{delivered: count}},
		{"before the intent is on disk nothing was sent: all go out once", "before-intent", "hold", true, exitOK, expectation{delivered: count}},
		{"and a policy that resends has nothing to resend", "before-intent", "resend", true, exitOK, expectation{delivered: count}},
		{"between intent and first octet they are in doubt and held", "after-intent", "hold", true, exitOpen, expectation{inDoubt: count}},
		{"between intent and first octet they are in doubt and resent once", "after-intent", "resend", true, exitOK, expectation{delivered: count, resent: count}},
		{"with answers not on disk, receipts settle them", "before-outcome", "hold", true, exitOK, expectation{delivered: count}},
		{"with answers not on disk and no receipts they are held", "before-outcome", "hold", false, exitOpen, expectation{inDoubt: count}},
		{"with answers not on disk and no receipts they are resent once, and it is written down", "before-outcome", "resend", false, exitOK, expectation{accepted: count, resent: count, duplicates: count}},
		{"with answers on disk nothing is sent again", "after-outcome", "hold", true, exitOK, expectation{delivered: count}},
		{"receipts not on disk were not acknowledged and come again", "before-receipt", "hold", true, exitOK, expectation{delivered: count}},
		{"receipts on disk and not acknowledged come again and change nothing", "after-receipt", "hold", true, exitOK, expectation{delivered: count}},
		{"a page that was not folded is", "before-fold", "hold", true, exitOK, expectation{delivered: count}},
		{"a page that was folded is settled", "after-fold", "hold", true, exitOK, expectation{delivered: count}},
		{"with answers on disk a policy that resends has nothing to resend", "after-outcome", "resend", false, exitOK, expectation{accepted: count}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			flags := []string{}
			if !c.receipts {
				flags = []string{"--lose-receipts", "1"}
			}
			carrier := runCarrier(t, flags...)
			w := newWorkplace(t, carrier.address, count, "    connections: 1\n    window: 1\n    batch: 100", "receipts: {wait: 3s}\nin_doubt: "+c.policy)
			w.dieAt(t, c.point+":1")
			if c.point == "before-plan" {
				if out, talk, code := w.run(t, "report", testKey); code == exitOK {
					t.Errorf("after the kill there is a campaign: %s%s", out, talk)
				}
			} else if r := w.report(t); !r.Balanced || r.Planned != count {
				t.Errorf("after the kill: got %+v", r)
			}
			_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
			if code != c.code {
				t.Errorf("got exit %d, want %d\n%s", code, c.code, talk)
			}
			w.expect(t, carrier.journal, c.want)
		})
	}
}

// An expectation is what is exactly to become of everybody.
type expectation struct{ delivered, accepted, inDoubt, resent, duplicates int }

func (w workplace) expect(t *testing.T, journal string, want expectation) {
	t.Helper()
	r, a := w.report(t), w.audited(t, journal)
	got := expectation{r.Recipients.Delivered, r.Recipients.Accepted, r.Recipients.InDoubt, r.Resent, a.duplicates}
	if got != want || !r.Balanced || r.State != "finished" {
		t.Errorf("got %+v (balanced %v, %s), want %+v", got, r.Balanced, r.State, want)
	}
}

// TestKilledAtAPointInTheMiddle ends the process at a later passing, with chunks
// before, beside and behind: in doubt at most two windows, and nobody twice who
// is not written down as resent.
func TestKilledAtAPointInTheMiddle(t *testing.T) {
	t.Parallel()
	const window, connections, batch, count = 4, 2, 10, 4000
	points := []string{"before-intent", "after-intent", "before-outcome", "after-outcome"}
	policies := []string{"hold", "resend"}
	if testing.Short() {
		points, policies = points[1:2], policies[:1]
	}
	for _, point := range points {
		for _, policy := range policies {
			t.Run(point+" "+policy, func(t *testing.T) {
				t.Parallel()
				carrier := runCarrier(t, "--latency", "2ms")
				w := newWorkplace(t, carrier.address, count,
					fmt.Sprintf("    connections: %d\n    window: %d\n    batch: %d", connections, window, batch),
					"receipts: {wait: 2s}\nin_doubt: "+policy)
				w.dieAt(t, point+":37")
				bound := 2 * window * connections * batch
				if r := w.report(t); r.Recipients.Offered > bound || !r.Balanced {
					t.Errorf("after the kill: got %+v, want at most %d offered", r.Recipients, bound)
				}
				_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
				a := w.audited(t, carrier.journal)
				if want := map[bool]int{true: exitOpen, false: exitOK}[a.inDoubt > 0]; code != want {
					t.Errorf("got exit %d with %d in doubt, want %d\n%s", code, a.inDoubt, want, talk)
				}
				if a.recipients != count || a.inDoubt+a.resent > bound {
					t.Errorf("got %+v, want %d recipients, at most %d in doubt or resent", a, count, bound)
				}
				if policy == "hold" && a.duplicates > 0 || policy == "resend" && a.inDoubt > 0 {
					t.Errorf("got %d taken twice and %d in doubt, policy %s", a.duplicates, a.inDoubt, policy)
				}
			})
		}
	}
}
