package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
)

// estimate adds to the report of a running campaign when it will be through.
func estimate(ctx context.Context, c *configs.Config, reader *ledger.Reader, r *ledger.Report) error {
	if r.State != ledger.Running {
		return nil
	}
	standings, err := reader.Standings(ctx, providerNames(c))
	if err != nil {
		return err
	}
	r.Finish, err = reader.Finish(ctx, r, paces(time.Now(), c, standings))
	return err
}

// paces are the rates in force as far as a process beside the server can know: what
// the contract or a person says, less when the carrier took less at this hour. One that
// does not send has none.
func paces(now time.Time, c *configs.Config, standings []ledger.Standing) map[string]ledger.Pace {
	all := map[string]ledger.Pace{}
	for _, p := range c.Providers {
		all[p.Name] = ledger.Pace{Rate: float64(p.Rate), Floor: p.Floor}
	}
	for i := range standings {
		s := &standings[i]
		p, configured := all[s.Name]
		if !configured {
			continue
		}
		if s.Rate > 0 {
			p.Rate = float64(s.Rate)
		}
		for _, h := range s.Hours {
			if h.Hour == now.UTC().Hour() {
				p.Rate = min(p.Rate, float64(h.Rate))
			}
		}
		if up, said := s.Up(); said && !up || s.State != ledger.Enabled {
			p.Rate = 0
		}
		all[s.Name] = p
	}
	return all
}

// printMoved says how many recipients went to a fall-back.
func printMoved(w io.Writer, r *ledger.Report, say *words) {
	for _, m := range r.Moved {
		fmt.Fprintf(w, say.Moved, m.Recipients, m.From, m.To, m.Stayed, m.From)
	}
}

// printFinish says when a running campaign will be through.
func printFinish(w io.Writer, r *ledger.Report, say *words) {
	switch f := r.Finish; {
	case f == nil:
	case f.Unknown != "":
		fmt.Fprintf(w, say.FinishOpen, f.Unknown)
	default:
		fmt.Fprintf(w, say.FinishAt, f.At.Local().Format("2006-01-02 15:04:05"), time.Until(f.At).Round(time.Second))
	}
}
