package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
)

// replied is what each number has answered, as the carrier's journal says it.
func replied(t *testing.T, journal string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(read(t, journal)) {
		var l struct{ Number, Reply string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Reply != "" {
			all[l.Number] = l.Reply
		}
	}
	return all
}

// again is the workplace's campaign under another key.
func (w workplace) again(t *testing.T, key, more string) string {
	t.Helper()
	path := strings.TrimSuffix(w.campaign, ".yaml") + "-" + key + ".yaml"
	write(t, path, strings.Replace(read(t, w.campaign), "key: "+testKey, "key: "+key, 1)+more, 0o600)
	return path
}

func TestPeopleAnswerThroughEveryProtocolAndWhoOptsOutIsInNoLaterPlan(t *testing.T) {
	t.Parallel()
	const count = 600
	const campaign = "receipts: {wait: 2m}\nreplies: {1: safe, 2: need help, 平安: safe}\n"
	// The replies come before the receipts, so that the campaign is not over before them.
	flags := []string{
		"--latency", "2ms", "--reply", "1", "--reply", "２", "--reply", "平安。", "--reply", "TD", "--reply", "退订", "--reply", "T恤在哪里?",
		"--reply-share", "0.5", "--reply-delay", "1s", "--receipt-delay", "15s",
	}
	type people struct {
		name   string
		place  func(t *testing.T) (workplace, string)
		speaks []string
	}
	cases := []people{
		{"smpp", func(t *testing.T) (workplace, string) {
			c := runCarrier(t, flags...)
			return newWorkplace(t, c.address, count, "    rate: 0", campaign), c.journal
		}, []string{"smpp"}},
		{"the three of China", func(t *testing.T) (workplace, string) {
			w := newChina(t, count, campaign, flags...)
			return w.workplace, w.journal
		}, []string{"cmpp", "sgip", "smgp"}},
	}
	for _, g := range gateways {
		cases = append(cases, people{g.profile, func(t *testing.T) (workplace, string) {
			w, c := newGateway(t, g.profile, g.keys, count, campaign, flags...)
			return w, c.journal
		}, []string{"http"}})
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, journal := tt.place(t)
			w.tocsin(t, "run", w.campaign)
			want, out := map[string]int{}, map[string]bool{}
			answers := replied(t, journal)
			for number, text := range answers {
				switch text {
				case "TD", "退订":
					out[number] = true
				case "1", "平安。":
					want["safe"]++
				case "２":
					want["need help"]++
				default:
					want["other"]++
				}
			}
			for _, protocol := range tt.speaks {
				if !strings.Contains(read(t, journal), `"reply":"TD","protocol":"`+protocol+`"`) {
					t.Errorf("nobody has opted out through %s", protocol)
				}
			}
			var got web.Answered
			if err := json.Unmarshal(w.tocsin(t, "replies", testKey, "--json"), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Answers) != 2 || got.Answers[0].People != want["safe"] || got.Answers[1].People != want["need help"] ||
				got.Other != want["other"] || got.OptedOut != len(out) || got.Messages != len(answers) || got.Silent == nil || *got.Silent != count-len(answers) {
				t.Errorf("got %+v, want %v, %d opted out of %d replies", got, want, len(out), len(answers))
			}
			if text := string(w.tocsin(t, "report", testKey)); !strings.Contains(text, fmt.Sprintf("%d replies from", len(answers))) || !strings.Contains(text, "need help") {
				t.Errorf("got a report without its replies:\n%s", text)
			}
			list := t.TempDir() + "/list.csv"
			w.tocsin(t, "replies", testKey, "--list", "--out", list)
			if info, err := os.Stat(list); err != nil || info.Mode().Perm() != 0o600 || strings.Count(read(t, list), "\n") != len(answers)+1 {
				t.Errorf("got %v, %v, want every message in a file that nobody else reads", info, err)
			}

			w.tocsin(t, "run", w.again(t, "later", ""))
			before := len(taken(t, journal))
			var later struct {
				Excluded   map[string]int
				Recipients struct{ Delivered int }
			}
			if err := json.Unmarshal(w.tocsin(t, "report", "later", "--json"), &later); err != nil {
				t.Fatal(err)
			}
			if later.Excluded["suppressed"] != len(out) || later.Recipients.Delivered != count-len(out) {
				t.Errorf("the later one: got %+v, want %d suppressed", later, len(out))
			}
			for number, n := range taken(t, journal) {
				if want := map[bool]int{true: 1, false: 2}[out[number]]; n != want {
					t.Errorf("somebody, opted out %v, was sent %d messages, want %d", out[number], n, want)
				}
			}
			// An emergency may reach them, and says so.
			const why = "the dam has broken"
			emergency := w.again(t, "dam", "override_suppression: true\noverride_reason: "+why+"\n")
			write(t, emergency, strings.Replace(read(t, emergency), "class: routine", "class: emergency", 1), 0o600)
			if text := string(w.tocsin(t, "plan", emergency)); !strings.Contains(text, fmt.Sprintf("sent to %d people who opted out, because: %s", len(out), why)) {
				t.Errorf("got a plan that does not say whom it reaches:\n%s", text)
			}
			w.tocsin(t, "run", emergency)
			if text := string(w.tocsin(t, "report", "dam")); !strings.Contains(text, why) || !strings.Contains(text, "let by ") || strings.Contains(text, "suppressed") {
				t.Errorf("got a report that does not say who let it:\n%s", text)
			}
			if len(taken(t, journal)) != before {
				t.Error("a number more was sent to")
			}
		})
	}
}

// numbers writes the audience's numbers alone, and is the file.
func (w workplace) numbers(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(read(t, filepath.Join(w.dir, "audience.csv"))), "\n") {
		if i > 0 {
			number, _, _ := strings.Cut(line, ",")
			b.WriteString(number + "\n")
		}
	}
	path := filepath.Join(w.dir, "numbers.txt")
	write(t, path, b.String(), 0o600)
	return path
}

// heeded wants a campaign that has ended because those who waited wanted nothing.
func (w workplace) heeded(t *testing.T, journal string, count int) {
	t.Helper()
	r := w.state(t, testKey, ledger.Finished)
	w.audited(t, journal)
	n := r.Recipients
	if !r.Balanced || r.OptedOut == 0 || n.Cancelled != r.OptedOut || n.Accepted+n.Delivered+n.Cancelled != count || n.Accepted+n.Delivered == 0 {
		t.Errorf("got %+v and %d who opted out, want everybody sent it or opted out", n, r.OptedOut)
	}
	if out, talk, code := w.run(t, "ledger", "check"); code != exitOK {
		t.Errorf("ledger check: exit %d\n%s%s", code, out, talk)
	}
}

func TestWhoIsPutOnTheListBesideAServerIsNotSentWhatRuns(t *testing.T) {
	t.Parallel()
	const count = 3000
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, count, "    rate: 40", "receipts: {wanted: false}")
	admin := freePort(t)
	const token = "0123456789abcdef0123456789abcdef"
	write(t, w.dir+"/tokens", token+" li\n", 0o600)
	write(t, w.config, strings.Replace(read(t, w.config), "admin: \"off\"", "admin: "+admin+"\ntokens: tokens", 1), 0o600)
	w.start(t, "serve", w.campaign)
	carrier.hasTaken(t, 10_000)
	list := func(token string, args ...string) (string, int) {
		cmd := w.command(t, append([]string{"suppress"}, args...)...)
		cmd.Env = append(os.Environ(), tokenVariable+"="+token)
		p := startProcess(t, cmd, w.secrets)
		code := p.wait(t)
		return p.talk.String(), code
	}
	numbers := w.numbers(t)
	if talk, code := list("", "add", numbers); code != exitFailed || !strings.Contains(talk, "put your token into "+tokenVariable) {
		t.Errorf("got exit %d and %s without a token, want 1 and what to do", code, talk)
	}
	if talk, code := list(token, "add", numbers); code != exitOK || !strings.Contains(talk, fmt.Sprintf("%d numbers are on the list; %d of them are new", count, count)) {
		t.Errorf("got exit %d and %s, want them on the list", code, talk)
	}
	w.heeded(t, carrier.journal, count)
	if talk, code := list(token, "remove", numbers); code != exitOK || !strings.Contains(talk, fmt.Sprintf("%d of them were", count)) {
		t.Errorf("got exit %d and %s, want them off the list", code, talk)
	}
}

func TestWhoIsPutOnTheListOfASharedLedgerIsHeededByAllThatServeIt(t *testing.T) {
	t.Parallel()
	const count = 6000
	f := newFleet(t, 2, count, nil, "    rate: 100", "receipts: {wanted: false}").begin(t)
	f.carrier.hasTaken(t, 10_000)
	if _, talk, code := f.run(t, "suppress", f.numbers(t)); code != exitOK || !strings.Contains(string(talk), fmt.Sprintf("%d of them are new", count)) {
		t.Errorf("got exit %d and %s, want them on the list", code, talk)
	}
	f.heeded(t, f.carrier.journal, count)
}
