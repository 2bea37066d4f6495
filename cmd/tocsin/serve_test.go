package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// ask is a page's status and text; 0 when nobody answers.
func ask(url string) (int, string) {
	answer, err := http.Get(url)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

// TestServeIsNotReadyWhenEveryProviderIsRefused: it stays up for who asks why.
func TestServeIsNotReadyWhenEveryProviderIsRefused(t *testing.T) {
	t.Parallel()
	carrier, _ := startCarrier(t, "--system-id", "tocsin", "--password", "other")
	w := newWorkplace(t, carrier, 10, "", "")
	admin := freePort(t)
	w.start(t, "serve", "--admin", admin)
	waitFor(t, "the process says that it is not ready", func() bool {
		code, why := ask("http://" + admin + "/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(why, "provider mobile has stopped")
	})
	if code, _ := ask("http://" + admin + "/healthz"); code != http.StatusOK {
		t.Errorf("got status %d for healthz, want 200: restarting would only hammer the carrier", code)
	}
}

// TestServeIsWatchable starts the long-running process and reads what operators
// read: every metric that dashboard and alerts name is there, and promtool has
// nothing to complain about.
func TestServeIsWatchable(t *testing.T) {
	t.Parallel()
	carrier, _ := startCarrier(t)
	w := newWorkplace(t, carrier, 10, "    rate: 100", "")
	admin := freePort(t)
	p := w.start(t, "serve", "--admin", admin)
	get := func(path string) (int, string) { return ask("http://" + admin + path) }
	waitFor(t, "the process is ready", func() bool { code, _ := get("/readyz"); return code == http.StatusOK })
	_, metrics := get("/metrics")
	named := regexp.MustCompile(`tocsin_[a-z_]+`)
	for _, file := range []string{"../../deploy/grafana/dashboards/tocsin.json", "../../deploy/prometheus/rules/tocsin.yml"} {
		for _, name := range named.FindAllString(read(t, file), -1) {
			base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
			// A campaign's own metrics are there while it runs, a lane's once it has had a task.
			if base == "tocsin_campaign_recipients" || base == "tocsin_queue_tasks" {
				continue
			}
			if !strings.Contains(metrics, "\n# TYPE "+base+" ") && !strings.Contains(metrics, "\n# TYPE "+name+" ") {
				t.Errorf("%s names %s, which the program does not have", file, name)
			}
		}
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("promtool is not here: the metrics were not linted (apt-get install prometheus)")
	} else {
		lint := exec.Command(promtool, "check", "metrics")
		lint.Stdin = strings.NewReader(metrics)
		p := startProcess(t, lint, nobody)
		if code := p.wait(t); code != 0 || strings.TrimSpace(p.out.String()+p.talk.String()) != "" {
			t.Errorf("promtool: exit %d\n%s%s", code, p.out.String(), p.talk.String())
		}
	}
	health := exec.Command(mustBinary(t), "healthcheck", "--config", w.config)
	health.Env = append(os.Environ(), "TOCSIN_ADMIN="+admin)
	if h := startProcess(t, health, w.secrets); h.wait(t) != exitOK {
		t.Errorf("healthcheck: %s", h.talk.String())
	}
	p.signal(syscall.SIGTERM)
	if code := p.wait(t); code != 0 {
		t.Errorf("got exit %d after SIGTERM, want 0\n%s", code, p.talk.String())
	}
	if !strings.Contains(p.talk.String(), "ready") {
		t.Errorf("got %s, want a ready line", p.talk.String())
	}
}

// TestAServersLedgerIsCommandedThroughItsAPI: a ledger in a file is one process's,
// which carries out what others ask for.
func TestAServersLedgerIsCommandedThroughItsAPI(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, 5000, "    rate: 50", "receipts: {wait: 5s}")
	admin := freePort(t)
	const token = "0123456789abcdef0123456789abcdef"
	write(t, w.dir+"/tokens", token+" li\n", 0o600)
	write(t, w.config, strings.Replace(read(t, w.config), "admin: \"off\"", "admin: "+admin+"\ntokens: tokens", 1), 0o600)
	w.start(t, "serve", w.campaign)
	carrier.hasTaken(t, 10_000)
	ask := func(token string, args ...string) (string, int) {
		cmd := w.command(t, append([]string{"campaign"}, args...)...)
		cmd.Env = append(os.Environ(), "TOCSIN_TOKEN="+token)
		p := startProcess(t, cmd, w.secrets)
		code := p.wait(t)
		return p.out.String() + p.talk.String(), code
	}
	if out, code := ask("", "pause", testKey, "--by", "wang", "--reason", "wind"); code != exitFailed || !strings.Contains(out, "put your token into TOCSIN_TOKEN") {
		t.Errorf("got exit %d and %s without a token, want 1 and what to do", code, out)
	}
	if out, code := ask(token[1:]+"x", "pause", testKey, "--by", "wang", "--reason", "wind"); code != exitFailed || strings.Contains(out, token[1:]) {
		t.Errorf("got exit %d and %s with a wrong token, want 1 and no token told", code, out)
	}
	if out, code := ask(token, "pause", testKey, "--by", "wang", "--reason", "wind"); code != exitOK || !strings.Contains(out, "is paused") {
		t.Errorf("got exit %d and %s, want it paused", code, out)
	}
	if r := w.report(t); r.State != "paused" || !strings.Contains(r.Note, "pause by li: wind") {
		t.Errorf("got %s, %q, want it paused by the token's holder", r.State, r.Note)
	}
	if out, code := ask(token, "cancel", testKey, "--by", "wang", "--reason", "calm"); code != exitOK || !strings.Contains(out, "are spared the message") {
		t.Errorf("got exit %d and %s, want it cancelled", code, out)
	}
}
