package main

import (
	"encoding/csv"
	"os"
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
