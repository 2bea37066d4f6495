package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/ledger/ledgertest"
	"tocsin/dispatcher/web"
)

// everything is all that a ledger says of campaigns, providers and what was done to
// them, as text.
func everything(t *testing.T, o ledger.Options) string {
	t.Helper()
	r, err := ledger.OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []any
	keys, err := r.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range append(keys, "ill", "well") {
		given, err := r.Commands(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, given)
		if report, err := r.Report(t.Context(), key); err == nil {
			all = append(all, report)
		}
	}
	providers, err := r.Providers(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(append(all, providers))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// stubplace is a workplace with the stub as two providers, and the campaigns
// "finished" with people who failed and who are in doubt, "submitted", "approved"
// and "cancelled" in its ledger.
func stubplace(t *testing.T, address string) workplace {
	t.Helper()
	dir := t.TempDir()
	w := workplace{dir: dir, config: filepath.Join(dir, "tocsin.yaml"), data: filepath.Join(dir, "data"), secrets: &secrets{audience: filepath.Join(dir, "audience.csv")}}
	write(t, w.config, fmt.Sprintf(`data: ./data
admin: "off"
ledger: %s
providers:
  - {name: ill, protocol: stub, refuse: 0.2, unknown: 0.2, lose_receipts: 1, seed: 7}
  - {name: well, protocol: stub}
routes:
  - {prefix: "86", to: [ill]}
`, address), 0o600)
	w.tocsin(t, "audience", "generate", "--count", "100", "--out", w.secrets.audience)
	later := map[string]string{"approved": "schedule: {start: 2099-01-01 08:00}\n"} // so that it stays so beside a server
	for _, key := range []string{"finished", "submitted", "approved", "cancelled", "new"} {
		write(t, filepath.Join(dir, key+".yaml"), fmt.Sprintf("key: %s\ntext: %s\naudience: {files: [audience.csv]}\nreceipts: {wanted: false}\n%s", key, testText, later[key]), 0o600)
		if key != "new" {
			w.tocsin(t, "submit", filepath.Join(dir, key+".yaml"))
		}
	}
	w.tocsin(t, "campaign", "approve", "finished", "--by", "li", "--reason", "test")
	if _, talk, code := w.run(t, "run", filepath.Join(dir, "finished.yaml"), "--no-progress"); code != exitOpen {
		t.Fatalf("got exit %d, want %d\n%s", code, exitOpen, talk)
	}
	w.tocsin(t, "campaign", "approve", "approved", "--by", "li", "--reason", "test")
	w.tocsin(t, "campaign", "cancel", "cancelled", "--by", "li", "--reason", "test")
	w.tocsin(t, "provider", "disable", "well", "--by", "li", "--reason", "test")
	return w
}

// A wrong is a command that cannot be carried out: what it is, its exit code, and what
// is said about it.
type wrong struct {
	args string // with spaces between; DIR is the workplace
	code int
	want string
}

// wrongs are the ways in which every command can be given wrongly.
func wrongs() []wrong {
	const signed = " --by li --reason test"
	all := []wrong{
		{"campaign approve finished" + signed, 1, "finished is finished, and approve is for one that is submitted"},
		{"campaign pause submitted" + signed, 1, "pause is for one that is approved or scheduled or running"},
		{"campaign resume approved" + signed, 1, "resume is for one that is paused"},
		{"campaign cancel finished" + signed, 1, "cancel is for one that is submitted or approved"},
		{"campaign retry approved" + signed, 1, "approved is approved, and who fails is known when it is over"},
		{"campaign retry submitted" + signed, 1, "wait until it is finished, or cancel it"},
		{"campaign retry cancelled" + signed, 1, "nobody of it has failed"},
		{"doubt resend submitted" + signed, 1, "submitted is submitted"},
		{"doubt resend cancelled" + signed, 1, "cancelled is cancelled"},
		{"doubt leave submitted" + signed, 1, "submitted is submitted"},
		{"doubt mark finished" + signed, 2, "mark wants --as"},
		{"doubt mark finished --as waiting" + signed, 1, `not as "waiting"`},
		{"doubt mark finished --as lost" + signed, 1, "accepted, delivered or failed"},
		{"doubt mark submitted --as failed" + signed, 1, "submitted is submitted"},
		{"doubt mark finished --as failed --provider nobody" + signed, 1, "no such provider: nobody"},
		{"provider rate ill many" + signed, 2, "is no number of segments per second"},
		{"provider rate ill 0" + signed, 1, "a rate is 1 to 1000000"},
		{"provider rate ill" + signed, 2, "rate takes the provider's name and segments per second"},
		{"provider reroute nobody" + signed, 1, "no such provider: nobody"},
		{"provider reroute ill --to nobody" + signed, 1, "no such provider: nobody"},
		{"provider reroute ill --to well" + signed, 1, "well is disabled"},
		{"provider reroute ill --to ill" + signed, 1, "from ill to another provider"},
		{"provider reroute ill" + signed, 1, "has another provider that is enabled"},
		{"provider reroute ill --campaign other" + signed, 1, "no such campaign: other"},
		{"provider reroute ill --campaign finished" + signed, 1, "finished is finished, and nobody waits in it"},
		{"submit DIR/submitted.yaml", 3, "submitted is in the ledger already"},
		{"submit DIR/nothing.yaml", 3, "there is no such file"},
		{"submit DIR/new.yaml --approve", 2, "submit --approve wants --by"},
		{"submit", 2, "submit takes a campaign's definition"},
		{"submit DIR/new.yaml --ledger nowhere", 2, "ledger"},
		{"report other", 1, "no such campaign: other"},
		{"wait other --timeout 1s", 1, "no such campaign: other"},
		{"wait submitted --timeout 10ms", 1, "nothing was changed"},
		{"export other", 1, "no such campaign: other"},
		{"campaign fly", 2, "campaign takes one of list, approve"},
		{"doubt fly", 2, "doubt takes one of list, resend"},
		{"provider fly", 2, "provider takes one of list, check, test, rate"},
		{"provider check", 2, "check takes the provider's name"},
		{"provider check nobody", 1, "there is no provider nobody; the configuration has ill, well"},
		{"provider check ill --timeout -1s", 2, "--timeout is how long it may take"},
		{"provider test ill --to 13800000001" + signed, 2, "say --yes"},
		{"provider test ill --to 110 --yes" + signed, 2, "--to is no telephone number"},
		{"provider test ill --to 13800000001 --yes --by li", 2, "test wants --by and --reason"},
		{"provider test nobody --to 13800000001 --yes" + signed, 1, "there is no provider nobody; the configuration has ill, well"},
		{"route", 2, "route takes numbers"},
		{"campaign list now", 2, "list takes no arguments"},
		{"doubt list now", 2, "list takes no arguments"},
		{"provider list now", 2, "list takes no arguments"},
	}
	for command, more := range map[string]string{
		"campaign approve": "", "campaign pause": "", "campaign resume": "", "campaign cancel": "", "campaign retry": "",
		"doubt resend": "", "doubt leave": "", "doubt mark": " --as failed",
	} {
		name := strings.Fields(command)[1]
		all = append(all,
			wrong{command + " other" + more + signed, 1, "no such campaign: other"},
			wrong{command + more + signed, 2, name + " takes the campaign's key"},
			wrong{command + " approved finished" + more + signed, 2, name + " takes the campaign's key"})
	}
	for command, takes := range map[string]string{
		"campaign approve submitted": "", "campaign pause approved": "", "campaign resume approved": "", "campaign cancel approved": "", "campaign retry finished": "",
		"doubt resend finished": "", "doubt leave finished": "", "doubt mark finished": " --as failed",
		"provider rate ill 10": "", "provider enable well": "", "provider drain ill": "", "provider disable ill": "", "provider reroute ill": "",
	} {
		name := strings.Fields(command)[1]
		all = append(all,
			wrong{command + takes + " --by li", 2, name + " wants --by and --reason"},
			wrong{command + takes + " --reason test", 2, name + " wants --by and --reason"},
			wrong{command + takes + " --fast" + signed, 2, "unknown flag: --fast"})
	}
	for _, verb := range []string{"rate nobody 10", "enable nobody", "drain nobody", "disable nobody"} {
		all = append(all, wrong{"provider " + verb + signed, 1, "there is no provider nobody; the configuration has ill, well"})
	}
	return all
}

// TestEveryCommandGivenWronglySaysSoAndChangesNothing holds the ledger after each
// command against the ledger before.
func TestEveryCommandGivenWronglySaysSoAndChangesNothing(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		w := stubplace(t, "sqlite")
		w.refuses(t, ledger.Options{Dir: w.data}, wrongs())
	})
	t.Run("SQLite, beside the server that has it", func(t *testing.T) {
		t.Parallel()
		w := stubplace(t, "sqlite")
		admin, token := freePort(t), strings.Repeat("0123456789abcdef", 2)
		write(t, w.dir+"/tokens", token+" li\n", 0o600)
		write(t, w.config, strings.Replace(read(t, w.config), "admin: \"off\"", "admin: "+admin+"\ntokens: tokens", 1), 0o600)
		w.start(t, "serve")
		waitFor(t, "the server is ready", func() bool { code, _ := ask("http://" + admin + "/readyz"); return code == 200 })
		w.refuses(t, ledger.Options{Dir: w.data}, wrongs(), tokenVariable+"="+token)
		if left, _ := os.ReadDir(filepath.Join(web.SpoolFolder(w.data, ""), "uploads")); len(left) > 0 {
			t.Errorf("got %d submissions left behind", len(left))
		}
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("the same again: in make test, not in make check")
		}
		url := ledgertest.StartPostgres(t).NewDatabase(t)
		stubplace(t, url).refuses(t, ledger.Options{URL: url}, wrongs())
	})
}

// refuses gives each of the commands.
func (w workplace) refuses(t *testing.T, o ledger.Options, all []wrong, env ...string) {
	t.Helper()
	before := everything(t, o)
	for _, c := range all {
		args := strings.Fields(strings.ReplaceAll(c.args, "DIR", w.dir))
		cmd := w.command(t, args...)
		cmd.Env = append(os.Environ(), env...)
		p := startProcess(t, cmd, w.secrets)
		code := p.wait(t)
		if talk := p.talk.String(); code != c.code || !strings.Contains(talk, c.want) {
			t.Errorf("%s: got exit %d and %q, want %d and %q", c.args, code, talk, c.code, c.want)
		}
		if c.code != exitOK && p.out.String() != "" {
			t.Errorf("%s: got %q on stdout, want nothing", c.args, p.out.String())
		}
		if after := everything(t, o); after != before {
			t.Errorf("%s: it has changed the ledger:\n%s\n%s", c.args, before, after)
			before = after
		}
	}
}

// TestEveryCommandIsInTheTable: a new one cannot be forgotten there.
func TestEveryCommandIsInTheTable(t *testing.T) {
	said := map[string]bool{}
	for _, c := range wrongs() {
		words := strings.Fields(c.args)
		said[strings.Join(words[:min(2, len(words))], " ")] = true
	}
	for _, group := range newRoot().Commands() {
		switch group.Name() {
		case "campaign", "doubt", "provider":
			for _, sub := range group.Commands() {
				if !said[group.Name()+" "+sub.Name()] {
					t.Errorf("%s %s is not in the table", group.Name(), sub.Name())
				}
			}
		}
	}
}
