package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
)

// runOptions are the flags of run and demo.
type runOptions struct {
	report     string
	rejects    string // where rows that are no recipients go: see openRejects
	noProgress bool
	verbose    bool
	say        *words
}

func newRun() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run CAMPAIGN.yaml",
		Short: "Send a campaign to its end and print the report",
		Long: `Plans the campaign, sends it, waits until every recipient is settled or the
wait for receipts is over, and prints the report. The rows that are no recipients and that
somebody may want to put right go to a CSV file, as with plan.

Running it again continues where it stopped: nobody is sent the warning twice.
When the campaign is finished it prints the report and sends nothing. Ctrl-C
finishes what is on its way and settles it; a second one ends at once.

It ends with 0 when all is finished and balanced, 1 when it failed, 2 when it was
called wrongly, 3 when the definition or the audience is refused, 5 when
recipients are in doubt or unsent, and 130 or 143 when it was interrupted.`,
		Args: exactArgs(1, "a campaign's definition (YAML)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			if o.say, err = speak(cmd); err != nil {
				return err
			}
			d, err := campaigns.Load(args[0])
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), c, d, os.Stdout, os.Stderr)
		},
	}
	cmd.Flags().StringVar(&o.report, "report", "", "write the report to this file as JSON too")
	cmd.Flags().StringVar(&o.rejects, "rejects", "", "write the rows that are no recipients to this CSV file, or \"off\" (default: CAMPAIGN.rejects.csv beside the definition)")
	cmd.Flags().BoolVar(&o.noProgress, "no-progress", false, "no progress bar")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "say more on stderr")
	settingFlags(cmd, "admin", "queue", "ledger", "country", "ported", "prefixes")
	return cmd
}

// run is the command without its flags.
func (o *runOptions) run(ctx context.Context, c *configs.Config, d *campaigns.Definition, out, talk io.Writer) error {
	c.Alone() // whatever the processes of serve share out
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	s, err := newSystem(ctx, c, newLog(level))
	if err != nil {
		return err
	}
	report, err := o.send(ctx, s, d, talk)
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	if report != nil {
		printReport(out, report, o.say)
		err = errors.Join(err, writeReport(o.report, report))
	}
	if err != nil || report == nil {
		return err
	}
	return verdict(ctx, report)
}

// verdict is the error that carries the exit code a report deserves. An
// interrupted run is the signal's business.
func verdict(ctx context.Context, r *ledger.Report) error {
	switch {
	case !r.Balanced:
		return fmt.Errorf("campaign %s does not balance: keep the data folder and report this", r.Campaign)
	case ctx.Err() != nil:
		return nil
	case r.Open():
		return &exitError{code: exitOpen}
	}
	return nil
}

// send plans the campaign if it is new, and works until it is finished or ctx ends.
func (o *runOptions) send(ctx context.Context, s *system, d *campaigns.Definition, talk io.Writer) (*ledger.Report, error) {
	if d.Schedule.Recurrence != nil {
		return nil, d.RefuseEvery(errors.New("run sends a campaign to its end, and one with every has none: give it to tocsin submit, and let tocsin serve send it"))
	}
	campaign, err := s.plan(ctx, d, o.rejects, talk, o.say)
	if err != nil {
		return nil, err
	}
	if campaign.State == ledger.Paused || campaign.State == ledger.Submitted {
		return nil, held(campaign)
	}
	if campaign.State != ledger.Finished && campaign.State != ledger.Cancelled {
		if s.admin != nil {
			fmt.Fprintf(talk, o.say.Metrics, s.admin.URL())
		}
		if err := o.finish(ctx, s, d, campaign, talk); err != nil {
			return nil, err
		}
	}
	return s.ledger.Report(context.WithoutCancel(ctx), d.Key)
}

// held says why a campaign is not sent, and what lets it go on.
func held(c ledger.Campaign) error {
	verb := "resume"
	if c.State == ledger.Submitted {
		verb = "approve"
	}
	note := ""
	if c.Note != "" {
		note = " (" + visible(c.Note) + ")"
	}
	return fmt.Errorf("campaign %s is %s%s: nothing was sent; tocsin campaign %s %s --by NAME --reason TEXT lets it go on", c.Key, c.State, note, verb, c.Key)
}

// finish works until the campaign is over or ctx ends.
func (o *runOptions) finish(ctx context.Context, s *system, d *campaigns.Definition, campaign ledger.Campaign, talk io.Writer) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan error, 1)
	go func() {
		defer stop()
		watched <- s.over(working, campaign.Key)
	}()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		progress{talk, o.noProgress, o.say, d.Receipts.Wanted}.watch(working, campaign.Planned, func() ledger.Tally { return s.ledger.Tally(campaign.ID) })
	}()
	err := s.Run(working)
	stop()
	<-shown
	return errors.Join(err, <-watched)
}

// over returns when the campaign is over or ctx has ended, with an error when
// nothing can be sent any more.
func (s *system) over(ctx context.Context, key string) error {
	for ctx.Err() == nil {
		c, err := s.ledger.Campaign(key)
		if err != nil || c.State == ledger.Finished || c.State == ledger.Cancelled {
			return nil
		}
		if err := s.dispatcher.Stopped(); err != nil {
			return fmt.Errorf("nothing can be sent: %w: put the configuration right and run it again, it continues where it stopped", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
	return nil
}

// plan plans the campaign, or finds the plan there is. A campaign whose
// definition has changed since it was planned is refused.
func (s *system) plan(ctx context.Context, d *campaigns.Definition, rejects string, talk io.Writer, say *words) (ledger.Campaign, error) {
	known, err := s.ledger.Campaign(d.Key)
	switch {
	case err == nil && known.Hash != d.Hash():
		return known, &campaigns.Refusal{File: d.Path, Err: fmt.Errorf(
			"campaign %s was planned from another definition, and nobody gets two versions of one warning: put the old definition back to continue it, or give the new one a new key", d.Key)}
	case err == nil:
		fmt.Fprintf(talk, say.Continuing, d.Key)
		if err := tellChanged(ctx, talk, d, known, say); err != nil {
			return known, err
		}
		if known.State != ledger.Finished && known.State != ledger.Cancelled {
			printTimes(talk, d.Schedule.Times(time.Now()), say)
		}
		return known, nil
	case !errors.Is(err, ledger.ErrNotFound):
		return known, err
	}
	rows, err := openRejects(rejects, d)
	if err != nil {
		return known, err
	}
	rows.in(say)
	planned, err := planInto(ctx, s.ledger, s.config, d, ledger.Draft{State: ledger.Approved, Approver: whoRuns()}, rows)
	err = rows.settle(err)
	if errors.Is(err, ledger.ErrKnown) && s.config.Shared() { // another process was quicker
		if err := s.ledger.Sync(ctx); err != nil {
			return known, err
		}
		if _, err := s.ledger.Campaign(d.Key); err != nil {
			return known, err
		}
		return s.plan(ctx, d, rejects, talk, say)
	}
	if err != nil {
		return planned, err
	}
	return planned, tellPlan(talk, d, planned, rows, say)
}

// tellChanged says which files are others than those that a campaign was planned from.
func tellChanged(ctx context.Context, talk io.Writer, d *campaigns.Definition, c ledger.Campaign, say *words) error {
	sum, err := summaryOf(c)
	if err != nil {
		return err
	}
	if changed := d.Changed(ctx, sum); len(changed) > 0 {
		fmt.Fprintf(talk, "  %s: %s\n", say.Warning, fmt.Sprintf(say.FileChanged, strings.Join(changed, ", ")))
	}
	return nil
}

// tellPlan says what people should know of a plan that was just made.
func tellPlan(talk io.Writer, d *campaigns.Definition, c ledger.Campaign, rows *rejects, say *words) error {
	sum, err := summaryOf(c)
	if err != nil {
		return err
	}
	now := time.Now()
	printTimes(talk, d.Schedule.Times(now), say)
	printWarnings(talk, warningsOf(d, sum, now), say)
	if text := rows.words(failing(c.Excluded), say); text != "" {
		fmt.Fprintf(talk, "  %s: %s\n", say.Rejects, text)
	}
	return nil
}

// summaryOf is the plan's summary as the ledger keeps it.
func summaryOf(c ledger.Campaign) (*campaigns.Summary, error) {
	var sum campaigns.Summary
	if err := json.Unmarshal(c.Summary, &sum); err != nil {
		return nil, fmt.Errorf("read the plan of %s: %w", c.Key, err)
	}
	return &sum, nil
}

// whoRuns is the user of this process, as the machine calls them.
func whoRuns() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "tocsin run"
}

// planInto plans a new campaign into a ledger; as says in which state, and who submits
// it. rows gets the rows that are excluded; nil: they are not kept.
func planInto(ctx context.Context, l *ledger.Ledger, c *configs.Config, d *campaigns.Definition, as ledger.Draft, rows *rejects) (ledger.Campaign, error) {
	suppressed, err := l.Suppressed(ctx)
	if err != nil {
		return ledger.Campaign{}, err
	}
	router, err := routerFor(c, d)
	if err != nil {
		return ledger.Campaign{}, err
	}
	if err := d.CheckTimes(time.Now()); err != nil {
		return ledger.Campaign{}, err
	}
	defer collect(growPlanning)()
	draft := ledger.Draft{
		Key: d.Key, Title: d.Title, Class: d.Class, Hash: d.Hash(), Path: d.Path, Definition: d.Source,
		State: as.State, Who: as.Who, Why: as.Why, Approver: as.Approver,
	}
	return l.Plan(ctx, draft, func(sink campaigns.Sink) (*campaigns.Summary, error) {
		o := planOptions(c, router, suppressed)
		if rows != nil {
			o.Rejects, o.RejectWord = rows, rows.word
		}
		return d.Plan(ctx, o, sink)
	})
}
