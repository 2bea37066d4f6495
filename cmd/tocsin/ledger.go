package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"tocsin/dispatcher/ledger"
)

func newLedger() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Check, back up, restore or move the ledger",
		Args:  exactArgs(0, "one of check, backup, restore, move"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLedgerCheck(), newLedgerBackup(), newLedgerRestore(), newLedgerMove())
	for _, sub := range cmd.Commands() {
		settingFlags(sub, "ledger")
	}
	return cmd
}

func newLedgerCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Hold everything in the ledger against everything else",
		Long: `Reads the whole ledger, beside whoever works on it, and holds rows against
recipients, pages' counts against their recipients, numbers against their order.
It changes nothing, and exits with 1 when something is wrong.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			r, err := ledger.OpenReader(ledgerOptions(c))
			if err != nil {
				return err
			}
			defer r.Close()
			done, err := r.Check(cmd.Context())
			if err != nil {
				return err
			}
			for _, f := range done.Findings {
				fmt.Fprintf(os.Stdout, "campaign %s page %d: %s\n", f.Campaign, f.Page, f.What)
			}
			fmt.Fprintf(os.Stderr, "%d campaigns, %d pages, %d recipients read\n", done.Campaigns, done.Pages, done.Recipients)
			if n := len(done.Findings); n > 0 {
				return fmt.Errorf("%d things are wrong with the ledger: stop sending, keep a copy of it, and restore a backup", n)
			}
			return nil
		},
	}
}

func newLedgerBackup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the ledger, as it is at one instant, into a new file",
		Args:  exactArgs(1, "the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			return ledger.Backup(cmd.Context(), ledgerOptions(c), args[0])
		},
	}
}

func newLedgerRestore() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Copy a backup into the configured ledger, which must be empty",
		Long: `Copies a backup into the configured ledger. What was sent after the backup was
made is not in it: every campaign that was at work is paused and its report says
why, and everybody in it who was not settled is in doubt.`,
		Args: exactArgs(1, "the backup's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			return empty(ledger.Restore(cmd.Context(), ledgerOptions(c), args[0]))
		},
	}
}

func newLedgerMove() *cobra.Command {
	to := ""
	cmd := &cobra.Command{
		Use:   "move --to DIR|postgres://…",
		Short: "Copy the ledger, which nobody works on, into another place",
		Long: `Copies the configured ledger into another place: a data folder, or a PostgreSQL.
Nobody may be at work on it. Then name the new place in the configuration.`,
		Args: exactArgs(0, "no arguments but --to"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			if to == "" {
				return usage(errors.New("ledger move wants --to: a data folder, or postgres://USER@HOST:5432/DATABASE"))
			}
			other := *c
			other.Data, other.Ledger = to, "sqlite"
			if ledger.IsPostgres(to) {
				other.Data, other.Ledger = c.Data, to
			}
			return empty(ledger.Move(cmd.Context(), ledgerOptions(c), ledgerOptions(&other)))
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "where to: a data folder, or postgres://USER@HOST:5432/DATABASE")
	return cmd
}

// empty says what to do about a ledger that is not empty, or in use.
func empty(err error) error {
	switch {
	case errors.Is(err, ledger.ErrNotEmpty):
		return fmt.Errorf("%w: name an empty one, with --data, --ledger or in the configuration; nothing was changed", err)
	case errors.Is(err, ledger.ErrBusy):
		return fmt.Errorf("%w: stop it first", err)
	}
	return err
}
