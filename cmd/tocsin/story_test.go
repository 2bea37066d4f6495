package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/providers/sms"
)

func TestRunAgainContinuesAndThenSendsNothing(t *testing.T) {
	t.Parallel()
	address, journal := startCarrier(t)
	w := newWorkplace(t, address, 500, "    batch: 10", "receipts: {wait: 1m}")
	w.tocsin(t, "run", w.campaign, "--no-progress")
	before, err := os.Stat(journal)
	if err != nil {
		t.Fatal(err)
	}
	out := w.tocsin(t, "run", w.campaign, "--no-progress")
	if !strings.Contains(string(out), "finished") {
		t.Errorf("got report %s, want it to say finished", out)
	}
	after, err := os.Stat(journal)
	if err != nil {
		t.Fatal(err)
	}
	if before.Size() != after.Size() {
		t.Error("the second run sent something")
	}
	r := w.report(t)
	if r.Recipients.Delivered != 500 || !r.Balanced || r.State != "finished" {
		t.Errorf("got %+v", r)
	}
	write(t, w.campaign, strings.ReplaceAll(read(t, w.campaign), "河水上涨", "河水下降"), 0o600)
	if _, talk, code := w.run(t, "run", w.campaign); code != exitRefused || !strings.Contains(string(talk), "another definition") {
		t.Errorf("got exit %d and %s for another text under the same key, want 3", code, talk)
	}
}

func TestSignalsEndARunWithNothingInDoubt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			t.Parallel()
			carrier := runCarrier(t, "--latency", "20ms")
			w := newWorkplace(t, carrier.address, 20_000, "    window: 10\n    batch: 10", "receipts: {wait: 1m}")
			g := w.atGate(t, carrier, 10_000)
			p := w.start(t, "run", w.campaign, "--no-progress")
			g.shut(t)
			p.signal(c.signal)
			waitFor(t, "it says that it stops", func() bool { return strings.Contains(p.talk.String(), "a second signal stops at once") })
			g.open(never)
			if got := p.wait(t); got != c.code {
				t.Errorf("got exit %d, want %d", got, c.code)
			}
			r := w.report(t)
			if r.Recipients.InDoubt+r.Recipients.Offered != 0 || !r.Balanced || r.Recipients.Waiting == 0 {
				t.Errorf("got %+v, want nothing in doubt and some waiting", r.Recipients)
			}
			w.tocsin(t, "run", w.campaign, "--no-progress")
			if a := w.audited(t, carrier.journal); a.inDoubt+a.duplicates > 0 {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func TestACarrierInTrouble(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		carrier []string
		code    int
		check   func(t *testing.T, w workplace)
	}{
		{"it throttles and all get through", []string{"--throttle", "0.05"}, exitOK, nil},
		{"its queue is full at times and all get through", []string{"--queue-full", "0.05"}, exitOK, nil},
		{"it refuses single numbers and they fail", []string{"--refuse", "0.1"}, exitOK, func(t *testing.T, w workplace) {
			if r := w.report(t); r.Recipients.Failed < 20 || r.Recipients.Failed+r.Recipients.Delivered != 500 {
				t.Errorf("got %+v", r.Recipients)
			}
		}},
		{"it does not know submit_multi", []string{"--no-multi"}, exitOK, nil},
		{"receipts come early, twice, and with ids in hex", []string{"--early-receipts", "0.5", "--duplicate-receipts", "0.5", "--hex-ids", "resp"}, exitOK, nil},
		{"receipts for strangers are kept", []string{"--unknown-receipts", "0.2"}, exitOK, nil},
		{"receipts say failed", []string{"--fail-receipts", "1"}, exitOK, func(t *testing.T, w workplace) {
			if r := w.report(t); r.Recipients.Failed != 500 {
				t.Errorf("got %+v", r.Recipients)
			}
		}},
		{"receipts never come", []string{"--lose-receipts", "1"}, exitOK, func(t *testing.T, w workplace) {
			if r := w.report(t); r.NoReceipt != 500 || r.Recipients.Accepted != 500 {
				t.Errorf("got %+v", r)
			}
		}},
		{"it cuts the line inside a window", []string{"--cut-after", "7", "--lose-receipts", "1"}, exitOpen, func(t *testing.T, w workplace) {
			if r := w.report(t); r.Recipients.InDoubt == 0 {
				t.Errorf("got %+v, want some in doubt", r.Recipients)
			}
		}},
		{"it never answers some, and their receipts settle doubt", []string{"--silent", "0.05"}, exitOK, func(t *testing.T, w workplace) {
			if r := w.report(t); r.Recipients.Delivered != 500 {
				t.Errorf("got %+v, want all delivered", r.Recipients)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, journal := startCarrier(t, c.carrier...)
			wait := "1m" // the campaign ends as soon as everybody's receipt is there
			if slices.Contains(c.carrier, "--lose-receipts") {
				wait = "3s"
			}
			w := newWorkplace(t, address, 500, "    window: 4\n    batch: 5\n    response_timeout: 1s", "receipts: {wait: "+wait+"}")
			_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
			if code != c.code {
				t.Errorf("got exit %d, want %d\n%s", code, c.code, talk)
			}
			if r := w.report(t); !r.Balanced || r.Planned != 500 || r.State != "finished" {
				t.Errorf("got %+v", r)
			}
			w.audited(t, journal)
			if c.check != nil {
				c.check(t, w)
			}
		})
	}
}

func TestAConfiguredRateIsKept(t *testing.T) {
	t.Parallel()
	address, _ := startCarrier(t)
	w := newWorkplace(t, address, 2000, "    window: 10\n    batch: 10\n    rate: 1000", "receipts: {wait: 1m}")
	start := time.Now()
	w.tocsin(t, "run", w.campaign, "--no-progress")
	if d := time.Since(start); d < 1900*time.Millisecond {
		t.Errorf("2,000 segments at 1,000 a second went out in %v", d)
	}
}

func TestRefusalsSayWhatToDoAndEndWithThree(t *testing.T) {
	t.Parallel()
	address, _ := startCarrier(t)
	w := newWorkplace(t, address, 10, "", "")
	good := read(t, w.campaign)
	for name, c := range map[string]struct{ old, bad, want string }{
		"an unknown key":               {"title: Test", "titel: Test", `did you mean "title"`},
		"a placeholder without column": {"河水上涨", "((street))河水上涨", "has no such column"},
		"a missing file":               {"audience.csv", "people.csv", "there is no file"},
		"no key":                       {"key: " + testKey, "key: ''", "key"},
		"a class there is not":         {"class: routine", "class: mild", "must be routine, urgent or emergency"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, w.campaign, strings.Replace(good, c.old, c.bad, 1), 0o600)
			_, talk, code := w.run(t, "run", w.campaign)
			if code != exitRefused || !strings.Contains(string(talk), c.want) {
				t.Errorf("got exit %d and %s, want 3 and %q", code, talk, c.want)
			}
		})
	}
}

// TestTheReadmesCommands runs every command of both READMEs that is not one of
// the two long ones, and holds the two to the same headings and code.
func TestTheReadmesCommands(t *testing.T) {
	t.Parallel()
	english, chinese := read(t, "../../README.md"), read(t, "../../README.zh-CN.md")
	if e, c := blocks(english), blocks(chinese); strings.Join(e, "\n") != strings.Join(c, "\n") {
		t.Error("the code blocks of the two READMEs differ")
	}
	if e, c := strings.Count(english, "\n## "), strings.Count(chinese, "\n## "); e != c {
		t.Errorf("got %d headings in English and %d in Chinese", e, c)
	}
	address, _ := startCarrier(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(mustBinary(t), filepath.Join(dir, "bin", "tocsin")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "bin", "password"), testPassword, 0o600)
	ran := 0
	for _, block := range blocks(english) {
		switch {
		case strings.HasPrefix(block, "data:"):
			write(t, filepath.Join(dir, "bin", "tocsin.yaml"), strings.Replace(block, "127.0.0.1:2775", address, 1)+"admin: \"off\"\n", 0o600)
		case strings.HasPrefix(block, "key:"):
			write(t, filepath.Join(dir, "bin", "flood.yaml"), strings.Replace(block, "wait: 10m", "wait: 5s", 1), 0o600)
		default:
			for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
				if line == "make test" || strings.HasPrefix(line, "go ") {
					continue // this is make test; the build is mustBinary; the demo has a test of its own
				}
				cmd := exec.Command("sh", "-c", line)
				cmd.Dir = dir
				p := startProcess(t, cmd, nobody)
				if code := p.wait(t); code != exitOK {
					t.Errorf("%s: exit %d\n%s%s", line, code, p.out.String(), p.talk.String())
				}
				ran++
			}
		}
	}
	if ran < 5 {
		t.Errorf("got %d commands, want the tour's", ran)
	}
}

// TestTheReadmesDrawTheStatesAsTheyAre holds the moves that the READMEs show
// against the table in the code.
func TestTheReadmesDrawTheStatesAsTheyAre(t *testing.T) {
	var drawn strings.Builder
	for from := range sms.State(sms.States) {
		var to []string
		for s := range sms.State(sms.States) {
			if from.May(s) {
				to = append(to, s.String())
			}
		}
		if to == nil {
			to = []string{"-"}
		}
		fmt.Fprintf(&drawn, "    %-9s  %s\n", from, strings.Join(to, ", "))
	}
	for _, page := range []string{"../../README.md", "../../README.zh-CN.md"} {
		if !strings.Contains(read(t, page), "\n"+drawn.String()) {
			t.Errorf("%s does not draw the moves of the states as they are:\n%s", page, drawn.String())
		}
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	p := startProcess(t, exec.Command(mustBinary(t), "demo", "--count", "20000", "--no-progress"), nobody)
	if code := p.wait(t); code != exitOK || !strings.Contains(p.out.String(), "balanced: every row") {
		t.Errorf("got exit %d and %s", code, p.out.String())
	}
}

// blocks are the fenced blocks of a page.
func blocks(page string) []string {
	var all []string
	parts := strings.Split(page, "```")
	for i := 1; i < len(parts); i += 2 {
		_, code, _ := strings.Cut(parts[i], "\n")
		all = append(all, code)
	}
	return all
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
