package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

func newSuppress() *cobra.Command {
	why := ""
	cmd := &cobra.Command{
		Use:   "suppress FILE",
		Short: "Put numbers on the list of those no campaign may reach",
		Long:  "Reads one number a line. Every later plan excludes them; twice is nothing.",
		Args:  exactArgs(1, "a file with one number a line"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			numbers, err := readNumbers(args[0], c.Country == "CN")
			if err != nil {
				return &exitError{exitRefused, err}
			}
			l, err := openLedger(cmd.Context(), ledgerOptions(c))
			if err != nil {
				return err
			}
			defer l.Close()
			if err := func() error { _, err := l.List(cmd.Context(), ledger.Listing{Numbers: numbers, Who: whoRuns(), Why: why}); return err }(); err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "%d numbers are on the list\n", len(numbers))
			return nil
		},
	}
	cmd.Flags().StringVar(&why, "why", "opted out", "the reason, kept with the numbers")
	return cmd
}

// readNumbers reads one number a line; a line that is none refuses the file.
func readNumbers(path string, china bool) ([]sms.Number, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var numbers []sms.Number
	lines := bufio.NewScanner(f)
	for k := 1; lines.Scan(); k++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		n, err := sms.ParseNumber(lines.Bytes(), china)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w: correct or remove the line; nothing was changed", path, k, err)
		}
		numbers = append(numbers, n)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return numbers, nil
}
