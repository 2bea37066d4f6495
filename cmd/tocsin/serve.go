package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve [CAMPAIGN.yaml ...]",
		Short: "Work on everything in the ledger until stopped",
		Long: `Keeps the providers' lines up, sends the campaigns in the ledger, takes receipts
and serves metrics and health on the admin listener. SIGTERM finishes what is on
its way, settles it and ends.

Campaigns that are named are planned first; one that was planned before goes on
where it stopped. One process at a time works on a data folder: stop serve to put
another campaign into it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			definitions := make([]*campaigns.Definition, len(args))
			for i, path := range args {
				if definitions[i], err = campaigns.Load(path); err != nil {
					return err
				}
			}
			s, err := newSystem(cmd.Context(), c, newLog(slog.LevelInfo))
			if err != nil {
				return err
			}
			for _, d := range definitions {
				if _, err := s.plan(cmd.Context(), d, os.Stderr, say); err != nil {
					return errors.Join(err, s.Close())
				}
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
	settingFlags(cmd, "admin", "queue", "ledger", "country", "ported")
	return cmd
}
