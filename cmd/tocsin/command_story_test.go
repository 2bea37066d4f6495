package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
)

// withSpare gives a workplace a second provider, spare, that no route names.
func (w workplace) withSpare(t *testing.T, address string) {
	t.Helper()
	write(t, w.config, strings.Replace(read(t, w.config), "routes:", fmt.Sprintf(`  - name: spare
    protocol: smpp
    address: %s
    system_id: tocsin
    password: {file: password}
    sender: "10690000"
routes:`, address), 1), 0o600)
}

// decoded is what a command says as JSON.
func decoded[T any](t *testing.T, out []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return v
}

// state waits until a campaign is in a state.
func (w workplace) state(t *testing.T, key, state string) ledger.Report {
	t.Helper()
	var r ledger.Report
	waitFor(t, key+" is "+state, func() bool {
		r = decoded[ledger.Report](t, w.tocsin(t, "report", key, "--json"))
		return r.State == state
	})
	return r
}

// TestAWorkingFleetIsCommanded: what waits is rerouted to another carrier, doubt is
// marked, who failed is retried, all beside two servers that share the work.
func TestAWorkingFleetIsCommanded(t *testing.T) {
	slow(t)
	t.Parallel()
	const count = 3000
	spare := runCarrier(t)
	f := newFleet(t, 2, count, []string{"--refuse", "0.1"},
		"    connections: 1\n    window: 4\n    batch: 1\n    rate: 300"+patience, "receipts: {wanted: false}")
	g := f.atGate(t, f.carrier, 20_000)
	f.withSpare(t, spare.address)
	for i := range f.ships {
		f.launch(t, i)
	}
	for i := range f.ships {
		f.ready(t, i)
	}
	by := []string{"--by", "li", "--reason", "the carrier is slow"}
	give := func(args ...string) []byte { return f.tocsin(t, append(append(args, by...), "--json")...) }
	if p := decoded[web.Planned](t, give("submit", f.campaign, "--approve")); p.Planned != count || p.State != ledger.Approved {
		t.Fatalf("got %+v, want all planned and approved", p)
	}
	g.shut(t) // both processes have asked, and wait for the answers
	f.owners(t, 2)

	for _, wrong := range [][]string{
		{"provider", "reroute", "mobile", "--to", "nobody"},
		{"provider", "reroute", "mobile"},                          // there is no fall-back
		{"doubt", "mark", testKey, "--as", "expired"},              //
		{"campaign", "retry", testKey},                             // it runs
		{"provider", "reroute", "mobile", "--campaign", "unknown"}, //
	} {
		if _, talk, code := f.run(t, append(wrong, by...)...); code != exitFailed || !strings.Contains(string(talk), "nothing was changed") {
			t.Errorf("%v: got exit %d and %s, want 1", wrong, code, talk)
		}
	}
	e := decoded[ledger.Effect](t, give("provider", "reroute", "mobile", "--to", "spare", "--campaign", testKey))
	if e.Moved+e.Later < count/3 || e.Later == 0 || e.Stay != 0 {
		t.Errorf("got %+v, want most of %d moved, some of them from pages at work", e, count)
	}
	f.carrier.process.signal(syscall.SIGKILL) // what it was asked stays in doubt
	<-f.carrier.process.ended
	f.carrier.restart(t)
	g.open(never)
	r := f.state(t, testKey, ledger.Finished)
	if n := len(taken(t, f.carrier.journal)); n > count-e.Moved || n > count/2 {
		t.Errorf("the carrier that was left took %d of %d, of whom %d had moved", n, count, e.Moved)
	}
	if r.Recipients.InDoubt == 0 || r.Recipients.Failed == 0 || r.Recipients.Waiting+r.Recipients.Offered > 0 {
		t.Fatalf("got %+v, want some in doubt, some failed, nobody left", r.Recipients)
	}
	// Both carriers' journals together know of everybody, and of nobody twice.
	both := filepath.Join(t.TempDir(), "both.jsonl")
	write(t, both, read(t, f.carrier.journal)+read(t, spare.journal), 0o600)
	a := f.audited(t, both)
	f.whole(t, count, a)
	if a.duplicates > 0 {
		t.Errorf("got %d taken twice, want none", a.duplicates)
	}
	// Who was offered through the carrier that was left is on record with it.
	if n := strings.Count(string(f.tocsin(t, "export", testKey)), ",in_doubt,"); n != r.Recipients.InDoubt {
		t.Errorf("got %d in doubt in the export, want %d", n, r.Recipients.InDoubt)
	}
	if e := decoded[ledger.Effect](t, give("doubt", "mark", testKey, "--as", "failed", "--provider", "spare")); e.Marked != 0 {
		t.Errorf("got %+v, want nobody in doubt through the carrier that answers all", e)
	}
	if e := decoded[ledger.Effect](t, give("doubt", "mark", testKey, "--as", "failed", "--provider", "mobile")); e.Marked != r.Recipients.InDoubt {
		t.Errorf("got %+v, want all %d marked", e, r.Recipients.InDoubt)
	}
	after := f.report(t)
	if after.Recipients.InDoubt != 0 || after.Recipients.Failed != r.Recipients.Failed+r.Recipients.InDoubt {
		t.Errorf("got %+v, want doubt gone to failed", after.Recipients)
	}

	child := decoded[web.Planned](t, give("campaign", "retry", testKey, "--approve"))
	if child.Planned != after.Recipients.Failed || child.RetryOf != testKey {
		t.Errorf("got %+v, want the %d who failed", child, after.Recipients.Failed)
	}
	own := f.state(t, child.Campaign, ledger.Finished) // the servers take it up
	if own.Recipients.Accepted+own.Recipients.Failed+own.Recipients.InDoubt != child.Planned || !own.Balanced {
		t.Errorf("got %+v, want everybody sent it", own)
	}
	if out, talk, code := f.run(t, "ledger", "check"); code != exitOK {
		t.Errorf("ledger check: exit %d\n%s%s", code, out, talk)
	}
}

// TestACampaignIsSubmittedThroughTheAPIOfTheServerThatHasTheLedger with its files, and
// refused as submit refuses it on a ledger that nobody serves.
func TestACampaignIsSubmittedThroughTheAPIOfTheServerThatHasTheLedger(t *testing.T) {
	t.Parallel()
	const count = 3000
	carrier, spare := runCarrier(t, "--refuse", "0.1"), runCarrier(t)
	w := newWorkplace(t, carrier.address, count, "    rate: 100", "receipts: {wait: 5s}") // slow: it is commanded in the middle on any machine
	w.withSpare(t, spare.address)
	own := "    address: " + spare.address + "\n" // slow enough to be cancelled in the middle
	write(t, w.config, strings.Replace(read(t, w.config), own, own+"    rate: 50\n", 1), 0o600)
	admin, token, low := freePort(t), strings.Repeat("0123456789abcdef", 2), strings.Repeat("fedcba9876543210", 2)
	write(t, w.dir+"/tokens", token+" li\n"+low+" wang (read)\n", 0o600)
	write(t, w.config, strings.Replace(read(t, w.config), "admin: \"off\"", "admin: "+admin+"\ntokens: tokens", 1), 0o600)
	w.start(t, "serve")
	waitFor(t, "the server is ready", func() bool { code, _ := ask("http://" + admin + "/readyz"); return code == 200 })
	give := func(token string, args ...string) (out, talk string, code int) {
		cmd := w.command(t, args...)
		cmd.Env, cmd.Dir = append(os.Environ(), tokenVariable+"="+token), w.dir
		p := startProcess(t, cmd, w.secrets)
		code = p.wait(t)
		return p.out.String(), p.talk.String(), code
	}
	text := "key: %s\ntext: " + testText + "\naudience:\n  files: [%s]\n  exclude: [%s]\nreceipts: {wait: 5s}\n"
	write(t, w.dir+"/名单.csv", "number,name\n13800000001,Li\n13800000002,Wu\n12,No\n", 0o600)
	write(t, w.dir+"/not.csv", "number\n13800000002\n", 0o600)
	write(t, w.dir+"/twice.csv", "number,name,name\n13800000001,Li,Li\n", 0o600)
	for name, tt := range map[string]struct {
		files, exclude, token, want string
		code                        int
	}{
		"no token":           {"名单.csv", "not.csv", "", "put your token into " + tokenVariable, exitFailed},
		"a wrong token":      {"名单.csv", "not.csv", token[1:] + "x", "no token that is known", exitFailed},
		"a token to look":    {"名单.csv", "not.csv", low, "the token is not for this: it wants submit", exitFailed},
		"no file":            {"nobody.csv", "not.csv", token, "wrong.yaml:4:11: there is no file nobody.csv", exitRefused},
		"no exclude file":    {"名单.csv", "nobody.csv", token, "wrong.yaml:5:13: there is no file nobody.csv", exitRefused},
		"a file twice":       {"名单.csv, 名单.csv", "not.csv", token, "the file 名单.csv is there twice", exitRefused},
		"two columns alike":  {"twice.csv", "not.csv", token, "twice.csv:1: there are two columns \"name\"", exitRefused},
		"nobody is left":     {"not.csv", "not.csv", token, "nobody is left to send to", exitRefused},
		"the server's files": {"/etc/passwd", "not.csv", token, "/etc/passwd:1: ", exitRefused}, // the caller's own, by its name
	} {
		write(t, w.dir+"/wrong.yaml", fmt.Sprintf(text, "wrong", tt.files, tt.exclude), 0o600)
		if out, talk, code := give(tt.token, "submit", "wrong.yaml"); code != tt.code || !strings.Contains(talk, tt.want) || strings.Contains(talk, "uploads") || out != "" {
			t.Errorf("%s: got exit %d and %s, want %d and %s", name, code, talk, tt.code, tt.want)
		}
	}
	write(t, w.dir+"/right.yaml", fmt.Sprintf(text, "right", "名单.csv", "not.csv"), 0o600)
	out, talk, code := give(token, "submit", "right.yaml", "--json")
	if code != exitOK {
		t.Fatalf("got exit %d and %s, want it planned", code, talk)
	}
	if p := decoded[web.Planned](t, []byte(out)); p.State != ledger.Submitted || p.Rows != 3 || p.Planned != 1 || p.Excluded["excluded"] != 1 || p.Excluded["invalid"] != 1 || p.Routes["mobile"] != 1 {
		t.Errorf("got %+v, want one of three planned", p)
	}
	if _, talk, code := give(token, "submit", "right.yaml"); code != exitRefused || !strings.Contains(talk, "right.yaml: campaign right is in the ledger already") {
		t.Errorf("got exit %d and %s for the same again, want it refused", code, talk)
	}
	if left, err := os.ReadDir(filepath.Join(web.SpoolFolder(w.data, ""), "uploads")); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want no submission left behind", left, err)
	}
	if keys := decoded[[]ledger.Report](t, w.tocsin(t, "campaign", "list", "--json")); len(keys) != 1 || !strings.Contains(fmt.Sprint(keys[0].Excluded), "excluded:1") {
		t.Errorf("got %d campaigns, want the one that was right", len(keys))
	}

	// A large one is sent, rerouted, cancelled and retried.
	if _, talk, code := give(token, "submit", w.campaign, "--approve", "--by", "wang"); code != exitOK || !strings.Contains(talk, "3000 recipients planned, 0 excluded; it is approved") {
		t.Fatalf("got exit %d and %s", code, talk)
	}
	carrier.hasTaken(t, 20_000)
	by := []string{"--by", "wang", "--reason", "slow"}
	if _, talk, code := give(token, append([]string{"provider", "reroute", "mobile", "--to", "spare", "--campaign", testKey}, by...)...); code != exitOK ||
		!regexp.MustCompile(`mobile: \d+ who waited have moved, \d+ move when their pages come back from work, 0 could not`).MatchString(talk) {
		t.Errorf("got exit %d and %s, want them rerouted", code, talk)
	}
	spare.hasTaken(t, 10_000)
	_, talk, code = give(token, append([]string{"campaign", "cancel", testKey, "--lang", "zh-CN"}, by...)...)
	told := regexp.MustCompile(testKey + ` 已取消：(\d+) 人不会再收到，(\d+) 人已发出，(\d+) 人存疑`).FindStringSubmatch(talk)
	if code != exitOK || told == nil {
		t.Fatalf("got exit %d and %s, want it cancelled and three counts", code, talk)
	}
	sum := 0
	for _, n := range told[1:] {
		v, _ := strconv.Atoi(n)
		sum += v
	}
	if r := w.state(t, testKey, ledger.Cancelled); sum != count || fmt.Sprint(r.Recipients.Cancelled) != told[1] {
		t.Errorf("got %v told and %+v, want all of %d counted", told[1:], r.Recipients, count)
	}
	out, talk, code = give(token, append([]string{"campaign", "retry", testKey, "--json"}, by...)...)
	failed := w.report(t).Recipients.Failed
	if p := decoded[web.Planned](t, []byte(out)); code != exitOK || p.Planned != failed || p.Campaign != testKey+"-retry-1" {
		t.Errorf("got exit %d, %s and %s, want the %d who failed", code, out, talk, failed)
	}
}
