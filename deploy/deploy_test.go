// Package deploy holds how Tocsin is run and watched; there is no code in it but
// these checks, which need neither Docker nor Grafana.
package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Metrics are the names the program exports; a histogram's has suffixes besides.
var Metrics = []string{
	"tocsin_send_attempts_total", "tocsin_send_duration_seconds", "tocsin_segments_total",
	"tocsin_receipts_total", "tocsin_receipt_delay_seconds",
	"tocsin_provider_up", "tocsin_provider_circuit_open", "tocsin_provider_stopped", "tocsin_provider_inflight", "tocsin_provider_window_messages",
	"tocsin_provider_rate_limit_segments_per_second",
	"tocsin_campaign_recipients", "tocsin_pages", "tocsin_imbalance", "tocsin_recipients_in_doubt",
	"tocsin_orphan_receipts", "tocsin_orphan_receipts_total", "tocsin_queue_tasks",
	"tocsin_redis_up", "tocsin_ledger_up", "tocsin_ledger_commits_total", "tocsin_ledger_commit_duration_seconds",
	"tocsin_incoming_messages_total", "tocsin_replies_total", "tocsin_build_info",
	"tocsin_number_file_ok", "tocsin_number_file_rows", "tocsin_number_file_read_timestamp_seconds",
}

const rulesFile = "prometheus/rules/tocsin.yml"

var metricName = regexp.MustCompile(`tocsin_[a-z_]+`)

func read(t *testing.T, name string, into any) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if strings.HasSuffix(name, ".json") {
			err = json.Unmarshal(data, into)
		} else {
			err = yaml.Unmarshal(data, into)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return string(data)
}

// tool runs a program of the machine, or skips where there is none.
func tool(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed: deploy/ci/install.sh does it", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	read(t, rulesFile, &file)
	var all []rule
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 7 {
		t.Fatalf("got %d alerts, want the whole file", len(all))
	}
	return all
}

type panel struct {
	Title       string `json:"title"`
	Type        string `json:"type"`
	Description string `json:"description"`
	Datasource  struct {
		UID string `json:"uid"`
	} `json:"datasource"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

func dashboard(t *testing.T) []panel {
	t.Helper()
	var d struct {
		UID    string  `json:"uid"`
		Panels []panel `json:"panels"`
	}
	read(t, "grafana/dashboards/tocsin.json", &d)
	if d.UID != "tocsin" || len(d.Panels) < 10 {
		t.Fatalf("got uid %q and %d panels", d.UID, len(d.Panels))
	}
	return d.Panels
}

func known(name string) bool {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && strings.HasSuffix(base, "_seconds") {
			name = base
		}
	}
	return slices.Contains(Metrics, name)
}

func TestEveryMetricThatIsWatchedExists(t *testing.T) {
	for _, a := range alerts(t) {
		for _, m := range metricName.FindAllString(a.Expr, -1) {
			if !known(m) {
				t.Errorf("alert %s asks for %s, which is not exported", a.Alert, m)
			}
		}
	}
	for _, name := range []string{"grafana/dashboards/tocsin.json", "prometheus/tests/tocsin.yml"} {
		for _, m := range metricName.FindAllString(read(t, name, nil), -1) {
			if !known(m) {
				t.Errorf("%s names %s, which is not exported", name, m)
			}
		}
	}
}

func TestEveryMetricIsOnTheDashboard(t *testing.T) {
	text := read(t, "grafana/dashboards/tocsin.json", nil)
	for _, m := range Metrics {
		if !strings.Contains(text, m) {
			t.Errorf("%s is on no panel", m)
		}
	}
}

func TestPanelsSayWhatTheyShow(t *testing.T) {
	titles := map[string]bool{}
	for _, p := range dashboard(t) {
		if titles[p.Title] {
			t.Errorf("two panels are called %s", p.Title)
		}
		titles[p.Title] = true
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("panel %s has no description, unit or query", p.Title)
		}
		if p.Datasource.UID != "${DS_PROMETHEUS}" {
			t.Errorf("panel %s asks %q, want the data source that is chosen", p.Title, p.Datasource.UID)
		}
	}
}

func TestQueriesOfTheDashboardAreValid(t *testing.T) {
	fill := strings.NewReplacer("$__rate_interval", "5m", "$provider", ".*", "$campaign", ".*")
	type record struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []record
	for _, p := range dashboard(t) {
		for _, q := range p.Targets {
			rules = append(rules, record{"panel:" + string(rune('a'+len(rules)/26)) + string(rune('a'+len(rules)%26)), fill.Replace(q.Expr)})
		}
	}
	data, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, "", "promtool", "check", "rules", file)
}

func TestEachAlertHasARunbookAndEachRunbookAnAlert(t *testing.T) {
	want := map[string]bool{}
	for _, a := range alerts(t) {
		name := a.Alert + ".md"
		want[name] = true
		if got := a.Annotations["runbook_url"]; got != "deploy/runbooks/"+name {
			t.Errorf("alert %s: runbook_url is %q", a.Alert, got)
		}
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("alert %s: severity is %q, want critical or warning", a.Alert, s)
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
			t.Errorf("alert %s has no summary or description", a.Alert)
		}
		text := read(t, "runbooks/"+name, nil)
		for _, part := range []string{"Meaning", "Impact", "Diagnosis", "Mitigation", "Escalation"} {
			if !strings.Contains(text, "\n## "+part+"\n\n") {
				t.Errorf("runbook %s has no part %s", name, part)
			}
		}
		if !strings.Contains(read(t, "prometheus/tests/tocsin.yml", nil), "name: "+a.Alert+" fires") {
			t.Errorf("alert %s has no test", a.Alert)
		}
	}
	files, err := os.ReadDir("runbooks")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !want[f.Name()] {
			t.Errorf("runbook %s has no alert", f.Name())
		}
	}
}

func TestPrometheusTakesItsConfiguration(t *testing.T) {
	tool(t, "prometheus", "promtool", "check", "config", "prometheus.yml")
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	tool(t, "prometheus/tests", "promtool", "test", "rules", "tocsin.yml")
}

func TestComposeFile(t *testing.T) {
	var c struct {
		Services map[string]struct {
			Image           string            `yaml:"image"`
			Build           map[string]string `yaml:"build"`
			Command         []string          `yaml:"command"`
			Volumes         []string          `yaml:"volumes"`
			Ports           []string          `yaml:"ports"`
			StopGracePeriod string            `yaml:"stop_grace_period"`
		} `yaml:"services"`
		Volumes map[string]any `yaml:"volumes"`
	}
	text := read(t, "compose/compose.yaml", &c)
	for _, name := range []string{"tocsin", "redis", "prometheus", "grafana"} {
		s, ok := c.Services[name]
		if !ok {
			t.Errorf("there is no service %s", name)
			continue
		}
		if s.Build == nil && (!strings.Contains(s.Image, ":") || strings.HasSuffix(s.Image, ":latest")) {
			t.Errorf("service %s: image %q names no version", name, s.Image)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("service %s: port %s is open to the network", name, p)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			switch {
			case strings.HasPrefix(from, "../"):
				if _, err := os.Stat(filepath.Join("compose", from)); err != nil {
					t.Errorf("service %s: %v", name, err)
				}
			case !strings.HasPrefix(from, "$"):
				if _, ok := c.Volumes[from]; !ok {
					t.Errorf("service %s: volume %s is not declared", name, from)
				}
			}
		}
	}
	redis := strings.Join(c.Services["redis"].Command, " ")
	for _, want := range []string{"--maxmemory-policy noeviction", "--appendonly yes"} {
		if !strings.Contains(redis, want) {
			t.Errorf("redis runs %q, want %s", redis, want)
		}
	}
	tocsin := c.Services["tocsin"]
	if _, err := os.Stat(filepath.Join("compose", tocsin.Build["context"], tocsin.Build["dockerfile"])); err != nil {
		t.Error(err)
	}
	if tocsin.StopGracePeriod != "60s" {
		t.Errorf("stop_grace_period: got %q, want 60s", tocsin.StopGracePeriod)
	}
	example := read(t, "compose/.env.example", nil)
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(example, "\n"+m[1]+"=") {
			t.Errorf("%s is not in .env.example", m[1])
		}
	}
}

func TestTheImageHoldsTheProgramAloneAndRunsAsNobody(t *testing.T) {
	text := read(t, "docker/Dockerfile", nil)
	_, last, ok := strings.Cut(text, "\nFROM scratch\n")
	if !ok {
		t.Fatal("the last stage is not from scratch")
	}
	for _, want := range []string{"\nUSER 65532:65532\n", `CMD ["/tocsin", "healthcheck"]`, `ENTRYPOINT ["/tocsin"]`, "\nSTOPSIGNAL SIGTERM\n"} {
		if !strings.Contains(last, want) {
			t.Errorf("the image lacks %q", want)
		}
	}
	if !strings.Contains(text, "CGO_ENABLED=0") {
		t.Error("the program is not static")
	}
}

func TestTheUnitIsHardened(t *testing.T) {
	text := read(t, "systemd/tocsin.service", nil)
	for _, want := range []string{"TimeoutStopSec=60", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=tocsin"} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("the unit lacks %s", want)
		}
	}
	// The program and the manual are not on this machine: verify a copy that names what is.
	unit := filepath.Join(t.TempDir(), "tocsin.service")
	self, err := exec.LookPath("true")
	if err != nil {
		t.Skip("there is no program true")
	}
	copied := strings.Replace(text, "/usr/bin/tocsin", self, 1)
	if err := os.WriteFile(unit, []byte(copied), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := strings.TrimSpace(tool(t, "", "systemd-analyze", "verify", "--man=no", unit)); out != "" {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	tool(t, "", "systemd-analyze", "security", "--offline=yes", "--threshold=20", unit) // 2.0 of 10
}
