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
		Short: "List, check and test providers; change a rate; enable, drain, disable or reroute one",
		Long: `Commands to providers, kept in the ledger with who gave them and why. Every process
that serves the ledger obeys within a second. drain finishes what is offered and
offers no more; disable does that, and gives its waiting pages to their fall-backs.`,
		Args: exactArgs(0, "one of list, check, test, rate, enable, drain, disable, reroute"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProviderList(), newProviderCheck(), newProviderTest(),
		newProviderVerb("rate", "NAME N", "Let it have N segments a second"),
		newProviderVerb("enable", "NAME", "Send through it again; call one that has stopped again, its secret read anew"),
		newProviderVerb("drain", "NAME", "Finish what is offered to it, and offer no more"),
		newProviderVerb("disable", "NAME", "Drain it, and give its pages to their fall-backs"),
		newReroute())
	return cmd
}

// newProviderVerb is a command to a provider.
func newProviderVerb(verb, takes, short string) *cobra.Command {
	var o orders
	args, what := 1, "the provider's name"
	if verb == "rate" {
		args, what = 2, "the provider's name and segments per second"
	}
	cmd := &cobra.Command{
		Use:   verb + " " + takes + " --by NAME --reason TEXT",
		Short: short,
		Args:  exactArgs(args, what),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(verb); err != nil {
				return err
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			if !hasProvider(c, args[0]) {
				return fmt.Errorf("there is no provider %s; the configuration has %s", args[0], strings.Join(providerNames(c), ", "))
			}
			command := ledger.Command{Key: args[0], Verb: verb}
			if verb == "rate" {
				if command.Rate, err = strconv.Atoi(args[1]); err != nil {
					return usage(fmt.Errorf("%q is no number of segments per second", args[1]))
				}
			}
			return o.give(cmd, c, command, func(e ledger.Effect) string { return fmt.Sprintf("%s is %s", args[0], e.State) })
		},
	}
	o.flags(cmd)
	return cmd
}

// newReroute gives the waiting recipients of a provider to another one.
func newReroute() *cobra.Command {
	var o orders
	to, campaign := "", ""
	cmd := &cobra.Command{
		Use:   "reroute NAME [--to OTHER] --by NAME --reason TEXT",
		Short: "Give who waits for it to another provider, or to the fall-backs",
		Long: `Gives everybody who waits for a provider, in all campaigns or in one, to another
provider, or to the fall-backs of their routes. Who is on the way, or in doubt, stays
where they are. Pages at work come back within a second, and what waits on them then
moves too.`,
		Args: exactArgs(1, "the provider's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete("reroute"); err != nil {
				return err
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			d := ledger.Command{Key: args[0], Verb: "reroute", To: to, Campaign: campaign, Among: providerNames(c)}
			return o.give(cmd, c, d, func(e ledger.Effect) string {
				return fmt.Sprintf("%s: %d who waited have moved, %d move when their pages come back from work, %d could not: no other provider is enabled for them",
					args[0], e.Moved, e.Later, e.Stay)
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the provider that gets them (default: the fall-backs of their routes)")
	cmd.Flags().StringVar(&campaign, "campaign", "", "only those of this campaign")
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
