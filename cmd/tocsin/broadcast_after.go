package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
)

func newBroadcastList() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show all, the newest first",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, say, err := broadcastSettings(cmd)
			if err != nil {
				return err
			}
			reader, err := openReader(c)
			if err != nil {
				return err
			}
			defer reader.Close()
			all, err := reader.Broadcasts(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(os.Stdout, all)
			}
			for i := range all {
				say.show(os.Stdout, &all[i])
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	settingFlags(cmd, "ledger")
	return cmd
}

// findBroadcast is a broadcast that its carrier can be asked about.
func findBroadcast(ctx context.Context, c *configs.Config, key string) (b ledger.Broadcast, err error) {
	reader, err := openReader(c)
	if err != nil {
		return b, err
	}
	defer reader.Close()
	if b, err = reader.Broadcast(ctx, key); errors.Is(err, ledger.ErrNoBroadcast) {
		return b, fmt.Errorf("%w; tocsin broadcast list shows those there are", err)
	}
	if err == nil && b.Ref == "" {
		err = fmt.Errorf("the carrier has not said what it calls %s (%s), so that it cannot be asked about it: call its staff", key, b.State)
	}
	return b, err
}

// An extent is the answer to a query.
type extent struct {
	Key   string     `json:"key"`
	State string     `json:"state"` // SMPP's message_state
	Areas []areaRate `json:"areas,omitempty"`
}

type areaRate struct {
	Area    string `json:"area"`
	Percent *int   `json:"percent"` // of its broadcasts that succeeded; null: nobody knows
}

func newBroadcastQuery() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "query KEY",
		Short: "Ask the carrier how far one is",
		Args:  exactArgs(1, "the broadcast's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, say, err := broadcastSettings(cmd)
			if err != nil {
				return err
			}
			b, err := findBroadcast(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			_, carrier, err := broadcaster(c, b.Provider)
			if err != nil {
				return err
			}
			state, areas, fate := carrier.Query(cmd.Context(), b.Ref)
			if fate.Outcome != sms.Taken {
				return fmt.Errorf("the carrier does not say how far %s is: %w", b.Key, fateError(fate))
			}
			r := extent{Key: b.Key, State: smpp.StateName(state)}
			for _, a := range areas {
				rate := areaRate{Area: a.Area.String()}
				if a.Percent != smpp.UnknownReach {
					n := int(a.Percent)
					rate.Percent = &n
				}
				r.Areas = append(r.Areas, rate)
			}
			if asJSON {
				return writeJSON(os.Stdout, &r)
			}
			say.extent(os.Stdout, &r)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	settingFlags(cmd, "ledger")
	return cmd
}

// fateError is a fate that is none of success, in words.
func fateError(f smpp.Fate) error {
	if f.Err != nil {
		return f.Err
	}
	return fmt.Errorf("it answers with status %#x", f.Code)
}

func newBroadcastCancel() *cobra.Command {
	var o orders
	cmd := &cobra.Command{
		Use:   "cancel KEY --by NAME --reason TEXT",
		Short: "End one before its last repetition",
		Args:  exactArgs(1, "the broadcast's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete("broadcast cancel"); err != nil {
				return err
			}
			c, say, err := broadcastSettings(cmd)
			if err != nil {
				return err
			}
			b, err := findBroadcast(cmd.Context(), c, args[0])
			if err != nil {
				return unchanged(err)
			}
			_, carrier, err := broadcaster(c, b.Provider)
			if err != nil {
				return err
			}
			b.Cancel, b.CancelAt, b.CancelWho, b.CancelWhy = ledger.BroadcastInDoubt, time.Now().UnixMilli(), o.by, o.why
			if err := keepBroadcast(cmd.Context(), c, &b); err != nil {
				return unchanged(fmt.Errorf("write down that it is cancelled: %w", err))
			}
			fate := carrier.Cancel(cmd.Context(), b.Ref)
			b.Cancel = fateName(fate.Outcome)
			if err := keepBroadcast(context.WithoutCancel(cmd.Context()), c, &b); err != nil {
				return fmt.Errorf("the ledger has the cancel of %s in doubt, for what became of it could not be written: %w", b.Key, err)
			}
			if o.asJSON {
				err = writeJSON(os.Stdout, &b)
			} else {
				say.show(os.Stdout, &b)
			}
			switch {
			case err != nil:
				return err
			case b.Cancel == ledger.BroadcastInDoubt:
				return &exitError{exitOpen, fateError(fate)}
			case b.Cancel != ledger.BroadcastTaken:
				return &exitError{exitFailed, fateError(fate)}
			}
			return nil
		},
	}
	o.flags(cmd)
	return cmd
}
