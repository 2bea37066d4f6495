package main

import (
	"fmt"
	"io"
	"time"

	"tocsin/dispatcher/ledger"
)

// standingWords are the states of lines, for people.
var standingWords = map[string]string{
	ledger.LineUp:      "line is up",
	ledger.LineDown:    "line is down",
	ledger.LineIll:     "carrier is ill, it is tried now and then",
	ledger.LineStopped: "stopped: mend it, then provider enable tries again",
}

// printStandings lists providers for people: what each was told, then how each process
// finds its lines, then what its carrier took by hour of the day.
func printStandings(w io.Writer, all []ledger.Standing) {
	var t sheet
	for i := range all {
		s := &all[i]
		rate := "its configured rate"
		if s.Rate > 0 {
			rate = fmt.Sprintf("%d segments/s", s.Rate)
		}
		why := ""
		if s.Who != "" {
			why = fmt.Sprintf("by %s: %s", visible(s.Who), visible(s.Why))
		}
		t.add(s.Name, s.State, rate, why)
		if len(s.Lines) == 0 {
			t.add("", "", "no process works with it", "")
		}
		for _, l := range s.Lines {
			fault := l.Fault
			if len(s.Lines) > 1 {
				fault += " (" + l.Owner + ")"
			}
			t.add("", "", standingWords[l.State]+" since "+moment(l.Since), fault)
		}
		for _, h := range s.Hours {
			from := time.Date(2000, 1, 1, h.Hour, 0, 0, 0, time.UTC).Local().Format("15:04")
			t.add("", "", fmt.Sprintf("took %d segments/s from %s", h.Rate, from), "when it throttled last, "+moment(h.At))
		}
	}
	t.write(w, 0)
}

// moment is a time of milliseconds since 1970, for people.
func moment(ms int64) string { return time.UnixMilli(ms).Format("2006-01-02 15:04:05") }
