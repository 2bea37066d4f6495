package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
)

func newSubmit() *cobra.Command {
	approve, by := false, ""
	cmd := &cobra.Command{
		Use:   "submit CAMPAIGN.yaml",
		Short: "Plan a campaign into the ledger, for the processes that serve it",
		Long: `Plans a campaign into the ledger and ends. With --approve any tocsin serve over
that ledger begins to send it within a second; without, it waits for
tocsin campaign approve.`,
		Args: exactArgs(1, "a campaign's definition (YAML)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			if approve && by == "" {
				return usage(errors.New("submit --approve wants --by: who approves it"))
			}
			d, err := campaigns.Load(args[0])
			if err != nil {
				return err
			}
			l, err := visit(cmd, c)
			if err != nil {
				return err
			}
			defer l.Close()
			if _, err := l.Campaign(d.Key); !errors.Is(err, ledger.ErrNotFound) {
				return errors.Join(err, &campaigns.Refusal{File: d.Path, Err: fmt.Errorf("campaign %s is in the ledger already: give this one a new key", d.Key)})
			}
			planned, err := planInto(cmd.Context(), l, c, d, ledger.Submitted)
			if err != nil {
				return err
			}
			if approve {
				if _, err := l.Do(cmd.Context(), ledger.Command{Key: d.Key, Verb: "approve", Who: by, Why: "with submit"}); err != nil {
					return err
				}
			}
			fmt.Fprintf(os.Stderr, "%s: %d recipients planned\n", d.Key, planned.Planned)
			return l.Close()
		},
	}
	cmd.Flags().BoolVar(&approve, "approve", false, "let it be sent")
	cmd.Flags().StringVar(&by, "by", "", "who approves it")
	settingFlags(cmd, "ledger", "country", "ported")
	return cmd
}
