package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tocsin/campaigns"
)

// warning puts a warning of a plan into words.
func (w *words) warning(x campaigns.Warning) string {
	text, ok := w.Warnings[x.Kind]
	if !ok { // a server of a later version knows more kinds
		return x.Text
	}
	return strings.NewReplacer("{n}", strconv.Itoa(x.Count), "{what}", w.clocked(x.What)).Replace(text)
}

// clocked puts the machine's own clock into words.
func (w *words) clocked(text string) string {
	return strings.ReplaceAll(text, campaigns.MachineClock, w.MachineClock)
}

// warningsOf are what a plan that is made now warns of, in English words for JSON and logs. d is nil
// for an occurrence: of its times the plan of the whole has warned.
func warningsOf(d *campaigns.Definition, sum *campaigns.Summary, now time.Time) []campaigns.Warning {
	all := sum.Warnings()
	if d != nil {
		all = append(d.Warnings(now), all...)
	}
	for i := range all {
		all[i].Text = wordsEN.warning(all[i])
	}
	return all
}

// printWarnings says what a plan warns of.
func printWarnings(w io.Writer, all []campaigns.Warning, say *words) {
	for _, x := range all {
		fmt.Fprintf(w, "  %s: %s\n", say.Warning, say.warning(x))
	}
}

// printTimes says when a campaign is sent, and what it waits for.
func printTimes(w io.Writer, t campaigns.Times, say *words) {
	for _, row := range timesOf(t, say) {
		fmt.Fprintf(w, "  %s: %s\n", row[0], row[1])
	}
}

// timesOf are a label and a text for each of a campaign's times.
func timesOf(t campaigns.Times, say *words) (rows [][2]string) {
	add := func(label, text string) { rows = append(rows, [2]string{label, say.clocked(text)}) }
	if t.Start != "" {
		add(say.StartLabel, t.Start)
	}
	if t.Window != "" {
		add(say.WindowLabel, t.Window)
	}
	if t.Expires != "" {
		add(say.Expires, t.Expires)
	}
	if t.Next != "" {
		add(say.NextLabel, t.Next)
	}
	switch t.WaitsFor {
	case campaigns.ForStart:
		add(say.Waits, fmt.Sprintf(say.WaitsForStart, t.WaitsUntil))
	case campaigns.ForWindow:
		add(say.Waits, fmt.Sprintf(say.WaitsForHours, t.WaitsUntil))
	}
	return rows
}
