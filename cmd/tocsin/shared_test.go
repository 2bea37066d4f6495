package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// threeShare has three processes send one campaign, with windows and batches so small
// that each page is written many times; the carrier behaves as flags say.
func threeShare(t *testing.T, count int, class, policy string, flags ...string) *fleet {
	t.Helper()
	f := newFleet(t, 3, count, append([]string{"--latency", "20ms"}, flags...),
		"    connections: 2\n    window: 10\n    batch: 10\n    rate: 3000", "receipts: {wait: 20s}\nin_doubt: "+policy)
	write(t, f.campaign, strings.Replace(read(t, f.campaign), "class: routine", "class: "+class, 1), 0o600)
	return f
}

// undisturbed checks that no process has complained of anything, and ends them.
func (f *fleet) undisturbed(t *testing.T) {
	t.Helper()
	for i, p := range f.ships {
		p.signal(syscall.SIGTERM)
		if code := p.wait(t); code != exitOK {
			t.Errorf("process %d: got exit %d after SIGTERM, want 0", i, code)
		}
		for _, words := range []string{"does not balance", "given back", "note answers", "note intent", "release page"} {
			if told := p.talk.String(); strings.Contains(told, words) {
				t.Errorf("process %d says %q though nothing was wrong:\n%s", i, words, told)
			}
		}
	}
}

// TestReceiptsThatComeThroughAnyProcessCostNobody: three processes share an account, and
// the carrier brings its receipts over any line of it. Nothing else happens.
func TestReceiptsThatComeThroughAnyProcessCostNobody(t *testing.T) { // A1
	slow(t)
	t.Parallel()
	for _, c := range []struct {
		class, policy string
		flags         []string
		all           bool // get a receipt
	}{
		{"routine", "hold", []string{"--receipt-delay", "400ms", "--receipt-jitter", "200ms"}, true},
		{"emergency", "resend", []string{"--receipt-delay", "400ms", "--receipt-jitter", "200ms"}, true},
		{"urgent", "resend", []string{"--receipt-jitter", "1ms", "--receipts-on", "other"}, true},
		{"emergency", "hold", []string{"--receipt-delay", "1ms", "--lose-receipts", "0.5", "--duplicate-receipts", "0.2"}, false},
	} {
		t.Run(fmt.Sprint(c.class, " ", c.policy), func(t *testing.T) {
			const count = 6000
			f := threeShare(t, count, c.class, c.policy, c.flags...)
			if !c.all {
				write(t, f.campaign, strings.Replace(read(t, f.campaign), "wait: 20s", "wait: 1s", 1), 0o600)
			}
			f.sail(t).finished(t)
			a := f.audited(t, f.carrier.journal)
			f.whole(t, count, a)
			if a.duplicates > 0 || a.resent > 0 || a.inDoubt > 0 {
				t.Errorf("got %d taken twice, %d resent and %d in doubt, want none: the carrier has answered everything", a.duplicates, a.resent, a.inDoubt)
			}
			if r := f.report(t).Recipients; c.all && r.Delivered != count || r.Delivered+r.Accepted != count {
				t.Errorf("got %+v, want everybody delivered who has a receipt, and the others accepted", r)
			}
			f.undisturbed(t)
		})
	}
}
