package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/dispatcher/ledger"
)

func newProvider() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "provider",
		Short: "List providers; change a rate; enable, drain or disable one",
		Long: `Commands to providers, kept in the ledger with who gave them and why. Every process
that serves the ledger obeys within a second. drain finishes what is offered and
offers no more; disable does that, and gives its waiting pages to their fall-backs.`,
		Args: exactArgs(0, "one of list, rate, enable, drain, disable"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProviderList(),
		newProviderVerb("rate", "NAME N", "Let it have N segments a second"),
		newProviderVerb("enable", "NAME", "Send through it again; call one that has stopped again, its secret read anew"),
		newProviderVerb("drain", "NAME", "Finish what is offered to it, and offer no more"),
		newProviderVerb("disable", "NAME", "Drain it, and give its pages to their fall-backs"))
	return cmd
}

// newProviderVerb is a command to a provider.
func newProviderVerb(verb, takes, short string) *cobra.Command {
	by, why := "", ""
	args, what := 1, "the provider's name"
	if verb == "rate" {
		args, what = 2, "the provider's name and segments per second"
	}
	cmd := &cobra.Command{
		Use:   verb + " " + takes + " --by NAME --reason TEXT",
		Short: short,
		Args:  exactArgs(args, what),
		RunE: func(cmd *cobra.Command, args []string) error {
			if by == "" || why == "" {
				return usage(fmt.Errorf("%s wants --by and --reason: who does it, and why; both are kept", verb))
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			if !hasProvider(c, args[0]) {
				return fmt.Errorf("there is no provider %s; the configuration has %s", args[0], strings.Join(providerNames(c), ", "))
			}
			command := ledger.Command{Key: args[0], Verb: verb, Who: by, Why: why}
			if verb == "rate" {
				if command.Rate, err = strconv.Atoi(args[1]); err != nil {
					return usage(fmt.Errorf("%q is no number of segments per second", args[1]))
				}
			}
			e, err := do(cmd.Context(), c, command)
			if err != nil {
				return fmt.Errorf("%w; nothing was changed", err)
			}
			fmt.Fprintf(os.Stderr, "%s is %s\n", args[0], e.State)
			return nil
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "who does it")
	cmd.Flags().StringVar(&why, "reason", "", "why")
	settingFlags(cmd, "ledger")
	return cmd
}

func newProviderList() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the providers: what they were told, how their lines stand, what their carriers took",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			reader, err := openReader(c)
			if err != nil {
				return err
			}
			defer reader.Close()
			all, err := reader.Standings(cmd.Context(), providerNames(c))
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(os.Stdout, all)
			}
			printStandings(os.Stdout, all)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	settingFlags(cmd, "ledger")
	return cmd
}
