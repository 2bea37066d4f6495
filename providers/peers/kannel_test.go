package peers

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A box is Kannel: bearerbox, which is the carrier's client, and smsbox, which
// takes messages over HTTP.
type box struct{ sendsms string }

// startKannel runs Kannel as a client of the carrier until the test ends, with one
// group for each connection; smsc is its lines that say which.
func startKannel(t *testing.T, carrier string, smsc ...string) box {
	t.Helper()
	bearerbox, smsbox := program(t, "bearerbox"), program(t, "smsbox")
	dir := t.TempDir()
	admin, boxes, sendsms := freePort(t), freePort(t), freePort(t)
	host, port, _ := strings.Cut(carrier, ":")
	var groups strings.Builder
	for _, more := range smsc {
		fmt.Fprintf(&groups, `group = smsc
smsc = smpp
smsc-id = tocsin
host = %s
smsc-username = kannel
smsc-password = secret
system-type = ""
interface-version = 34
enquire-link-interval = 1
%s

`, host, strings.ReplaceAll(more, "PORT", port))
	}
	config := filepath.Join(dir, "kannel.conf")
	write(t, config, fmt.Sprintf(`group = core
admin-port = %d
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = %d
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"

%sgroup = smsbox
smsbox-id = %s
bearerbox-host = 127.0.0.1
bearerbox-port = %d
sendsms-port = %d
sendsms-interface = 127.0.0.1

group = sendsms-user
username = tester
password = secret
max-messages = 10
concatenation = true
`, admin, boxes, groups.String(), boxID, boxes, sendsms))
	start(t, exec.Command(bearerbox, "-v", "1", config))
	waitFor(t, "bearerbox listens for boxes", func() bool { return answers(fmt.Sprintf("127.0.0.1:%d", boxes)) })
	says := func(word string) int {
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/status.txt?password=secret", admin))
		if err != nil {
			return 0
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return strings.Count(string(text), word)
	}
	waitFor(t, "Kannel has logged in", func() bool { return says("(online") == len(smsc) })
	start(t, exec.Command(smsbox, "-v", "1", config))
	b := box{fmt.Sprintf("127.0.0.1:%d", sendsms)}
	waitFor(t, "smsbox listens", func() bool { return answers(b.sendsms) })
	// It listens before it knows its bearerbox, and falls over a message that comes then.
	waitFor(t, "bearerbox knows its smsbox", func() bool { return says("smsbox:"+boxID) > 0 })
	return b
}

// boxID is what bearerbox calls the smsbox.
const boxID = "box1"

// send has Kannel send a text and report to dlr what became of it.
func (b box) send(t *testing.T, to, text, dlr string) {
	t.Helper()
	q := url.Values{
		"username": {"tester"}, "password": {"secret"},
		"from": {"10690000"}, "to": {to}, "text": {text}, "charset": {"UTF-8"},
		"dlr-mask": {"31"}, // delivered, undeliverable, buffered, accepted, refused by the carrier
		"dlr-url":  {dlr},
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r > 0x2FFF }) {
		q.Set("coding", "2") // UCS-2
	}
	answer, err := http.Get("http://" + b.sendsms + "/cgi-bin/sendsms?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusAccepted {
		t.Fatalf("smsbox says %d %s", answer.StatusCode, said)
	}
}

// A delivery is a report that Kannel passed on.
type delivery struct{ to, kind, source, answer string }

// Kinds of report, as Kannel's dlr-mask counts them.
const (
	delivered     = "1"
	undeliverable = "2"
	takenByUs     = "8"
	refusedByUs   = "16"
)

// reports takes Kannel's reports until the test ends.
func reports(t *testing.T) (address string, all func() []delivery) {
	t.Helper()
	var mu sync.Mutex
	var got []delivery
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		q := r.URL.Query()
		got = append(got, delivery{q.Get("to"), q.Get("kind"), q.Get("source"), q.Get("answer")})
	}))
	t.Cleanup(server.Close)
	// %d the kind, %p the source of the report: the number it is about, %A the
	// carrier's words.
	return server.URL + "/?kind=%d&source=%p&answer=%A&to=", func() []delivery {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

// A line is one of the simulated carrier's journal.
type line struct {
	Number string `json:"number"`
	ID     string `json:"id"`
	Text   string `json:"text"`
	Part   int    `json:"part"`
	Parts  int    `json:"parts"`
}

var kannelTexts = []string{
	"Flood warning: keep away from the river.",
	"@£$¥èéùìòÇ ØøÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ ¤ ÄÖÑÜ§¿äöñüà ^{}\\[~]|€",
	"河水上涨，请勿靠近。",
	"河水上涨🌊请勿靠近。",
	strings.Repeat("river rising, ", 30) + "stay away",
	strings.Repeat("河水上涨，请勿靠近。", 20),
}

func TestKannelIsAClientOfTheSimulatedCarrier(t *testing.T) {
	for _, c := range []struct {
		name    string
		smsc    []string
		carrier []string
		final   string // the report every message ends with
	}{
		{"transceiver", []string{"port = PORT\ntransceiver-mode = true"}, nil, delivered},
		{"transmitter and receiver", []string{"port = PORT", "receive-port = PORT"}, nil, delivered},
		{"undeliverable", []string{"port = PORT\ntransceiver-mode = true"}, []string{"--fail-receipts", "1"}, undeliverable},
		{"ids in hexadecimal in the answer, decimal in the receipt", []string{"port = PORT\ntransceiver-mode = true\nmsg-id-type = 0x01"}, []string{"--hex-ids", "resp"}, delivered},
		{"refused", []string{"port = PORT\ntransceiver-mode = true"}, []string{"--refuse", "1"}, refusedByUs},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			program(t, "bearerbox")
			address, path := startCarrier(t, append(c.carrier, "--system-id", "kannel", "--password", "secret", "--receipt-delay", "200ms")...)
			kannel := startKannel(t, address, c.smsc...)
			dlr, all := reports(t)
			texts := map[string]string{}
			for i := range 24 {
				to := fmt.Sprintf("8613%09d", 900_000_000+i)
				texts[to] = kannelTexts[i%len(kannelTexts)]
				kannel.send(t, to, texts[to], dlr+to)
			}
			final := func() map[string]int {
				counts := map[string]int{}
				for _, d := range all() {
					if d.kind == c.final {
						counts[d.to]++
					}
				}
				return counts
			}
			// Of a long text Kannel asks for the report of one segment.
			waitFor(t, "Kannel has passed on every report", func() bool { return len(final()) == len(texts) })
			for to, n := range final() {
				if n != 1 {
					t.Errorf("got %d reports for the number ending in %s, want one", n, to[len(to)-2:])
				}
			}
			for _, d := range all() {
				if d.kind != takenByUs && d.kind != c.final {
					t.Errorf("got report %+v, want %s", d, c.final)
				}
			}
			checkKannelJournal(t, lines[line](t, path), texts, c.final != refusedByUs)
		})
	}
}

// checkKannelJournal holds that the carrier took each text whole, once, when it
// took it at all.
func checkKannelJournal(t *testing.T, journal []line, texts map[string]string, taken bool) {
	t.Helper()
	if !taken {
		if len(journal) > 0 {
			t.Errorf("got %d lines of what was refused", len(journal))
		}
		return
	}
	slices.SortStableFunc(journal, func(a, b line) int { return a.Part - b.Part })
	got := map[string]string{}
	for _, l := range journal {
		got[l.Number] += l.Text
	}
	for to, want := range texts {
		if got[to] != want {
			t.Errorf("the number ending in %s got %q, want %q", to[len(to)-2:], got[to], want)
		}
	}
	if len(got) != len(texts) {
		t.Errorf("got %d numbers, want %d", len(got), len(texts))
	}
}
