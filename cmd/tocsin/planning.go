package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
)

// planning puts campaigns into a ledger: for the command line, and for the API.
type planning struct {
	ledger *ledger.Ledger
	config *configs.Config
	log    *slog.Logger
}

var _ web.Planner = (*planning)(nil)

// Submit plans a campaign that was sent. Of the machine's own files it reads none.
func (p *planning) Submit(ctx context.Context, s web.Submission) (web.Planned, error) {
	d, err := campaigns.Parse(s.Path, s.Definition)
	if err != nil {
		return web.Planned{}, err
	}
	named := map[string]string{} // by the place where a file is kept
	var used []string
	for _, list := range [][]string{d.Audience.Files, d.Audience.Exclude} {
		for i, name := range list {
			used = append(used, name)
			kept := s.Files[name]
			if kept == "" {
				kept = filepath.Join(s.Dir, fmt.Sprintf("missing-%d", len(named)))
			}
			named[kept], list[i] = name, kept
		}
	}
	for name := range s.Files {
		if !slices.Contains(used, name) {
			return web.Planned{}, &campaigns.Refusal{File: d.Path, Err: fmt.Errorf("the file %s was sent, and the definition does not name it", name)}
		}
	}
	planned, err := p.submit(ctx, d, ledger.Draft{State: ledger.Submitted, Who: s.Who, Why: s.Why}, s.Approve, nil)
	return planned, p.told(as(named, err))
}

// as returns a refusal that names the files as the caller has named them.
func as(named map[string]string, err error) error {
	var r *campaigns.Refusal
	if !errors.As(err, &r) {
		return err
	}
	own := *r
	if name, ok := named[own.File]; ok {
		own.File = name
	}
	text := own.Err.Error()
	for kept, name := range named {
		text = strings.ReplaceAll(text, kept, name)
	}
	own.Err = errors.New(text)
	return &own
}

// submit plans a campaign that is not in the ledger yet; rows are as in planInto.
func (p *planning) submit(ctx context.Context, d *campaigns.Definition, as ledger.Draft, approve bool, rows *rejects) (web.Planned, error) {
	_, err := p.ledger.Campaign(d.Key)
	if errors.Is(err, ledger.ErrNotFound) {
		var planned ledger.Campaign
		if planned, err = planInto(ctx, p.ledger, p.config, d, as, rows); err == nil {
			return p.done(ctx, d, planned, as.Who, approve)
		}
	}
	if err == nil || errors.Is(err, ledger.ErrKnown) {
		return web.Planned{}, &campaigns.Refusal{File: d.Path, Err: fmt.Errorf("campaign %s is in the ledger already: give this one a new key", d.Key)}
	}
	return web.Planned{}, err
}

// Occur plans an occurrence of a campaign that is sent again and again.
func (p *planning) Occur(ctx context.Context, parent ledger.Campaign, at time.Time) error {
	d, err := campaigns.ParseKept(parent.Path, []byte(parent.Definition))
	if err != nil {
		return err
	}
	router, err := routerFor(p.config, d)
	if err != nil {
		return err
	}
	suppressed, err := p.ledger.Suppressed(ctx)
	if err != nil {
		return err
	}
	key := d.Schedule.Recurrence.OccurrenceKey(parent.Key, at)
	occurrence, err := p.ledger.Occur(ctx, parent, key, at, func(all campaigns.Earlier, sink campaigns.Sink) (*campaigns.Summary, error) {
		return d.PlanAgain(ctx, planOptions(p.config, router, suppressed), all, sink)
	})
	if err != nil {
		return err
	}
	sum, err := summaryOf(occurrence)
	if err == nil {
		p.warn(key, warningsOf(nil, sum, at))
	}
	return err
}

// Retry plans a campaign for the recipients of another one that have failed.
func (p *planning) Retry(ctx context.Context, c ledger.Command, approve bool) (web.Planned, error) {
	var d *campaigns.Definition
	child, err := p.ledger.Retry(ctx, c, func(parent ledger.Campaign, failed campaigns.Earlier, sink campaigns.Sink) (_ *campaigns.Summary, err error) {
		d, err = campaigns.ParseKept(parent.Path, []byte(parent.Definition))
		if err != nil {
			return nil, err
		}
		d = d.At(parent.At())
		if at := d.Schedule.Expires; !at.IsZero() && time.Now().After(at) {
			return nil, fmt.Errorf("%w: its time was over on %s, and nobody would be sent anything: submit a campaign with a later one", ledger.ErrNotAllowed, at.Format(time.RFC3339))
		}
		router, err := routerFor(p.config, d)
		if err != nil {
			return nil, err
		}
		suppressed, err := p.ledger.Suppressed(ctx)
		if err != nil {
			return nil, err
		}
		return d.PlanAgain(ctx, planOptions(p.config, router, suppressed), failed, sink)
	})
	if err != nil {
		return web.Planned{}, p.told(err)
	}
	planned, err := p.done(ctx, d, child, c.Who, approve)
	return planned, p.told(err)
}

// done approves what was planned, if it is to be, and says what was planned.
func (p *planning) done(ctx context.Context, d *campaigns.Definition, c ledger.Campaign, who string, approve bool) (web.Planned, error) {
	sum, err := summaryOf(c)
	if err != nil {
		return web.Planned{}, err
	}
	now := time.Now()
	warnings := p.warn(c.Key, warningsOf(d, sum, now))
	if approve {
		if _, err := p.ledger.Do(ctx, ledger.Command{Key: c.Key, Verb: "approve", Who: who, Why: "with submit"}); err != nil {
			return web.Planned{}, fmt.Errorf("%s is in the ledger, but not approved: %w", c.Key, err)
		}
		c.State = ledger.Approved
	}
	return web.Planned{
		Campaign: c.Key, State: c.State, RetryOf: c.RetryOf, Rows: c.Rows, Planned: c.Planned, Excluded: c.Excluded, Segments: sum.Segments, Routes: sum.Routes,
		Warnings: warnings, Schedule: d.Schedule.Times(now),
	}, nil
}

// warn writes down what a plan warns of, and returns it.
func (p *planning) warn(key string, all []campaigns.Warning) []campaigns.Warning {
	for _, x := range all {
		if p.log != nil {
			p.log.Warn("the plan of a campaign has a warning", "campaign", key, "kind", x.Kind, "warning", x.Text)
		}
	}
	return all
}

// told writes down an error that a caller of the API is not told.
func (p *planning) told(err error) error {
	var refused *campaigns.Refusal
	if err != nil && p.log != nil && !errors.As(err, &refused) && !errors.Is(err, ledger.ErrNotAllowed) && !errors.Is(err, ledger.ErrNotFound) {
		p.log.Error("a campaign could not be planned", "err", err)
	}
	return err
}

// printPlanned says what was planned, on stdout as JSON or on stderr for people.
func printPlanned(p web.Planned, asJSON bool, out, talk io.Writer, say *words) error {
	if asJSON {
		return writeJSON(out, p)
	}
	defer func() {
		printTimes(talk, p.Schedule, say)
		printWarnings(talk, p.Warnings, say)
	}()
	excluded := p.Rows - p.Planned
	if p.RetryOf != "" {
		_, err := fmt.Fprintf(talk, "%s: %d recipients planned who have failed in %s, %d excluded; it is %s\n", p.Campaign, p.Planned, p.RetryOf, excluded, p.State)
		return err
	}
	_, err := fmt.Fprintf(talk, "%s: %d recipients planned, %d excluded; it is %s\n", p.Campaign, p.Planned, excluded, p.State)
	return err
}
