package peers

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// place is where TestMain keeps the program.
var place string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tocsin-peers-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	place = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build makes the program once, for the tests that need it.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(place, "tocsin")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/tocsin")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// tocsin is the path of the program.
func tocsin(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// program is where a program is; without it the test is skipped.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		// Debian keeps servers where only root's PATH looks.
		if path, err = exec.LookPath(filepath.Join("/usr/sbin", name)); err != nil {
			t.Skipf("%s is not installed: deploy/ci/install.sh brings it", name)
		}
	}
	return path
}

// freePort is a port of loopback that was free a moment ago.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// answers reports whether somebody listens at address.
func answers(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// waitFor polls a condition of another process.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 2 minutes", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// start runs a process until the test ends; what it said is shown when the test
// has failed.
func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	var talk bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &talk
	}
	cmd.Stderr = &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), talk.String())
		}
	})
}

// startCarrier runs the simulated carrier until the test ends.
func startCarrier(t testing.TB, flags ...string) (address, journal string) {
	t.Helper()
	address, journal = fmt.Sprintf("127.0.0.1:%d", freePort(t)), filepath.Join(t.TempDir(), "journal.jsonl")
	start(t, exec.Command(tocsin(t), append([]string{"carrier", "--listen", address, "--journal", journal}, flags...)...))
	waitFor(t, "the carrier listens", func() bool { return answers(address) })
	return address, journal
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lines reads a journal: a JSON object a line.
func lines[T any](t testing.TB, path string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(read(t, path)) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("journal line %q: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}

const campaignKey = "peers"

// A workplace is a folder with a configuration, an audience and a campaign.
type workplace struct{ dir, config, campaign string }

// newWorkplace writes a workplace for one provider and one text. provider is
// YAML for the one, audience a CSV file with a column number.
func newWorkplace(t testing.TB, address, provider, text, audience string) workplace {
	t.Helper()
	dir := t.TempDir()
	w := workplace{dir, filepath.Join(dir, "tocsin.yaml"), filepath.Join(dir, "campaign.yaml")}
	write(t, filepath.Join(dir, "password"), "secret")
	write(t, filepath.Join(dir, "audience.csv"), audience)
	write(t, w.config, fmt.Sprintf(`data: ./data
admin: "off"
providers:
  - name: mobile
    protocol: smpp
    address: %s
    system_id: tocsin
    password: {file: password}
    sender: "10690000"
%s
routes:
  - {prefix: "86", to: [mobile]}
`, address, provider))
	quoted, err := json.Marshal(text) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	write(t, w.campaign, fmt.Sprintf(`key: %s
title: Peers
class: routine
text: %s
audience:
  files: [audience.csv]
receipts: {wait: 30s}
`, campaignKey, quoted))
	return w
}

// run runs the program; it must succeed.
func (w workplace) run(t testing.TB, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(tocsin(t), append(args, "--config", w.config)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("tocsin %v: %v\n%s%s", args, err, stdout.String(), stderr.String())
	}
	return stdout.Bytes()
}

// A report is what `tocsin report --json` says, as far as these tests ask.
type report struct {
	State      string         `json:"state"`
	Planned    int            `json:"planned"`
	Recipients map[string]int `json:"recipients"`
	Segments   int            `json:"segments"`
	Resent     int            `json:"resent"`
	NoReceipt  int            `json:"no_receipt"`
	Balanced   bool           `json:"balanced"`
}

func (w workplace) report(t testing.TB) report {
	t.Helper()
	var r report
	if err := json.Unmarshal(w.run(t, "report", campaignKey, "--json"), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// export is the ledger's export: a row for each recipient, its cells by column.
func (w workplace) export(t testing.TB) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(w.run(t, "export", campaignKey))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			if _, ok := row[name]; !ok { // ours come before the uploader's own
				row[name] = record[i]
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
