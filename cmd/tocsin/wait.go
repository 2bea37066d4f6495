package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tocsin/dispatcher/ledger"
)

func newWait() *cobra.Command {
	timeout := time.Duration(0)
	cmd := &cobra.Command{
		Use:   "wait KEY",
		Short: "Wait until a campaign is over, print its report and exit as run does",
		Args:  exactArgs(1, "the campaign's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			reader, err := openReader(c)
			if err != nil {
				return err
			}
			defer reader.Close()
			for start := time.Now(); ; {
				r, err := reader.Report(cmd.Context(), args[0])
				if err != nil {
					return withKeys(cmd, reader, err)
				}
				if r.State == ledger.Finished || r.State == ledger.Cancelled {
					printReport(os.Stdout, r, say)
					return verdict(cmd.Context(), r)
				}
				if timeout > 0 && time.Since(start) >= timeout {
					return fmt.Errorf("campaign %s is %s after %v: nothing was changed, wait again or look with tocsin report %s", args[0], r.State, timeout, args[0])
				}
				select {
				case <-cmd.Context().Done():
					return errors.New("stopped waiting; the campaign goes on")
				case <-time.After(waitEvery):
				}
			}
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "give up after this long, for example 10m; default: never")
	settingFlags(cmd, "ledger")
	return cmd
}

// waitEvery is how often wait looks: a report takes a millisecond.
const waitEvery = 200 * time.Millisecond
