package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
)

// TestAMendedPasswordNeedsAWordAndNoRestart: the line stops, everybody who looks sees
// why, and provider enable reads the secret again.
func TestAMendedPasswordNeedsAWordAndNoRestart(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t, "--system-id", "tocsin", "--password", "mended")
	w := newWorkplace(t, carrier.address, 200, "    connections: 1", "receipts: {wait: 5s}")
	admin := freePort(t)
	const token = "0123456789abcdef0123456789abcdef"
	write(t, w.dir+"/tokens", token+" li\n", 0o600)
	write(t, w.config, strings.Replace(read(t, w.config), "admin: \"off\"", "admin: "+admin+"\ntokens: tokens", 1), 0o600)
	w.start(t, "serve", w.campaign)
	waitFor(t, "the process says that it is not ready", func() bool {
		code, why := ask("http://" + admin + "/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(why, "provider mobile has stopped")
	})
	waitFor(t, "provider list says that it has stopped, and what to do", func() bool {
		out := string(w.tocsin(t, "provider", "list"))
		return strings.Contains(out, "provider enable tries again") && strings.Contains(out, "refuses system_id or password")
	})
	if _, page := ask("http://" + admin + "/metrics"); !strings.Contains(page, `tocsin_provider_stopped{provider="mobile"} 1`) {
		t.Error("the metrics do not say that the line has stopped")
	}
	var all []ledger.Standing
	if err := json.Unmarshal(w.tocsin(t, "provider", "list", "--json"), &all); err != nil || len(all) != 1 || len(all[0].Lines) != 1 || all[0].Lines[0].State != ledger.LineStopped {
		t.Errorf("got %+v, %v, want a line that has stopped", all, err)
	}
	write(t, w.dir+"/password", "mended", 0o600)
	enable := w.command(t, "provider", "enable", "mobile", "--by", "wang", "--reason", "mended")
	enable.Env = append(os.Environ(), "TOCSIN_TOKEN="+token)
	if p := startProcess(t, enable, w.secrets); p.wait(t) != exitOK {
		t.Fatal(p.talk.String())
	}
	waitFor(t, "the process is ready again", func() bool { code, _ := ask("http://" + admin + "/readyz"); return code == http.StatusOK })
	waitFor(t, "everybody has it", func() bool { return w.report(t).Recipients.Delivered == 200 })
	waitFor(t, "provider list says that the line is up", func() bool {
		return strings.Contains(string(w.tocsin(t, "provider", "list")), "line is up since")
	})
	w.audited(t, carrier.journal)
}

// TestAReportOnARunningCampaignSaysWhenItIsThrough, in both languages and as JSON.
func TestAReportOnARunningCampaignSaysWhenItIsThrough(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, 5000, "    rate: 50", "receipts: {wanted: false}")
	w.start(t, "serve", w.campaign)
	carrier.hasTaken(t, 10_000)
	r := w.report(t)
	if r.Finish == nil || r.Finish.Unknown != "" {
		t.Fatalf("got %+v, want an end", r.Finish)
	}
	// 5,000 at 50 a second are 100 s, some of which are over.
	if d := time.Until(r.Finish.At); d < 10*time.Second || d > 100*time.Second {
		t.Errorf("got an end in %v, want up to 100 s", d)
	}
	for lang, want := range map[string]string{"en": "through by ", "zh-CN": "发完"} {
		if out := string(w.tocsin(t, "report", testKey, "--lang", lang)); !strings.Contains(out, want) {
			t.Errorf("got %s, want it to say %q", out, want)
		}
	}
}

func TestTheRateInForceIsTheLeastOfWhatIsSaid(t *testing.T) {
	now := time.Date(2026, 7, 1, 14, 30, 0, 0, time.UTC)
	c := &configs.Config{Providers: []configs.ProviderConfig{{Name: "a", Rate: 1000, Floor: 0.05}, {Name: "b"}}}
	told := func(name, state string, rate int, lines []ledger.LineState, hours ...ledger.Hour) ledger.Standing {
		return ledger.Standing{Provider: ledger.Provider{Name: name, State: state, Rate: rate}, Lines: lines, Hours: hours}
	}
	up, down := []ledger.LineState{{State: ledger.LineDown}, {State: ledger.LineUp}}, []ledger.LineState{{State: ledger.LineIll}}
	for _, one := range []struct {
		name     string
		standing ledger.Standing
		want     float64
	}{
		{"the contract's", told("a", ledger.Enabled, 0, up), 1000},
		{"a person's", told("a", ledger.Enabled, 400, nil), 400},
		{"what it took at this hour", told("a", ledger.Enabled, 0, up, ledger.Hour{Hour: 13, Rate: 1}, ledger.Hour{Hour: 14, Rate: 300}), 300},
		{"what it took at another hour", told("a", ledger.Enabled, 0, up, ledger.Hour{Hour: 13, Rate: 300}), 1000},
		{"it took more than a person lets it", told("a", ledger.Enabled, 200, up, ledger.Hour{Hour: 14, Rate: 300}), 200},
		{"its carrier is ill", told("a", ledger.Enabled, 0, down), 0},
		{"it is disabled", told("a", ledger.Disabled, 0, up), 0},
		{"no rate at all", told("b", ledger.Enabled, 0, up), 0},
	} {
		if got := paces(now, c, []ledger.Standing{one.standing})[one.standing.Name].Rate; got != one.want {
			t.Errorf("%s: got %v, want %v", one.name, got, one.want)
		}
	}
}

// TestACarrierThatNeverAnswersIsLeftToItsFallback: the circuit opens, who waits goes to
// the other carrier after the time that the route declares, and the report says so.
func TestACarrierThatNeverAnswersIsLeftToItsFallback(t *testing.T) {
	slow(t)
	t.Parallel()
	silent, spare := runCarrier(t, "--silent", "1"), runCarrier(t)
	w := newWorkplace(t, silent.address, 2000, "    connections: 1\n    window: 10\n    response_timeout: 1500ms\n"+
		"  - {name: spare, protocol: smpp, address: \""+spare.address+"\", system_id: tocsin, password: {file: password}, sender: \"10690000\"}",
		"receipts: {wait: 5s}\nin_doubt: hold")
	write(t, w.config, strings.Replace(read(t, w.config), "to: [mobile]", "to: [mobile, spare], fallback: {after: 4s, for: [routine]}", 1), 0o600)
	out, talk, code := w.run(t, "run", w.campaign, "--no-progress", "--lang", "en")
	if code != exitOK && code != exitOpen {
		t.Fatalf("got exit %d\n%s", code, talk)
	}
	r := w.report(t)
	// The silent one takes what it does not answer, and receipts settle that. It has two
	// windows before the circuit opens, and a trial.
	if n := r.Recipients; n.Delivered+n.InDoubt != 2000 || n.Delivered < 1900 || !r.Balanced {
		t.Errorf("got %+v, want nearly all delivered", n)
	}
	if len(r.Moved) != 1 || r.Moved[0].From != "mobile" || r.Moved[0].To != "spare" || r.Moved[0].Recipients < 1900 || r.Moved[0].Stayed < 1 {
		t.Errorf("got moves %+v, want nearly all from mobile to spare", r.Moved)
	}
	if !strings.Contains(string(out), "recipients who waited went from mobile to spare") {
		t.Errorf("the report does not name the fall-back:\n%s", out)
	}
	if !strings.Contains(string(talk), "the carrier is ill") {
		t.Errorf("the log does not say that the carrier is ill:\n%s", talk)
	}
	if zh := string(w.tocsin(t, "report", testKey, "--lang", "zh-CN")); !strings.Contains(zh, "由 mobile 转到 spare") {
		t.Errorf("got %s, want the fall-back in Chinese", zh)
	}
}
