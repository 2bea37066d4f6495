package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
)

func newCampaign() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "List campaigns; approve, pause, resume or cancel one",
		Long: `Commands to campaigns, kept in the ledger with who gave them and why. Every
process that serves the ledger obeys within a second.`,
		Args: exactArgs(0, "one of list, approve, pause, resume, cancel"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCampaignList(),
		newVerb("approve", "Let a submitted campaign be sent"),
		newVerb("pause", "Stop sending it, until it is resumed"),
		newVerb("resume", "Go on sending it"),
		newVerb("cancel", "Send no more of it, for good"))
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

// newVerb is a command to a campaign.
func newVerb(verb, short string) *cobra.Command {
	by, why := "", ""
	cmd := &cobra.Command{
		Use:   verb + " KEY --by NAME --reason TEXT",
		Short: short,
		Args:  exactArgs(1, "the campaign's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if by == "" || why == "" {
				return usage(fmt.Errorf("%s wants --by and --reason: who does it, and why; both are kept", verb))
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			e, err := do(cmd.Context(), c, ledger.Command{Key: args[0], Verb: verb, Who: by, Why: why})
			if err != nil {
				return fmt.Errorf("%w; nothing was changed", err)
			}
			switch verb {
			case "cancel":
				fmt.Fprintf(os.Stderr, "%s is %s: %d are spared the message, %d have it or will, %d are in doubt\n", args[0], e.State, e.Prevented, e.Out, e.InDoubt)
			case "resend":
				fmt.Fprintf(os.Stderr, "%s: %d who were in doubt are sent it once more\n", args[0], e.Prevented)
			default:
				fmt.Fprintf(os.Stderr, "%s is %s\n", args[0], e.State)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "who does it")
	cmd.Flags().StringVar(&why, "reason", "", "why")
	settingFlags(cmd, "ledger")
	return cmd
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
				settled := n.Delivered + n.Failed + n.Expired + n.Cancelled
				t.add(r.Campaign, strconv.Itoa(r.Planned), fmt.Sprintf("%s, %s: %d settled, %d accepted, %d in doubt, %d waiting  %s", r.Class, r.State,
					settled, n.Accepted, n.InDoubt, n.Waiting+n.Offered, r.Note))
			}
			t.write(os.Stdout, 0)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	settingFlags(cmd, "ledger")
	return cmd
}
