package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"tocsin/dispatcher/ledger"
)

func newDoubt() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doubt",
		Short: "Settle what is in doubt: list, resend, leave or mark it",
		Long: `Bytes left for recipients in doubt, and no answer came. resend offers the message
once more to those of a campaign that were not resent before: some will get it
twice. leave writes down that they stay as they are. mark settles them as you know it
from the carrier.`,
		Args: exactArgs(0, "one of list, resend, leave, mark"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "Say how many are in doubt, by campaign",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := reports(cmd)
			if err != nil {
				return err
			}
			for _, r := range all {
				if r.Recipients.InDoubt > 0 {
					fmt.Fprintf(os.Stdout, "%s\t%d\n", r.Campaign, r.Recipients.InDoubt)
				}
			}
			return nil
		},
	}
	settingFlags(list, "ledger")
	cmd.AddCommand(list, newVerb("resend", "Send it once more to those in doubt"), newVerb("leave", "Leave those in doubt as they are"), newMark())
	return cmd
}

// newMark settles doubt by hand.
func newMark() *cobra.Command {
	var o orders
	as, provider := "", ""
	cmd := &cobra.Command{
		Use:   "mark KEY --as accepted|delivered|failed --by NAME --reason TEXT",
		Short: "Say of those in doubt what you know from the carrier",
		Long: `Takes everybody of a campaign who is in doubt, or those who were offered through one
provider, to accepted, delivered or failed. A receipt that comes later still makes
delivered or failed of who is accepted; who is delivered or failed stays so.`,
		Args: exactArgs(1, "the campaign's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete("mark"); err != nil {
				return err
			}
			if as == "" {
				return usage(errors.New("mark wants --as: accepted, delivered or failed"))
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			return o.give(cmd, c, ledger.Command{Key: args[0], Verb: "mark", As: as, Provider: provider, Among: providerNames(c)}, func(e ledger.Effect) string {
				return fmt.Sprintf("%s: %d who were in doubt are %s", args[0], e.Marked, as)
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&as, "as", "", "accepted, delivered or failed")
	cmd.Flags().StringVar(&provider, "provider", "", "only those who were offered through this one")
	return cmd
}
