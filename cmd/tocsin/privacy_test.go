package main

import (
	"encoding/csv"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"tocsin/providers/sms/smstest"
)

// secrets are what a process must never tell people: its recipients' numbers,
// the campaign's text and the password. The harness holds every word that any
// process of any test says on stderr against them.
type secrets struct {
	audience string // the file of numbers, "" for none

	once    sync.Once
	numbers string // all of them, each between spaces
}

// nobody is for processes that know no recipients of their own: whose numbers they
// may know is not known here, so that no long run of digits may be told.
var nobody = &secrets{}

var digits = regexp.MustCompile(`[0-9]{8,}`)

// in finds what of the secrets stands in talk; it does not repeat it.
func (s *secrets) in(talk string) []string {
	var told []string
	talk = folders.ReplaceAllString(talk, "") // their names end in digits at random
	for _, run := range digits.FindAllString(talk, -1) {
		s.once.Do(s.read)
		// A number, a part of one, or one with something in front.
		if strings.Contains(s.numbers, run) || len(run) > 11 && strings.Contains(s.numbers, " "+run[len(run)-11:]+" ") {
			told = append(told, "a recipient's number")
		}
	}
	if len(told) == 0 { // nobody's of this test, but somebody's
		told = smstest.Told(talk)
	}
	if strings.Contains(talk, testPassword) {
		told = append(told, "the password")
	}
	if strings.Contains(talk, string([]rune(testText)[:4])) {
		told = append(told, "the campaign's text")
	}
	return told
}

// folders are those a test has of its own.
var folders = regexp.MustCompile(regexp.QuoteMeta(os.TempDir()) + `/Test[^/\s]*/`)

func (s *secrets) read() {
	f, err := os.Open(s.audience)
	if err != nil {
		return
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(" " + row[0] + " ")
	}
	s.numbers = b.String()
}

// TestNumbersTextsAndSecretsAreNeverTold makes everything go wrong that makes
// the program talk, at its most talkative. The look at what it said is the
// harness's, for this test as for all others; here it is held against itself
// too.
func TestNumbersTextsAndSecretsAreNeverTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		carrier []string
		want    string // in the talk: it did go wrong
	}{
		{"the carrier cuts lines, throttles and refuses", []string{"--cut-after", "5", "--throttle", "0.2", "--refuse", "0.2"}, "level="},
		{"receipts are for strangers, early, twice", []string{"--unknown-receipts", "1", "--early-receipts", "0.5", "--duplicate-receipts", "0.5"}, "level="},
		{"answers do not come", []string{"--silent", "0.3"}, "level="},
		{"the password is wrong", []string{"--system-id", "tocsin", "--password", "another"}, "refuses system_id or password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			carrier := runCarrier(t, c.carrier...)
			w := newWorkplace(t, carrier.address, 200, "    window: 4\n    batch: 5\n    response_timeout: 1s", "receipts: {wait: 2s}")
			_, talk, _ := w.run(t, "run", w.campaign, "--no-progress", "--verbose")
			if !strings.Contains(string(talk), c.want) {
				t.Errorf("got %q, want it to say %q", talk, c.want)
			}
			if told := w.secrets.in(carrier.process.talk.String()); len(told) > 0 {
				t.Errorf("the carrier told %v", told)
			}
			number := strings.Split(read(t, w.secrets.audience), "\n")[1][:11]
			for _, line := range []string{"to=" + number, "to=+86" + number, "to=" + number[2:], "password " + testPassword, "text=" + testText} {
				if len(w.secrets.in(string(talk)+line)) != 1 {
					t.Error("a secret that was told is not found")
				}
			}
		})
	}
}

// unheard are the tests' files with processes or logs of their own, and why these need
// no harness.
var unheard = map[string]string{
	"cmd/tocsin/bench_test.go":              "measures",
	"cmd/tocsin/bench_many_test.go":         "measures",
	"cmd/tocsin/bench_scale_test.go":        "measures",
	"cmd/tocsin/disk_test.go":               "what is said goes to a disk that is full",
	"cmd/tocsin/harness_test.go":            "it is the harness",
	"cmd/tocsin/machine_test.go":            "ip is not ours, and tail only eats memory",
	"cmd/tocsin/power_test.go":              "asks strace whether it may trace",
	"cmd/tocsin/progress_test.go":           "holds its screen against the secrets",
	"cmd/tocsin/redis_test.go":              "Redis is not ours",
	"cmd/tocsin/script_test.go":             "holds what is said against numbers and passwords",
	"configs/load_test.go":                  "is about what a log says of a secret",
	"providers/metered_test.go":             "promtool is not ours",
	"providers/breaker_test.go":             "holds what is logged line by line",
	"cmd/tocsin/trial_ask_test.go":          "is about a question that says the number its user typed",
	"providers/sms/number_test.go":          "is about what a log says of a number",
	"providers/sms/smstest/smstest_test.go": "tests the harness",
	"dispatcher/sim_test.go":                "every world's log is audited when its test ends",
}

// TestEveryTestsTalkIsListenedTo: a process that a test of the program runs, and a log
// that any test makes, is one of a harness that holds it against numbers and secrets.
func TestEveryTestsTalkIsListenedTo(t *testing.T) {
	own := regexp.MustCompile(`\.(Combined)?Output\(\)|[cC]md\.(Run|Start)\(\)|slog\.New\(`)
	looked := 0
	for _, room := range []string{"cmd", "campaigns", "configs", "dispatcher", "providers"} {
		err := filepath.WalkDir(filepath.Join(root, room), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			below, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			source := strings.ReplaceAll(read(t, path), "slog.New(slog.DiscardHandler)", "") // which nobody reads
			switch {
			case strings.HasPrefix(below, "providers/peers/"): // a module of its own
			case strings.HasPrefix(below, "dispatcher/ledger/"), strings.HasPrefix(below, "dispatcher/queue/"), strings.HasPrefix(below, "dispatcher/pace/"):
				// Their processes are databases, and themselves again.
				if strings.Contains(source, "slog.New(") {
					t.Errorf("%s makes a log of its own: take smstest.Logger", below)
				}
			case own.MatchString(source) && unheard[below] == "" && below != "cmd/tocsin/privacy_test.go":
				t.Errorf("%s runs a process or makes a log that nobody listens to: take startProcess, or smstest.Logger", below)
			}
			looked++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 50 {
		t.Errorf("got %d files of tests, want all", looked)
	}
}
