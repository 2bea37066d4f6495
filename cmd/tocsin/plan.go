package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
)

func newPlan() *cobra.Command {
	report, rejects := "", ""
	cmd := &cobra.Command{
		Use:   "plan CAMPAIGN.yaml",
		Short: "Do everything but sending: count, check, price, show samples",
		Args:  exactArgs(1, "a campaign's definition (YAML)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			d, err := campaigns.Load(args[0])
			if err != nil {
				return err
			}
			p, err := rehearse(cmd.Context(), c, d, rejects)
			if err != nil {
				return err
			}
			p.print(os.Stdout)
			return writeReport(report, p)
		},
	}
	cmd.Flags().StringVar(&report, "report", "", "write the plan's report to this file as JSON too")
	cmd.Flags().StringVar(&rejects, "rejects", "", "write the rows that are no recipients to this CSV file, with their line numbers")
	return cmd
}

// planned is the state in the report of what is only looked at.
const planned = "planned"

// A rehearsal is what a plan says before anything is sent; its first fields are
// those of a report.
type rehearsal struct {
	ledger.Report
	Plan     *campaigns.Summary `json:"plan"`
	Cost     map[string]string  `json:"cost,omitempty"` // by provider, where prices are configured
	Finish   string             `json:"finish_after,omitempty"`
	Rejected string             `json:"rejects,omitempty"`
}

// rehearse plans without a ledger of its own: only the suppression list is read,
// when there is one.
func rehearse(ctx context.Context, c *configs.Config, d *campaigns.Definition, rejects string) (*rehearsal, error) {
	router, err := routerFor(c, d)
	if err != nil {
		return nil, err
	}
	o := campaigns.PlanOptions{Router: router, Country: c.Country}
	if reader, err := ledger.OpenReader(c.Data); err == nil {
		defer reader.Close()
		if o.Suppressed, err = reader.Suppressed(ctx); err != nil {
			return nil, err
		}
	}
	if rejects != "" {
		f, err := os.OpenFile(rejects, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("write rejects: %w", err)
		}
		defer f.Close()
		o.Rejects = f
	}
	defer collect(growPlanning)()
	start := time.Now()
	sum, err := d.Plan(ctx, o, nowhere{})
	if err != nil {
		return nil, err
	}
	p := &rehearsal{Plan: sum, Rejected: rejects}
	p.Report = ledger.Report{
		Campaign: d.Key, Title: d.Title, Class: d.Class.String(), State: planned, Rows: sum.Rows, Excluded: sum.Excluded,
		Planned: sum.Planned, Recipients: ledger.Recipients{Waiting: sum.Planned}, Segments: sum.Segments,
		Providers: map[string]ledger.Recipients{}, Seconds: time.Since(start).Seconds(),
	}
	excluded := 0
	for _, n := range sum.Excluded {
		excluded += n
	}
	p.Balanced = sum.Rows == sum.Planned+excluded
	p.price(c)
	return p, nil
}

// nowhere is a sink for plans that are only looked at.
type nowhere struct{}

func (nowhere) AddBatch(*campaigns.Batch) error           { return nil }
func (nowhere) AddExclusions([]campaigns.Exclusion) error { return nil }

// price works out cost and time from prices and rates, where they are configured.
func (p *rehearsal) price(c *configs.Config) {
	byProvider := map[string]int{}
	for route, n := range p.Plan.Routes {
		name := firstOf(route)
		r := p.Providers[name]
		r.Waiting += n
		p.Providers[name] = r
		byProvider[name] += p.Plan.SegmentsPerRoute[route]
	}
	var longest time.Duration
	known := true
	for _, provider := range c.Providers {
		segments := byProvider[provider.Name]
		if price, ok := c.Prices[provider.Name]; ok && segments > 0 {
			if p.Cost == nil {
				p.Cost = map[string]string{}
			}
			p.Cost[provider.Name] = price.Segment.Times(int64(segments)).String() + " " + price.Currency
		}
		if segments > 0 && provider.Rate == 0 {
			known = false
		}
		if segments > 0 && provider.Rate > 0 {
			longest = max(longest, time.Duration(float64(segments)/float64(provider.Rate)*float64(time.Second)))
		}
	}
	if known && longest > 0 {
		p.Finish = longest.Round(time.Second).String()
	}
}

func (p *rehearsal) print(w io.Writer) {
	printReport(w, &p.Report)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	s := p.Plan
	fmt.Fprintf(t, "  encoding\t%s\n", s.Encoding)
	if len(s.ForcingUCS2) > 0 && len(s.ForcingUCS2) <= 40 {
		fmt.Fprintf(t, "  characters that force UCS-2\t%q\n", string(s.ForcingUCS2))
	}
	fmt.Fprintf(t, "  longest text\t%d characters, %d segments (line %d)\n", s.Longest.Characters, s.Longest.Segments, s.Longest.Line)
	for _, name := range sortedKeys(p.Cost) {
		fmt.Fprintf(t, "  cost through %s\t%s\n", name, p.Cost[name])
	}
	if p.Finish != "" {
		fmt.Fprintf(t, "  time at the configured rates\t%s\n", p.Finish)
	}
	for _, sample := range s.Samples {
		fmt.Fprintf(t, "  sample (line %d, %d segments)\t%s\n", sample.Line, sample.Segments, sample.Text)
	}
	t.Flush()
}
