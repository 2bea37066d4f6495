package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// newGateway is a workplace with an account at a simulated HTTP gateway of a profile, which
// brings its receipts by callback.
func newGateway(t *testing.T, profile, keys string, count int, campaign string, flags ...string) (workplace, *carrier) {
	t.Helper()
	door := freePort(t)
	back, in := "http://"+door+"/receipts/gateway", "http://"+door+"/incoming/gateway?key="+testPassword
	switch profile {
	case "kannel":
		in += "&from=%p&to=%P&text=%b&time=%T&id=%I"
	case "twilio":
		in = "http://" + door + "/incoming/gateway" // signed, as its receipts
	}
	c := runCarrier(t, append([]string{
		"--protocol", "http", "--profile", profile, "--system-id", "tocsin", "--password", testPassword, "--dial-back", back + "?key=" + testPassword, "--reply-to", in,
	}, flags...)...)
	w := newWorkplace(t, c.address, count, "", campaign)
	write(t, w.config, fmt.Sprintf(`data: ./data
admin: "off"
callbacks: {listen: "%s", url: "http://%s"}
providers:
  - {name: gateway, protocol: http, profile: %s, url: "http://%s", account: tocsin, password: {file: password}, sender: "10690000",
     response_timeout: 1s, callback: {path: /receipts/gateway, password: {file: password}}, incoming: {path: /incoming/gateway}, %s}
routes:
  - {prefix: "86", to: [gateway]}
`, door, door, profile, c.address, keys), 0o600)
	return w, c
}

// gateways are the profiles and what an account of each needs.
var gateways = []struct{ profile, keys string }{
	{"aliyun", "batch: 100, values: {template: SMS_1, signature: 县防汛办}"},
	{"tencent", `batch: 200, values: {template: "1", app: "1", signature: 县防汛办}`},
	{"twilio", "window: 20"},
	{"kannel", "window: 20"},
}

func TestACampaignGoesThroughEachGateway(t *testing.T) {
	t.Parallel()
	const count = 600
	for _, g := range gateways {
		t.Run(g.profile, func(t *testing.T) {
			t.Parallel()
			w, c := newGateway(t, g.profile, g.keys, count, "receipts: {wait: 20s}")
			long := strings.Repeat(testText, 8) // two segments: receipts are for the whole text
			write(t, w.campaign, strings.Replace(read(t, w.campaign), "text: "+testText, "text: "+long, 1), 0o600)
			w.tocsin(t, "run", w.campaign, "--no-progress")
			r := w.report(t)
			a := w.audited(t, c.journal)
			if !r.Balanced || r.Recipients.Delivered != count || a.duplicates > 0 || a.inDoubt > 0 {
				t.Errorf("got %+v, %+v, want everybody delivered once", r.Recipients, a)
			}
			if out := w.tocsin(t, "provider", "check", "gateway", "--lang", "en"); !strings.Contains(string(out), c.address) {
				t.Errorf("a check says %s, want where the gateway is", out)
			}
			if !strings.Contains(read(t, c.journal), long) {
				t.Error("the journal has no line with the text")
			}
		})
	}
}

func TestAGatewayInTrouble(t *testing.T) {
	t.Parallel()
	const count = 300
	for _, g := range gateways {
		t.Run(g.profile, func(t *testing.T) {
			t.Parallel()
			keys := strings.NewReplacer("batch: 100", "batch: 10", "batch: 200", "batch: 10").Replace(g.keys)
			w, c := newGateway(t, g.profile, keys, count, "receipts: {wait: 6s}\nin_doubt: hold", "--refuse", "0.02", "--throttle", "0.1",
				"--queue-full", "0.02", "--cut-after", "9", "--fail-receipts", "0.05", "--early-receipts", "0.2", "--duplicate-receipts", "0.2",
				"--unknown-receipts", "0.05")
			w.run(t, "run", w.campaign, "--no-progress")
			r := w.report(t)
			a := w.audited(t, c.journal)
			// Receipts settle all doubt but that about numbers that were refused in the lost answer.
			if !r.Balanced || r.Recipients.Failed == 0 || r.Recipients.Delivered < count*3/4 || a.duplicates > 0 || a.doubtful > 0 {
				t.Errorf("got %+v, %+v, want most delivered, some failed, nobody twice", r.Recipients, a)
			}
		})
	}
}

// TestDoubtAboutAGatewayIsAskedFor has no receipts and answers that never come: what the
// gateway knows is asked for, and nothing is sent twice.
func TestDoubtAboutAGatewayIsAskedFor(t *testing.T) {
	t.Parallel()
	const count = 60
	for _, g := range gateways[:3] { // Kannel cannot be asked
		t.Run(g.profile, func(t *testing.T) {
			t.Parallel()
			keys := strings.NewReplacer("batch: 100", "batch: 5", "batch: 200", "batch: 5").Replace(g.keys) + ", query: {after: 1s}"
			w, c := newGateway(t, g.profile, keys, count, "receipts: {wait: 15s}\nin_doubt: hold", "--silent", "0.3", "--lose-receipts", "1")
			w.tocsin(t, "run", w.campaign, "--no-progress") // not 5: nobody is in doubt at the end
			r := w.report(t)
			a := w.audited(t, c.journal)
			if !r.Balanced || r.Recipients.InDoubt > 0 || r.Recipients.Delivered == 0 || r.Recipients.Accepted == 0 || a.duplicates > 0 {
				t.Errorf("got %+v, %+v, want those in doubt delivered, the others without receipt", r.Recipients, a)
			}
		})
	}
}

func TestAGatewayThatRefusesTheAccountIsCalledNoMore(t *testing.T) {
	t.Parallel()
	w, _ := newGateway(t, "twilio", "window: 5", 50, "receipts: {wait: 5s}", "--system-id", "somebody-else")
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	if code == exitOK || !strings.Contains(string(talk), "refuses the account") {
		t.Errorf("got exit %d and %s, want it to say that the account is refused", code, talk)
	}
	if r := w.report(t); r.Recipients.Waiting != 50 {
		t.Errorf("got %+v, want all waiting", r.Recipients)
	}
}

func TestReceiptsOfAGatewayAreAskedForWhereNobodyCanCallUs(t *testing.T) {
	t.Parallel()
	const count = 300
	w, c := newGateway(t, "tencent", `batch: 50, values: {template: "1", app: "1", signature: 县防汛办}, poll: {every: 1s}`, count, "receipts: {wait: 20s}",
		"--dial-back", "")
	write(t, w.config, strings.Replace(read(t, w.config), "callback: {path: /receipts/gateway, password: {file: password}}, incoming: {path: /incoming/gateway}, ", "", 1), 0o600)
	w.tocsin(t, "run", w.campaign, "--no-progress")
	if r, a := w.report(t), w.audited(t, c.journal); !r.Balanced || r.Recipients.Delivered != count || a.duplicates > 0 {
		t.Errorf("got %+v, %+v, want everybody delivered once", r.Recipients, a)
	}
}

func TestAProcessKilledBeforeAGatewayLeavesItsWindowInDoubtAtMost(t *testing.T) {
	t.Parallel()
	slow(t)
	const count, window, batch = 4000, 5, 10
	w, c := newGateway(t, "aliyun", fmt.Sprintf("window: %d, batch: %d, values: {template: SMS_1, signature: 县防汛办}", window, batch), count,
		"receipts: {wait: 10s}\nin_doubt: hold", "--latency", "20ms", "--receipt-delay", "100ms")
	for round := range 3 {
		p := w.start(t, "run", w.campaign, "--no-progress")
		c.hasTaken(t, int64(round+1)*60_000)
		p.signal(syscall.SIGKILL)
		p.wait(t)
	}
	w.run(t, "run", w.campaign, "--no-progress")
	r, a := w.report(t), w.audited(t, c.journal)
	// Two windows are offered at once: one in flight, the next one's intent on disk.
	if !r.Balanced || a.duplicates > 0 || a.resent > 0 || r.Recipients.InDoubt > 3*2*window*batch || r.Recipients.Waiting > 0 {
		t.Errorf("got %+v, %+v, want nobody twice and at most the windows in doubt", r.Recipients, a)
	}
}
