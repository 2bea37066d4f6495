package peers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A fate is what testdata/carrier.js decides about a number, and what the ledger
// must therefore say.
type fate struct {
	state, reason string
	refused       int  // the status with which it is refused for good
	putOff        bool // each segment is answered with queue full once
}

// fates are by a number's last two digits; the others are delivered.
var fates = map[string]fate{
	"07": {state: "failed", reason: "invalid_number", refused: 0x0B},
	"57": {state: "failed", reason: "rejected", refused: 0x66},
	"19": {state: "delivered", putOff: true},
	"03": {state: "failed", reason: "unreachable"}, // UNDELIV
	"33": {state: "failed", reason: "too_late"},    // EXPIRED
	"63": {state: "failed", reason: "blocked"},     // REJECTD
	"93": {state: "failed", reason: "rejected"},    // DELETED
}

func fateOf(number string) fate {
	if f, ok := fates[number[len(number)-2:]]; ok {
		return f
	}
	return fate{state: "delivered"}
}

// An entry is a line of the carrier's journal.
type entry struct {
	Kind         string `json:"kind"`
	Number       string `json:"number"`
	Status       int    `json:"status"`
	ID           string `json:"id"`
	Command      string `json:"command"`
	Destinations int    `json:"destinations"`
	Coding       int    `json:"coding"`
	Source       string `json:"source"`
	Text         string `json:"text"`
	Part         int    `json:"part"`
	Parts        int    `json:"parts"`
	Reference    int    `json:"reference"`
	Stat         string `json:"stat"`
}

// A dossier is what the carrier wrote down about one number.
type dossier struct{ taken, refused, acknowledged []entry }

// A complaint says what does not fit, at most ten times: thousands of recipients
// say the same.
type complaints struct {
	t *testing.T
	n int
}

func (c *complaints) say(format string, args ...any) {
	c.t.Helper()
	if c.n++; c.n <= 10 {
		c.t.Errorf(format, args...)
	}
}

// compareJournal holds the carrier's journal against the ledger's export. want is
// the text for a row of the export.
func compareJournal(t *testing.T, journal []entry, export []map[string]string, want func(row map[string]string) string) {
	t.Helper()
	c := &complaints{t: t}
	dossiers := map[string]*dossier{}
	for _, e := range journal {
		d := dossiers[e.Number]
		if d == nil {
			d = &dossier{}
			dossiers[e.Number] = d
		}
		switch e.Kind {
		case "taken":
			d.taken = append(d.taken, e)
		case "refused":
			d.refused = append(d.refused, e)
		case "acknowledged":
			d.acknowledged = append(d.acknowledged, e)
		case "error":
			c.say("node-smpp met an error: %s", e.Text)
		}
	}
	delete(dossiers, "") // of the session
	for _, row := range export {
		number := row["number"]
		d := dossiers[number]
		delete(dossiers, number)
		if d == nil {
			c.say("line %s of the audience never reached the carrier", row["line"])
			continue
		}
		if err := d.fits(row, want(row)); err != nil {
			c.say("line %s of the audience, ending in %s: %v", row["line"], number[len(number)-2:], err)
		}
	}
	if len(dossiers) > 0 {
		c.say("the carrier has %d numbers that the ledger does not know", len(dossiers))
	}
}

// fits compares what the carrier knows of a number with its row of the export.
func (d *dossier) fits(row map[string]string, text string) error {
	f := fateOf(row["number"])
	if row["state"] != f.state || row["reason"] != f.reason || row["resent"] != "false" || row["provider"] != "mobile" {
		return fmt.Errorf("got state %s, reason %q, resent %s, provider %s, want %s, %q", row["state"], row["reason"], row["resent"], row["provider"], f.state, f.reason)
	}
	if f.refused != 0 {
		if len(d.taken) > 0 || len(d.refused) == 0 || d.refused[0].Status != f.refused || row["code"] != fmt.Sprint(f.refused) {
			return fmt.Errorf("got code %s, taken %d and refused %d times, want refused with status %d", row["code"], len(d.taken), len(d.refused), f.refused)
		}
		return nil
	}
	if row["segments"] != fmt.Sprint(len(d.taken)) {
		return fmt.Errorf("the ledger counts %s segments, the carrier took %d", row["segments"], len(d.taken))
	}
	if putOff := len(d.refused) > 0; putOff != f.putOff || putOff && len(d.refused) != len(d.taken) {
		return fmt.Errorf("put off %d times for %d segments, want put off %v", len(d.refused), len(d.taken), f.putOff)
	}
	slices.SortFunc(d.taken, func(a, b entry) int { return a.Part - b.Part })
	var whole strings.Builder
	var ids []string
	for i, e := range d.taken {
		if e.Part != i+1 || e.Parts != len(d.taken) || e.Reference != d.taken[0].Reference || e.Source != "10690000" {
			return fmt.Errorf("segment %d of %d came as %d of %d, reference %d and %d, from %s", i+1, len(d.taken), e.Part, e.Parts, e.Reference, d.taken[0].Reference, e.Source)
		}
		whole.WriteString(e.Text)
		ids = append(ids, e.ID)
	}
	if whole.String() != text {
		return fmt.Errorf("the carrier read %q, want %q", whole.String(), text)
	}
	if row["reference"] != strings.Join(ids, " ") {
		return fmt.Errorf("the ledger calls it %s, the carrier %v", row["reference"], ids)
	}
	final := 0
	for _, e := range d.acknowledged {
		if e.Status != 0 {
			return fmt.Errorf("a receipt was answered with status %d", e.Status)
		}
		if e.Stat != "ENROUTE" {
			final++
		}
	}
	if final < len(d.taken) {
		return fmt.Errorf("%d receipts were acknowledged for %d segments", final, len(d.taken))
	}
	return nil
}
