package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/configs"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve [CAMPAIGN.yaml ...]",
		Short: "Work on everything in the ledger until stopped",
		Long: `Keeps the providers' lines up, sends the campaigns in the ledger, takes receipts
and serves metrics and health on the admin listener. SIGTERM finishes what is on
its way, settles it and ends; SIGHUP reads the files of prefixes and ported numbers
again.

Campaigns that are named are planned first; one that was planned before goes on
where it stopped. One process at a time works on a data folder: tocsin submit sends
another campaign to it, through its API (tokens: in the configuration). Any number of
processes work on a ledger in a PostgreSQL; --roles says what this one does.`,
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
			v := service{config: c, log: newLog(slog.LevelInfo), say: say}
			err = v.run(cmd.Context(), definitions)
			if err == nil && cmd.Context().Err() != nil {
				return &exitError{code: exitOK} // a service that was told to stop has done its work
			}
			return err
		},
	}
	settingFlags(cmd, "admin", "queue", "ledger", "country", "ported", "prefixes", "roles", "machine")
	return cmd
}

// A service is serve at work.
type service struct {
	config *configs.Config
	log    *slog.Logger
	say    *words
	tide   int64 // of a shared ledger when it failed
}

// reopenEvery is how soon a shared ledger that failed is tried again.
const reopenEvery = 2 * time.Second

// run works until ctx ends or something fails for good. When a database that many
// share fails, sending stops at once, and everything is read anew once it answers:
// what was on its way is in doubt then, or was written after all.
func (v *service) run(ctx context.Context, definitions []*campaigns.Definition) error {
	_, unhang := hangups() // SIGHUP ends nobody, also while the ledger is opened again
	defer unhang()
	for opened := false; ; {
		worked, err := v.once(ctx, definitions)
		opened = opened || worked
		if ctx.Err() != nil && err == nil || !v.config.Shared() || !opened {
			return err
		}
		if ctx.Err() != nil {
			return nil // it could not be told goodbye: the others will find out
		}
		v.log.Error("sending has stopped until the ledger can be read again", "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reopenEvery):
		}
		definitions = nil
	}
}

// once opens everything and works until ctx ends or something fails; worked reports
// whether it came so far. What fails behind that is for later: the ledger may have failed
// in a read as well as in a write.
func (v *service) once(ctx context.Context, definitions []*campaigns.Definition) (worked bool, err error) {
	s, err := newSystemAfter(ctx, v.config, v.log, v.tide)
	if err != nil {
		return false, err
	}
	v.tide = 0
	for _, d := range definitions {
		if _, err := s.plan(ctx, d, "", os.Stderr, v.say); err != nil {
			return false, errors.Join(err, s.Close())
		}
	}
	where := "no admin listener"
	if s.admin != nil {
		where = s.admin.URL()
	}
	here := 0
	for i := range v.config.Providers {
		if p := &v.config.Providers[i]; v.config.Here(p) {
			here++
		} else if v.config.Has(configs.RoleSend) {
			v.log.Info("this machine does not log in with an account: only_on names others", "provider", p.Name, "machine", v.config.MachineName())
		}
	}
	fmt.Fprintf(os.Stderr, "tocsin serve: ready (%s, %d providers)\n", where, here)
	err = s.Run(ctx)
	v.tide = s.ledger.Tide()
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return true, err
}
