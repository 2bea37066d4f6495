package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

func newPlan() *cobra.Command {
	report, to := "", ""
	cmd := &cobra.Command{
		Use:   "plan CAMPAIGN.yaml",
		Short: "Do everything but sending: count, check, price, show samples",
		Long: `Reads the audience, checks and counts everything, and sends nothing. The rows
that are no recipients and that somebody may want to put right go to a CSV file
that spreadsheets open: their file, line, reason and own columns.`,
		Args: exactArgs(1, "a campaign's definition (YAML)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			if err := c.CanSend(); err != nil {
				return usage(err) // without routes there is no plan
			}
			d, err := campaigns.Load(args[0])
			if err != nil {
				return err
			}
			rows, err := openRejects(to, d)
			if err != nil {
				return err
			}
			rows.in(say)
			p, err := rehearse(cmd.Context(), c, d, rows)
			if err = rows.settle(err); err != nil {
				return err
			}
			p.print(os.Stdout, say)
			return writeReport(report, p)
		},
	}
	cmd.Flags().StringVar(&report, "report", "", "write the plan's report to this file as JSON too")
	cmd.Flags().StringVar(&to, "rejects", "", "write the rows that are no recipients to this CSV file, or \"off\" (default: CAMPAIGN.rejects.csv beside the definition)")
	settingFlags(cmd, "country", "ported", "prefixes")
	return cmd
}

// planned is the state in the report of what is only looked at.
const planned = "planned"

// A rehearsal is what a plan says before anything is sent; its first fields are
// those of a report.
type rehearsal struct {
	ledger.Report
	Plan     *campaigns.Summary  `json:"plan"`
	Cost     map[string]string   `json:"cost,omitempty"` // by provider, where prices are configured
	CostAll  []string            `json:"cost_in_all,omitempty"`
	After    string              `json:"finish_after,omitempty"` // how long it takes at the configured rates
	Starts   string              `json:"starts,omitempty"`       // if it is run now
	Finish   string              `json:"finish,omitempty"`       // if it is run now, under its schedule
	Late     bool                `json:"expires_first,omitempty"`
	Next     []string            `json:"next,omitempty"` // the first times of a campaign that is sent again and again
	Rejected string              `json:"rejects,omitempty"`
	Warnings []campaigns.Warning `json:"warnings,omitempty"`
	Schedule campaigns.Times     `json:"schedule,omitzero"`

	d       *campaigns.Definition
	rejects *rejects
	before  *ledger.Report // of the campaign when it was planned before
	unrated string         // a provider in use without a rate
}

// rehearse plans without a ledger of its own: only the suppression list is read,
// when there is one.
func rehearse(ctx context.Context, c *configs.Config, d *campaigns.Definition, rows *rejects) (*rehearsal, error) {
	router, err := routerFor(c, d)
	if err != nil {
		return nil, err
	}
	p := &rehearsal{d: d, rejects: rows}
	o := planOptions(c, router, nil)
	if rows != nil {
		o.Rejects, o.RejectWord = rows, rows.word
	}
	reader, err := ledger.OpenReader(ledgerOptions(c))
	switch {
	case err == nil:
		defer reader.Close()
		if o.Suppressed, err = reader.Suppressed(ctx); err != nil {
			return nil, err
		}
		if p.before, err = reader.Report(ctx, d.Key); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return nil, err
		}
	case !errors.Is(err, ledger.ErrNoLedger):
		return nil, err // without its list the plan would be another
	}
	start := time.Now()
	if p.before == nil { // one that was planned goes by its plan
		if err := d.CheckTimes(start); err != nil {
			return nil, err
		}
	}
	defer collect(growPlanning)()
	sum, err := d.Plan(ctx, o, nowhere{})
	if err != nil {
		return nil, err
	}
	p.Plan, p.Warnings = sum, warningsOf(d, sum, start)
	if rows.written() {
		p.Rejected = rows.path
	}
	p.Report = ledger.Report{
		Campaign: d.Key, Title: d.Title, Class: d.Class.String(), State: planned, Rows: sum.Rows, Excluded: sum.Excluded,
		Planned: sum.Planned, Recipients: ledger.Recipients{Waiting: sum.Planned}, Segments: sum.Segments,
		Providers: map[string]ledger.Recipients{}, Seconds: time.Since(start).Seconds(),
	}
	if sum.Override != "" {
		p.Override = &ledger.Override{Why: sum.Override, People: sum.Overridden}
	}
	excluded := 0
	for _, n := range sum.Excluded {
		excluded += n
	}
	p.Balanced = sum.Rows == sum.Planned+excluded
	p.price(c)
	p.Schedule = d.Schedule.Times(start)
	p.time(c, time.Now())
	return p, nil
}

// nowhere is a sink for plans that are only looked at.
type nowhere struct{}

func (nowhere) AddBatch(*campaigns.Batch) error           { return nil }
func (nowhere) AddExclusions([]campaigns.Exclusion) error { return nil }

// price works out what the plan costs, where prices are configured.
func (p *rehearsal) price(c *configs.Config) {
	sums := map[string]configs.Amount{}
	for route, n := range p.Plan.Routes {
		name := route.First()
		r := p.Providers[name]
		r.Waiting += n
		p.Providers[name] = r
	}
	for _, provider := range c.Providers {
		segments := p.segmentsOf(provider.Name)
		price, ok := c.Prices[provider.Name]
		if !ok || segments == 0 {
			continue
		}
		if p.Cost == nil {
			p.Cost = map[string]string{}
		}
		cost := price.Segment.Times(int64(segments))
		p.Cost[provider.Name] = cost.String() + " " + price.Currency
		sums[price.Currency] += cost
	}
	for _, currency := range sortedKeys(sums) {
		p.CostAll = append(p.CostAll, sums[currency].String()+" "+currency)
	}
}

// segmentsOf is how many segments go through a provider when all lines are up.
func (p *rehearsal) segmentsOf(provider string) int {
	n := 0
	for route, segments := range p.Plan.SegmentsPerRoute {
		if route.First() == provider {
			n += segments
		}
	}
	return n
}

// nextTimes is how many times of a campaign that is sent again and again a plan shows.
const nextTimes = 5

// time works out how long the plan takes at the configured rates, and when it is
// done if it is run now.
func (p *rehearsal) time(c *configs.Config, now time.Time) {
	var longest time.Duration
	for _, provider := range c.Providers {
		segments := p.segmentsOf(provider.Name)
		if segments == 0 {
			continue
		}
		if provider.Rate == 0 {
			p.unrated = provider.Name
			continue
		}
		longest = max(longest, time.Duration(float64(segments)/float64(provider.Rate)*float64(time.Second)))
	}
	if r := p.d.Schedule.Recurrence; r != nil {
		at := now
		if start := p.d.Schedule.Start; start.After(now) {
			at = start.Add(-time.Nanosecond)
		}
		for at = r.Next(at); !at.IsZero() && len(p.Next) < nextTimes; at = r.Next(at) {
			p.Next = append(p.Next, at.Format("2006-01-02 15:04 MST"))
		}
	}
	expires := p.d.Schedule.Expires
	p.Late = !expires.IsZero() && !expires.After(now)
	if p.unrated != "" || longest == 0 {
		return
	}
	longest = max(longest.Round(time.Second), time.Second)
	p.After = longest.String()
	if start, end, ok := finishAt(p.d.Schedule, now, longest); ok {
		p.Starts, p.Finish = start.Format(time.RFC3339), end.Format(time.RFC3339)
		p.Late = p.Late || !expires.IsZero() && end.After(expires)
	}
}

// print writes the plan for people.
func (p *rehearsal) print(w io.Writer, say *words) {
	printReport(w, &p.Report, say)
	printWarnings(w, p.Warnings, say)
	if len(p.Next) > 0 {
		fmt.Fprintf(w, say.NextTimes, strings.Join(p.Next, ", "))
	}
	if p.before != nil {
		fmt.Fprintf(w, "  "+say.PlannedBefore, p.Campaign, wordFor(say.States, p.before.State))
	}
	s := p.Plan
	var t sheet
	for i, path := range p.d.Audience.Files {
		t.add(say.FileLabel, fileLine(s, i, path, say))
	}
	for _, text := range bookLines(s.Books, say) {
		t.add(say.Workbook, text)
	}
	if text := p.rejects.words(failing(p.Plan.Excluded), say); text != "" {
		t.add(say.Rejects, text)
	}
	for _, route := range sortedKeys(s.Routes) {
		t.add(fmt.Sprintf(say.ThroughRoute, strings.Join(slices.Collect(route.Names()), say.Or)), fmt.Sprintf(say.RouteCounts, s.Routes[route], s.SegmentsPerRoute[route]))
	}
	for i, text := range p.d.Texts {
		n := s.Languages[text.Language]
		switch {
		case text.Language == "":
		case i == 0 && s.OtherLanguages > 0:
			t.add(fmt.Sprintf(say.Language, text.Language), fmt.Sprintf(say.OtherLanguage, n, s.OtherLanguages))
		default:
			t.add(fmt.Sprintf(say.Language, text.Language), fmt.Sprintf(say.LanguageCount, n))
		}
	}
	p.printText(&t, say)
	p.printTime(&t, say)
	for _, sample := range s.Samples {
		label := fmt.Sprintf(say.SampleOne, p.place(say, sample.File, sample.Line))
		if sample.Segments != 1 {
			label = fmt.Sprintf(say.SampleMany, p.place(say, sample.File, sample.Line), sample.Segments)
		}
		t.add(label, sample.Text)
	}
	t.write(w, 0)
}

// place is a line of the audience, with its file where there are several.
func (p *rehearsal) place(say *words, file int, line uint32) string {
	text := fmt.Sprintf(say.Line, p.Plan.LineText(file, line))
	if files := p.d.Audience.Files; len(files) > 1 {
		text = filepath.Base(files[file]) + " " + text
	}
	return text
}

func (p *rehearsal) printText(t *sheet, say *words) {
	s := p.Plan
	t.add(say.Encoding, s.Encoding)
	if len(s.ForcingUCS2) > 0 {
		t.add(say.Forcing, strconv.Quote(string(s.ForcingUCS2)))
	}
	if l := s.Longest; l.Segments == 1 {
		t.add(say.Longest, fmt.Sprintf(say.LongestOne, l.Characters, p.place(say, l.File, l.Line)))
	} else {
		t.add(say.Longest, fmt.Sprintf(say.LongestMany, l.Characters, l.Segments, p.place(say, l.File, l.Line), l.Over))
	}
	if len(s.BySegments) > 1 {
		var parts []string
		for k := range sms.MaxSegments + 1 {
			if n := s.BySegments[k]; n > 0 {
				parts = append(parts, fmt.Sprintf(say.SegmentsEach, k, n))
			}
		}
		t.add(say.BySegments, strings.Join(parts, " · "))
	}
	for _, name := range sortedKeys(p.Cost) {
		t.add(fmt.Sprintf(say.CostThrough, name), p.Cost[name])
	}
	if len(p.Cost) > 1 {
		t.add(say.CostAll, strings.Join(p.CostAll, ", "))
	}
}

func (p *rehearsal) printTime(t *sheet, say *words) {
	switch {
	case p.unrated != "":
		t.add(say.Time, fmt.Sprintf(say.TimeUnknown, p.unrated))
	case p.Finish != "" && (!p.d.Schedule.Start.IsZero() || p.d.Schedule.Window.From != p.d.Schedule.Window.To):
		t.add(say.Time, fmt.Sprintf(say.FinishIfAt, p.After, clock(p.Starts), clock(p.Finish)))
	case p.Finish != "":
		t.add(say.Time, fmt.Sprintf(say.FinishIfNow, p.After, clock(p.Finish)))
	}
	for _, row := range timesOf(p.Schedule, say) {
		if row[0] == say.Expires && p.Late {
			row[1] = fmt.Sprintf(say.ExpiresLate, row[1])
		}
		t.add(row[0], row[1])
	}
}

// clock writes a time of a report shorter.
func clock(rfc3339 string) string {
	t, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return rfc3339
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

// failing is how many rows are excluded that somebody may want to put right.
func failing(excluded map[string]int) int {
	n := -excluded[campaigns.NotSelected.String()]
	for _, k := range excluded {
		n += k
	}
	return n
}
