package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"tocsin/campaigns"
)

// warning puts a warning of a plan into words.
func (w *words) warning(x campaigns.Warning) string {
	text, ok := w.Warnings[x.Kind]
	if !ok { // a server of a later version knows more kinds
		return x.Text
	}
	return strings.NewReplacer("{n}", strconv.Itoa(x.Count), "{what}", x.What).Replace(text)
}

// warningsOf are what a plan warns of, in English words for JSON and logs.
func warningsOf(sum *campaigns.Summary) []campaigns.Warning {
	all := sum.Warnings()
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
