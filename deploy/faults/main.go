// Command faults tries the matrix of faults: it runs the tests of every row, gathers
// what their auditors counted, prints the matrix and writes it to deploy/faults.md.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// packages hold the tests.
var packages = []string{"./dispatcher/...", "./cmd/tocsin", "./providers/providertest", "./configs", "./campaigns/..."}

// counted is what one audit counted, a line of the file that TOCSIN_FAULTS names.
type counted struct {
	Test       string `json:"test"`
	Recipients int    `json:"recipients"`
	Lost       int    `json:"lost"`
	Duplicated int    `json:"duplicated"`
	Resent     int    `json:"resent"`
	InDoubt    int    `json:"in_doubt"`
}

// A verdict is how a test ended.
type verdict struct{ passed, failed, skipped bool }

// verdicts are by the names of tests and of their cases, TestA/b/c.
type verdicts map[string]verdict

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	dir, err := os.MkdirTemp("", "tocsin-faults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "counted")
	ended, testErr := runTests(file)
	counts, err := readCounts(file)
	if err != nil {
		return err
	}
	page := render(ended, counts, time.Now())
	if _, err := io.WriteString(out, page); err != nil {
		return err
	}
	if err := os.WriteFile("deploy/faults.md", []byte(page), 0o644); err != nil {
		return err
	}
	return testErr
}

// names are all tests of the matrix, each once.
func names() []string {
	var all []string
	for _, r := range rows {
		all = append(all, r.tests...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// runTests runs them; an error says that some failed.
func runTests(file string) (verdicts, error) {
	pattern := "^(" + strings.Join(names(), "|") + ")$"
	cmd := exec.Command("go", append([]string{"test", "-json", "-count=1", "-timeout", "25m", "-run", pattern}, packages...)...)
	cmd.Env = append(os.Environ(), "TOCSIN_FAULTS="+file)
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := verdicts{}
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event struct{ Action, Test string }
		if json.Unmarshal(lines.Bytes(), &event) != nil || event.Test == "" {
			continue
		}
		switch event.Action {
		case "pass":
			ended[event.Test] = verdict{passed: true}
		case "fail":
			ended[event.Test] = verdict{failed: true}
		case "skip":
			ended[event.Test] = verdict{skipped: true}
		}
	}
	if err := cmd.Wait(); err != nil {
		return ended, fmt.Errorf("some tests failed: %w", err)
	}
	return ended, nil
}

// readCounts adds up what the audits of each test counted.
func readCounts(file string) (map[string]counted, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	counts := map[string]counted{}
	for line := range bytes.Lines(data) {
		var c counted
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("read what was counted: %w", err)
		}
		test, _, _ := strings.Cut(c.Test, "/")
		sum := counts[test]
		sum.Recipients += c.Recipients
		sum.Lost += c.Lost
		sum.Duplicated += c.Duplicated
		sum.Resent += c.Resent
		sum.InDoubt += c.InDoubt
		counts[test] = sum
	}
	return counts, nil
}

// render writes the matrix as a page.
func render(ended verdicts, counts map[string]counted, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The matrix of faults\n\nWritten by `make faults` on %s. Each row's tests try its fault against the real program, or against\n"+
		"the dispatcher in virtual time; an auditor that knows nothing of the implementation joins the carrier's journal with\n"+
		"the ledger's export. *Lost*: accepted or delivered for the ledger, and no carrier took it. *Duplicated*: taken by a\n"+
		"carrier more often than the ledger knows of. Both must be 0. Rows without counts are judged by their tests alone.\n\n", now.Format("2006-01-02"))
	fmt.Fprintln(&b, "| row | fault | must come of it | result | recipients | lost | duplicated | resent | in doubt |\n|---|---|---|---|---|---|---|---|---|")
	for _, r := range rows {
		var sum counted
		for _, t := range r.tests {
			c := counts[t]
			sum.Recipients += c.Recipients
			sum.Lost += c.Lost
			sum.Duplicated += c.Duplicated
			sum.Resent += c.Resent
			sum.InDoubt += c.InDoubt
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |", r.name(), r.fault, r.expected, r.result(ended))
		if sum.Recipients > 0 {
			fmt.Fprintf(&b, " %d | %d | %d | %d | %d |\n", sum.Recipients, sum.Lost, sum.Duplicated, sum.Resent, sum.InDoubt)
		} else {
			fmt.Fprintln(&b, " | | | | |")
		}
	}
	renderLines(&b, ended)
	return b.String()
}

// name is the row's number, or all.
func (r *row) name() string {
	if r.number == 0 {
		return "all"
	}
	return fmt.Sprint(r.number)
}

// result is what became of a row's tests.
func (r *row) result(ended verdicts) string {
	if len(r.tests) == 0 {
		return r.without
	}
	for _, t := range r.tests {
		switch v := ended[t]; {
		case v.failed:
			return "**fails**"
		case v.skipped:
			return "skipped here"
		case !v.passed:
			return "not run"
		}
	}
	return "holds"
}
