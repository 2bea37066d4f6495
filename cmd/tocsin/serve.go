package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Work on everything in the ledger until stopped",
		Long: `Keeps the providers' lines up, sends the campaigns in the ledger, takes receipts
and serves metrics and health on the admin listener. SIGTERM finishes what is on
its way, settles it and ends.

One process at a time works on a data folder. To put a campaign into it, stop
serve, start "tocsin run" with the campaign and stop that with one Ctrl-C when it
is planned, and start serve again: it goes on where run stopped.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			s, err := newSystem(cmd.Context(), c, newLog(slog.LevelInfo))
			if err != nil {
				return err
			}
			where := "no admin listener"
			if s.admin != nil {
				where = s.admin.URL()
			}
			fmt.Fprintf(os.Stderr, "tocsin serve: ready (%s, %d providers)\n", where, len(c.Providers))
			err = s.Run(cmd.Context())
			if closeErr := s.Close(); err == nil {
				err = closeErr
			}
			if err == nil && cmd.Context().Err() != nil {
				return &exitError{code: exitOK} // a service that was told to stop has done its work
			}
			return err
		},
	}
	settingFlags(cmd, "admin", "queue", "ledger", "ported")
	return cmd
}
