package dispatcher

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
)

// A plan is what a campaign was planned from.
type plan struct {
	id         int64
	rows       int
	expires    time.Time
	mark       string // its text begins with it
	long       bool   // its text has several segments
	recipients []string
}

// A campaign is what plan makes a definition of.
type campaign struct {
	key        string
	first      uint64 // its recipients' lowest number
	recipients int
	dirt       int // rows that are none
	longName   int // this one's name is very long; 0: nobody's
	longNames  bool
	text       string
	yaml       string // more of the definition
	expires    time.Time
}

// plan writes a campaign's files, plans it and lets it run.
func (w *world) plan(c campaign) ledger.Campaign { return w.planAs(c, ledger.Approved) }

// planAs is plan of a campaign that is in a state.
func (w *world) planAs(c campaign, state string) ledger.Campaign {
	w.t.Helper()
	dir := w.t.TempDir()
	var audience strings.Builder
	audience.WriteString("number,name\n")
	p := plan{rows: c.recipients + c.dirt, expires: c.expires, mark: c.key + "!", long: len(c.text) > 100}
	for i := range c.recipients {
		n := fmt.Sprint(c.first + uint64(i)*7)
		p.recipients = append(p.recipients, n)
		name := fmt.Sprint("Name", i)
		if i > 0 && i == c.longName {
			name = strings.Repeat("long ", 1000)
		}
		if c.longNames && i%2 == 0 { // every second one's text has three segments
			name = strings.Repeat("long ", 80)
		}
		fmt.Fprintf(&audience, "+%s,%s\n", n, name)
	}
	for i := range c.dirt {
		if i%2 == 0 {
			audience.WriteString("not a number,X\n")
		} else {
			fmt.Fprintf(&audience, "+%d,Again\n", c.first)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "audience.csv"), []byte(audience.String()), 0o600); err != nil {
		w.t.Fatal(err)
	}
	source := fmt.Sprintf("key: %s\ntitle: Test\ntext: %q\naudience:\n  files: [audience.csv]\n  columns: {number: number}\n%s\n",
		c.key, p.mark+c.text, c.yaml)
	if !c.expires.IsZero() {
		source += fmt.Sprintf("schedule: {expires: %q}\n", c.expires.Format(time.RFC3339))
	}
	d, err := campaigns.Parse(filepath.Join(dir, "campaign.yaml"), []byte(source))
	if err != nil {
		w.t.Fatal(err)
	}
	draft := ledger.Draft{Key: d.Key, Title: d.Title, Class: d.Class, Hash: d.Hash(), Path: d.Path, Definition: d.Source, State: state}
	made, err := w.node.ledger.Plan(context.Background(), draft, func(sink campaigns.Sink) (*campaigns.Summary, error) {
		return d.Plan(context.Background(), campaigns.PlanOptions{Router: routes(w.route), Country: "CN"}, sink)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	p.id = made.ID
	w.planned[c.key] = p
	return made
}
