package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestTheBarMoves runs the program on a pseudo terminal, which script of
// util-linux makes: the bar counts up to everybody, and the report follows.
func TestTheBarMoves(t *testing.T) {
	t.Parallel()
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("script is not here: apt-get install util-linux bsdutils")
	}
	carrier := runCarrier(t, "--latency", "10ms")
	w := newWorkplace(t, carrier.address, 6000, "    window: 10\n    batch: 10\n    rate: 3000", "receipts: {wait: 10s}")
	// A terminal that script makes without having one itself is 0 by 0.
	cmd := exec.Command(script, "-qec", "stty cols 200 rows 40; "+strings.Join(w.command(t, "run", w.campaign).Args, " "), "/dev/null")
	cmd.Env = append(cmd.Environ(), "TERM=xterm")
	var screen bytes.Buffer
	cmd.Stdout, cmd.Stderr = &screen, &screen
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, screen.String())
	}
	for _, told := range w.secrets.in(screen.String()) {
		t.Errorf("the screen shows %s", told)
	}
	var seen []int
	for _, m := range regexp.MustCompile(`(\d+) / 6000 settled`).FindAllStringSubmatch(screen.String(), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) == 0 || seen[len(seen)-1] != n {
			seen = append(seen, n)
		}
	}
	if len(seen) < 4 || seen[len(seen)-1] != 6000 {
		t.Errorf("got a bar that showed %v, want it to move up to 6000\n%q", seen, screen.String())
	}
	for i := 1; i < len(seen); i++ {
		if seen[i] < seen[i-1] {
			t.Errorf("got a bar that goes back: %v", seen)
		}
	}
	for _, want := range []string{"/s | ", "delivered ", "100 %", "balanced: every row"} {
		if !strings.Contains(screen.String(), want) {
			t.Errorf("the screen does not show %q:\n%q", want, screen.String())
		}
	}
}

// TestWithoutATerminalProgressIsPlainLines: for logs, on stderr, now and then.
func TestWithoutATerminalProgressIsPlainLines(t *testing.T) {
	if testing.Short() {
		t.Skip("a campaign of seven seconds: in make test, not in make check")
	}
	t.Parallel()
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, 700, "    window: 10\n    batch: 10\n    rate: 100", "receipts: {wait: 10s}")
	out, talk, code := w.run(t, "run", w.campaign)
	if code != exitOK || !regexp.MustCompile(`(?m)^ +\d\.\ds  \d+/s( · \S+ left)?  (waiting|offered) \d+ · .*delivered \d+$`).Match(talk) {
		t.Errorf("got exit %d and %s, want lines of counts", code, talk)
	}
	if bytes.ContainsAny(talk, "\r\x1b") || strings.Contains(string(out), " · ") {
		t.Errorf("got control characters, or counts among the data: %q %q", talk, out)
	}
}
