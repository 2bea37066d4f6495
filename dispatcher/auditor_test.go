package dispatcher

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// The auditor knows nothing of the implementation: it joins what the carriers
// wrote down with what the ledger exports, and holds both to DESIGN section 1.

func synctestSettle() { synctest.Wait() }

// routes makes a function a campaigns.Router.
type routes func(n uint64) string

var _ campaigns.Router = routes(nil)

func (r routes) Route(n sms.Number) sms.Route { return sms.Route(r(uint64(n))) }

// An entry is one segment that a carrier took.
type entry struct {
	Time   time.Time
	Number string
	ID     string
	Text   string
	Part   int
	Parts  int

	carrier string
}

// entries are what all carriers took, in order of time.
func (w *world) entries() []entry {
	w.t.Helper()
	var all []entry
	for _, c := range w.carriers {
		for line := range strings.Lines(c.journal.String()) {
			e := entry{carrier: c.name}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				w.t.Fatalf("journal line %q: %v", line, err)
			}
			e.Part, e.Parts = max(e.Part, 1), max(e.Parts, 1)
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.Time.Compare(b.Time) })
	return all
}

// A person is one row of an export.
type person struct {
	state, reason string
	resent        bool
}

// export reads a campaign's rows as `tocsin export` writes them.
func (w *world) export(key string) map[string]person {
	w.t.Helper()
	r, err := ledger.OpenReader(w.where())
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	if err := r.Export(context.Background(), key, &out); err != nil {
		w.t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		w.t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		if _, ok := at[name]; !ok {
			at[name] = i
		}
	}
	people := map[string]person{}
	for _, row := range rows[1:] {
		people[row[at["number"]]] = person{row[at["state"]], row[at["reason"]], row[at["resent"]] == "true"}
	}
	if len(people) != len(rows)-1 {
		w.t.Errorf("campaign %s: %d rows exported for %d people", key, len(rows)-1, len(people))
	}
	return people
}

// checkBalance reads the reports of all campaigns from the ledger's file.
func (w *world) checkBalance() {
	w.t.Helper()
	r, err := ledger.OpenReader(w.where())
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	for key, p := range w.planned {
		report, err := r.Report(context.Background(), key)
		if err != nil {
			w.t.Error(err)
			continue
		}
		if !report.Balanced || report.Rows != p.rows || report.Planned != len(p.recipients) {
			w.t.Errorf("campaign %s does not balance: %+v, want %d rows and %d planned", key, report, p.rows, len(p.recipients))
		}
	}
}

// audit holds every campaign to the promises; the node must be gone.
func (w *world) audit() {
	w.t.Helper()
	w.checkBalance()
	all := w.entries()
	for _, key := range slices.Sorted(maps.Keys(w.planned)) {
		w.auditCampaign(key, w.planned[key], all)
	}
	w.auditRates(all)
}

func (w *world) auditCampaign(key string, p plan, all []entry) {
	w.t.Helper()
	type segment struct {
		number string
		part   int
	}
	took := map[segment]int{}
	whole := map[string]int{} // how many different segments of each
	parts := map[string]int{}
	mine := map[string]bool{}
	late, latest := 0, time.Duration(0)
	for _, n := range p.recipients {
		mine[n] = true
	}
	for _, e := range all {
		if !mine[e.Number] || e.Part == 1 && !strings.HasPrefix(e.Text, p.mark) {
			continue
		}
		s := segment{e.Number, e.Part}
		if took[s]++; took[s] == 1 {
			whole[e.Number]++
		}
		parts[e.Number] = e.Parts
		if !p.expires.IsZero() && e.Time.After(p.expires) {
			late, latest = late+1, max(latest, e.Time.Sub(p.expires))
		}
	}
	if late > 0 {
		w.t.Errorf("campaign %s: %d segments were taken after the campaign's time, up to %v", key, late, latest)
	}
	people := w.export(key)
	doubt, resent, lost, duplicated := 0, 0, 0, 0
	wrong := map[string]int{}
	for _, n := range p.recipients {
		who, ok := people[n]
		if !ok {
			wrong["a recipient is not exported"]++
			continue
		}
		if who.state == "in_doubt" || who.resent {
			doubt++
		}
		allowed := 1
		if who.resent {
			allowed = 2
			resent++
		}
		for part := 1; part <= max(parts[n], 1); part++ {
			if k := took[segment{n, part}]; k > allowed {
				duplicated++
				wrong[fmt.Sprintf("somebody in state %s was taken %d times, resent %v", who.state, k, who.resent)]++
			}
		}
		complete := parts[n] > 0 && whole[n] == parts[n]
		switch who.state {
		case "accepted", "delivered":
			if !complete {
				lost++
				wrong["somebody is "+who.state+" whom no carrier took whole"]++
			}
		case "waiting", "expired", "cancelled":
			if complete && !who.resent {
				wrong["somebody is "+who.state+" whom a carrier took"]++
			}
			if who.state == "waiting" && w.over(key) {
				wrong["somebody waits at the end"]++
			}
		case "in_doubt", "failed":
		default:
			wrong["somebody is in state "+who.state+" at the end"]++
		}
	}
	for what, n := range wrong {
		w.t.Errorf("campaign %s: %s (%d times)", key, what, n)
	}
	note(w.t, len(p.recipients), lost, duplicated, resent, doubt-resent)
	most, lines := 0, 0
	for _, c := range w.carriers {
		most = max(most, 2*c.config.Window*c.config.Batch*c.config.Connections)
		lines += c.network.calls()
	}
	if doubt > most*(w.crashes+lines) {
		w.t.Errorf("campaign %s: %d were in doubt, want at most %d for each of %d crashes and %d lines", key, doubt, most, w.crashes, lines)
	}
}

// over reports whether a campaign is finished or cancelled, by the ledger's file.
func (w *world) over(key string) bool {
	w.t.Helper()
	r, err := ledger.OpenReader(w.where())
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	report, err := r.Report(context.Background(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return report.State == ledger.Finished || report.State == ledger.Cancelled
}

// auditRates holds every carrier's journal to its rate: no second with more than
// 1.02 of it, no tenth of a second with more than 0.13. The segments of one
// message leave together, so that at a low rate there is one message more, and a
// window more where a connection broke.
func (w *world) auditRates(all []entry) {
	w.t.Helper()
	for _, c := range w.carriers {
		if c.rate <= 0 {
			continue
		}
		var times []time.Time
		message := 1
		for _, e := range all {
			if e.carrier == c.name {
				times = append(times, e.Time)
				message = max(message, e.Parts)
			}
		}
		if message > c.config.Window*c.config.Connections {
			message *= 2 // what does not fit the window leaves when it has room, near the next one
		}
		moved := 0 // what had its turn when its connection broke leaves by another one
		if c.network.calls() > c.config.Connections {
			moved = c.config.Window
		}
		for _, limit := range []struct {
			window time.Duration
			most   float64
		}{
			{time.Second, max(1.02*c.rate, c.rate+float64(message))},
			{100 * time.Millisecond, max(0.13*c.rate, 0.1*c.rate+float64(message+moved))},
		} {
			if got := busiest(times, limit.window); float64(got) > limit.most {
				w.t.Errorf("carrier %s was sent %d segments within %v, want at most %.1f", c.name, got, limit.window, limit.most)
			}
		}
	}
}

// busiest is the most of times, which ascend, within any stretch of d, its end
// not included.
func busiest(times []time.Time, d time.Duration) int {
	most, from := 0, 0
	for i, t := range times {
		for t.Sub(times[from]) >= d {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// testPassword is of no carrier; no log may tell it.
const testPassword = "kX7-qpZ4"

// auditLogs looks for long runs of digits, for eight or more digits of any recipient,
// for the password and for texts in what was logged.
func (w *world) auditLogs() {
	w.t.Helper()
	secret := map[string]bool{}
	for _, p := range w.planned {
		for _, n := range p.recipients {
			for i := 0; i+8 <= len(n); i++ {
				secret[n[i:i+8]] = true
			}
		}
	}
	logs := w.logs.String()
	secrets := []string{testPassword}
	for _, p := range w.planned {
		secrets = append(secrets, p.mark)
	}
	for _, what := range smstest.Told(logs, secrets...) {
		w.t.Errorf("the log tells %s", what)
	}
	for run := range strings.FieldsFuncSeq(logs, func(r rune) bool { return r < '0' || r > '9' }) {
		for i := 0; i+8 <= len(run); i++ {
			if secret[run[i:i+8]] {
				w.t.Errorf("the log has digits of a recipient's number: %s", around(logs, run))
				return
			}
		}
	}
}

func around(text, word string) string {
	at := strings.Index(text, word)
	return strconv.Quote(text[max(0, at-80):min(len(text), at+len(word)+40)])
}

// note adds what an audit counted to the file that TOCSIN_FAULTS names, for the
// matrix of faults.
func note(t *testing.T, recipients, lost, duplicated, resent, inDoubt int) {
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
