// Command tocsin sends public warnings by SMS through mobile carriers and can
// say afterwards what became of every recipient.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	_ "time/tzdata" // campaigns name zones, and a machine may know none
)

func main() { os.Exit(Main(os.Args[1:])) }

// Main runs the program and returns its exit code.
func Main(args []string) int {
	collect(growSending)
	ctx, stop, cause := interruptible()
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	interrupted := cause()
	if interrupted != nil && errors.Is(err, context.Canceled) {
		err = nil // it did what it was told
	}
	code := exitCode(err, interrupted)
	if err != nil && !said(err) {
		fmt.Fprintln(os.Stderr, "tocsin:", err)
	}
	return code
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tocsin",
		Short: "Send public warnings by SMS and account for every recipient",
		Long: `Tocsin sends a campaign's warning to everybody in its audience through mobile
carriers, and can say afterwards what became of every single recipient.

Start with "tocsin demo": it needs no configuration and sends nothing real.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
	}
	root.PersistentFlags().String("config", "", "configuration file (default: ./tocsin.yaml when it is there)")
	root.PersistentFlags().String("data", "", "data folder (default: the configuration's)")
	root.PersistentFlags().String("lang", "", "language of reports, plans and talk: en or zh-CN (default: the environment's)")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newRun(), newPlan(), newSubmit(), newWait(), newCampaign(), newDoubt(), newProvider(), newRoute(), newReport(), newExport(), newReplies(), newBroadcast(), newServe(), newSuppress(), newLedger(),
		newCarrier(), newAudience(), newDemo(), newHealthcheck(), newVersion())
	profiled(root)
	group(root)
	return root
}

// flagError says what a flag takes when it was given something else.
func flagError(cmd *cobra.Command, err error) error {
	var wrong *pflag.InvalidValueError
	if errors.As(err, &wrong) {
		takes := map[string]string{
			"int": "a whole number", "uint64": "a whole number", "float64": "a number such as 0.05", "duration": "a time such as 200ms or 1m30s", "bool": "true or false",
		}[wrong.GetFlag().Value.Type()]
		if takes != "" {
			return usage(fmt.Errorf("--%s takes %s, not %q", wrong.GetFlag().Name, takes, wrong.GetValue()))
		}
	}
	return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
}

// group makes a command that has others below it refuse a word it does not know;
// alone it prints its help.
func group(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		hint := ""
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf(", did you mean %q?", near[0])
		}
		return usage(fmt.Errorf("there is no command %q%s; see %s --help", args[0], hint, cmd.CommandPath()))
	}
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
}

// interruptible is a context that ends at the first SIGINT or SIGTERM; the second
// one exits at once. cause tells which signal it was, or nil.
func interruptible() (ctx context.Context, stop func(), cause func() os.Signal) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	got := make(chan os.Signal, 1)
	go func() {
		s, ok := <-signals
		if !ok {
			return
		}
		got <- s
		fmt.Fprintln(os.Stderr, ambient().Stopping)
		cancel()
		if s, ok = <-signals; ok {
			os.Exit(128 + int(s.(syscall.Signal)))
		}
	}()
	stop = func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
	cause = func() os.Signal {
		select {
		case s := <-got:
			return s
		default:
			return nil
		}
	}
	return ctx, stop, cause
}
