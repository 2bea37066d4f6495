package main

import (
	"fmt"
	"strings"
)

// protocols are those whose lines are tried one by one, as the cases of their tests
// are called.
var protocols = []string{"smpp", "cmpp_2.0", "cmpp_3.0", "sgip", "smgp"}

// A tally is how the cases of one protocol ended.
type tally struct{ passed, failed, skipped int }

// tallyOf counts the cases of the row's tests in which a protocol is tried: those that
// have no cases of their own.
func (r *row) tallyOf(protocol string, ended verdicts) (n tally) {
	branches := map[string]bool{}
	for name := range ended {
		for at := strings.LastIndexByte(name, '/'); at >= 0; at = strings.LastIndexByte(name[:at], '/') {
			branches[name[:at]] = true
		}
	}
	for _, t := range r.tests {
		for name, v := range ended {
			if rest, ok := strings.CutPrefix(name, t+"/"+protocol); !ok || branches[name] || rest != "" && rest[0] != '/' {
				continue
			}
			switch {
			case v.failed:
				n.failed++
			case v.skipped:
				n.skipped++
			default:
				n.passed++
			}
		}
	}
	return n
}

// renderLines writes how many cases of each row hold on each protocol's line.
func renderLines(b *strings.Builder, ended verdicts) {
	fmt.Fprint(b, "\n## On each protocol's line\n\nThe rows that are about a line, against a scripted carrier that misbehaves in the protocol itself, in memory\n"+
		"with simulated time and over TCP: how many cases hold. SGIP has no test of an idle line, and none of China's protocols has TLS.\n\n")
	fmt.Fprint(b, "| row | fault |")
	for _, p := range protocols {
		fmt.Fprintf(b, " %s |", strings.ReplaceAll(strings.ToUpper(p), "_", " "))
	}
	fmt.Fprint(b, "\n|---|---|"+strings.Repeat("---|", len(protocols))+"\n")
	for _, r := range rows {
		var cells strings.Builder
		any := false
		for _, p := range protocols {
			n := r.tallyOf(p, ended)
			any = any || n != tally{}
			switch {
			case n.failed > 0:
				fmt.Fprintf(&cells, " **%d of %d fail** |", n.failed, n.failed+n.passed)
			case n.passed == 0:
				fmt.Fprint(&cells, " |")
			default:
				fmt.Fprintf(&cells, " %d |", n.passed)
			}
		}
		if any {
			fmt.Fprintf(b, "| %s | %s |%s\n", r.name(), r.fault, &cells)
		}
	}
}
