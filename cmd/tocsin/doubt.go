package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func newDoubt() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doubt",
		Short: "Settle what is in doubt: list, resend or leave it",
		Long: `Bytes left for recipients in doubt, and no answer came. resend offers the message
once more to those of a campaign that were not resent before: some will get it
twice. leave writes down that they stay as they are.`,
		Args: exactArgs(0, "one of list, resend, leave"),
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
	cmd.AddCommand(list, newVerb("resend", "Send it once more to those in doubt"), newVerb("leave", "Leave those in doubt as they are"))
	return cmd
}
