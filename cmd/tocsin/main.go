// Command tocsin sends public warnings by SMS through mobile carriers and can
// say afterwards what became of every recipient.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
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
	code := exitCode(err, cause())
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
	}
	root.PersistentFlags().String("config", "", "configuration file (default: ./tocsin.yaml when it is there)")
	root.PersistentFlags().String("data", "", "data folder (default: the configuration's)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(newRun(), newPlan(), newReport(), newExport(), newServe(), newSuppress(),
		newCarrier(), newAudience(), newDemo(), newHealthcheck(), newVersion())
	profiled(root)
	return root
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
		fmt.Fprintln(os.Stderr, "stopping: what is on its way is finished and settled first; a second signal stops at once")
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
