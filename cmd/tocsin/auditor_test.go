package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// An audit knows nothing of the implementation: it joins what the carrier wrote
// down with what the ledger exports.
type audit struct {
	recipients int
	inDoubt    int
	doubtful   int // in doubt, and the carrier took the message
	resent     int
	duplicates int // recipients the carrier took more than once
	wrong      []string
}

// taken is how often the carrier's journal has each number.
func taken(t testing.TB, journal string) map[string]int {
	t.Helper()
	f, err := os.Open(journal)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	counts := map[string]int{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var line struct {
			Number string `json:"number"`
			Part   int    `json:"part"`
			Reply  string `json:"reply"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("journal line %q: %v", lines.Text(), err)
		}
		if line.Part <= 1 && line.Reply == "" {
			counts[line.Number]++
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return counts
}

// newAudit joins the journal with an export.
func newAudit(t testing.TB, journal string, export []byte) audit {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(export)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		if _, ok := column[name]; !ok {
			column[name] = i
		}
	}
	carrier := taken(t, journal)
	lost, duplicated := 0, 0
	a := audit{recipients: len(rows) - 1}
	for _, row := range rows[1:] {
		number, state, resent := row[column["number"]], row[column["state"]], row[column["resent"]] == "true"
		n := carrier[number]
		delete(carrier, number)
		allowed := 1
		if resent {
			a.resent++
			allowed = 2
		}
		if n > 1 {
			a.duplicates++
		}
		if n > allowed {
			duplicated++
			a.say("somebody in state %s was taken %d times by the carrier, resent %v", state, n, resent)
		}
		switch state {
		case "accepted", "delivered":
			if n == 0 {
				lost++
				a.say("somebody is %s but the carrier never took the message", state)
			}
		case "waiting", "expired", "cancelled":
			if n != 0 && !resent {
				a.say("somebody is %s but the carrier took the message", state)
			}
		case "in_doubt":
			a.inDoubt++
			if n > 0 {
				a.doubtful++
			}
		case "failed":
		default:
			a.say("somebody is in state %q", state)
		}
	}
	for range carrier {
		a.say("the carrier took a message for somebody the ledger does not know")
	}
	note(t, a.recipients, lost, duplicated, a.resent, a.inDoubt)
	return a
}

func (a *audit) say(format string, args ...any) {
	if len(a.wrong) < 10 {
		a.wrong = append(a.wrong, fmt.Sprintf(format, args...))
	}
}

// note adds what an audit counted to the file that TOCSIN_FAULTS names, for the
// matrix of faults.
func note(t testing.TB, recipients, lost, duplicated, resent, inDoubt int) {
	path := os.Getenv("TOCSIN_FAULTS")
	if path == "" {
		return
	}
	line, err := json.Marshal(map[string]any{
		"test": t.Name(), "recipients": recipients, "lost": lost, "duplicated": duplicated, "resent": resent, "in_doubt": inDoubt,
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}
