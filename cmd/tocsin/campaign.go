package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
)

func newCampaign() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "List campaigns; approve, pause, resume, cancel or retry one",
		Long: `Commands to campaigns, kept in the ledger with who gave them and why. Every
process that serves the ledger obeys within a second.`,
		Args: exactArgs(0, "one of list, approve, pause, resume, cancel, retry"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCampaignList(),
		newVerb("approve", "Let a submitted campaign be sent"),
		newVerb("pause", "Stop sending it, until it is resumed"),
		newVerb("resume", "Go on sending it"),
		newVerb("cancel", "Send no more of it, for good"),
		newRetry())
	return cmd
}

// visit opens the ledger to plan or to command, beside the processes that serve it
// where it is shared.
func visit(cmd *cobra.Command, c *configs.Config) (*ledger.Ledger, error) {
	o := ledgerOptions(c)
	o.Visitor = true
	l, err := ledger.Open(cmd.Context(), o)
	if errors.Is(err, ledger.ErrBusy) {
		return nil, fmt.Errorf("%w: a ledger in a file is one process's at a time; stop that one first, or keep the ledger in a PostgreSQL (ledger: postgres://…)", err)
	}
	return l, err
}

// orders are the flags that every command has: who gives it and why, and how its
// effect is told.
type orders struct {
	by, why string
	asJSON  bool
}

func (o *orders) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.by, "by", "", "who does it")
	cmd.Flags().StringVar(&o.why, "reason", "", "why")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "say what it has done as JSON")
	settingFlags(cmd, "ledger")
}

// complete refuses a command without --by and --reason.
func (o *orders) complete(verb string) error {
	if strings.TrimSpace(o.by) == "" || strings.TrimSpace(o.why) == "" {
		return usage(fmt.Errorf("%s wants --by and --reason: who does it, and why; both are kept", verb))
	}
	return nil
}

// give gives a command and tells its effect: as JSON on stdout, or for people as say
// puts it.
func (o *orders) give(cmd *cobra.Command, c *configs.Config, d ledger.Command, say func(e ledger.Effect) string) error {
	d.Who, d.Why = o.by, o.why
	e, err := do(cmd.Context(), c, d)
	if err != nil {
		return unchanged(err)
	}
	if o.asJSON {
		return writeJSON(os.Stdout, e)
	}
	fmt.Fprintln(os.Stderr, say(e))
	return nil
}

// unchanged says of an error that it has changed nothing.
func unchanged(err error) error { return fmt.Errorf("%w; nothing was changed", err) }

// newVerb is a command to a campaign.
func newVerb(verb, short string) *cobra.Command {
	var o orders
	cmd := &cobra.Command{
		Use:   verb + " KEY --by NAME --reason TEXT",
		Short: short,
		Args:  exactArgs(1, "the campaign's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(verb); err != nil {
				return err
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			return o.give(cmd, c, ledger.Command{Key: args[0], Verb: verb}, func(e ledger.Effect) string {
				switch verb {
				case "cancel":
					return fmt.Sprintf(say.Spared, args[0], wordFor(say.States, e.State), e.Prevented, e.Out, e.InDoubt)
				case "resend":
					return fmt.Sprintf("%s: %d who were in doubt are sent it once more", args[0], e.Prevented)
				}
				return fmt.Sprintf("%s is %s", args[0], e.State)
			})
		},
	}
	o.flags(cmd)
	return cmd
}

// newRetry plans a campaign for the failed recipients of another one.
func newRetry() *cobra.Command {
	var o orders
	approve := false
	cmd := &cobra.Command{
		Use:   "retry KEY --by NAME --reason TEXT",
		Short: "Send it once more to those who have failed, as a campaign of its own",
		Long: `Plans a campaign KEY-retry-1 (or the next number) for exactly those of a campaign
that is over who have failed, and whom no earlier retry has reached. It has the same
definition; the list of those who want nothing, and the routes, are as they are now.
The audience's files are not read again. It waits for tocsin campaign approve, or is
approved with --approve.`,
		Args: exactArgs(1, "the campaign's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete("retry"); err != nil {
				return err
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			if err := c.CanSend(); err != nil {
				return usage(err) // without routes there is no plan
			}
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			planned, err := retry(cmd, c, ledger.Command{Key: args[0], Verb: "retry", Who: o.by, Why: o.why}, approve)
			if err != nil {
				return unchanged(err)
			}
			return printPlanned(planned, o.asJSON, os.Stdout, os.Stderr, say)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&approve, "approve", false, "let it be sent")
	settingFlags(cmd, "ported", "prefixes")
	return cmd
}

// retry plans straight into the ledger, or has the server do it that holds its file.
func retry(cmd *cobra.Command, c *configs.Config, d ledger.Command, approve bool) (p web.Planned, err error) {
	l, err := visit(cmd, c)
	if errors.Is(err, ledger.ErrBusy) {
		err = tell(cmd.Context(), c, "campaigns", d.Key, d.Verb, web.Reason{Reason: d.Why, Approve: approve}, &p)
		return p, err
	}
	if err != nil {
		return p, err
	}
	p, err = (&planning{ledger: l, config: c}).Retry(cmd.Context(), d, approve)
	return p, errors.Join(err, l.Close())
}

// reports are those of all campaigns, oldest first.
func reports(cmd *cobra.Command) ([]*ledger.Report, error) {
	c, err := settings(cmd)
	if err != nil {
		return nil, err
	}
	reader, err := openReader(c)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	keys, err := reader.Keys(cmd.Context())
	if err != nil {
		return nil, err
	}
	all := make([]*ledger.Report, len(keys))
	for i, key := range keys {
		if all[i], err = reader.Report(cmd.Context(), key); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func newCampaignList() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all campaigns with where they stand",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := reports(cmd)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(os.Stdout, all)
			}
			var t sheet
			for _, r := range all {
				n := r.Recipients
				if r.RetryOf != "" {
					r.Note = strings.TrimSpace("retry of " + r.RetryOf + "  " + r.Note)
				}
				settled := n.Delivered + n.Failed + n.Expired + n.Cancelled
				t.add(r.Campaign, strconv.Itoa(r.Planned), fmt.Sprintf("%s, %s: %d settled, %d accepted, %d in doubt, %d waiting  %s", r.Class, r.State,
					settled, n.Accepted, n.InDoubt, n.Waiting+n.Offered, visible(r.Note)))
			}
			t.write(os.Stdout, 0)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	settingFlags(cmd, "ledger")
	return cmd
}
