package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tocsin/dispatcher/ledger"
)

func newReport() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "report KEY",
		Short: "Say what became of a campaign's recipients",
		Args:  exactArgs(1, "the campaign's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			reader, err := ledger.OpenReader(c.Data)
			if err != nil {
				return err
			}
			defer reader.Close()
			r, err := reader.Report(cmd.Context(), args[0])
			if err != nil {
				return withKeys(cmd, reader, err)
			}
			if asJSON {
				return writeJSON(os.Stdout, r)
			}
			printReport(os.Stdout, r)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// withKeys adds the keys there are to the error that there is no such one.
func withKeys(cmd *cobra.Command, reader *ledger.Reader, err error) error {
	keys, listErr := reader.Keys(cmd.Context())
	if listErr != nil || len(keys) == 0 {
		return err
	}
	return fmt.Errorf("%w; this ledger has %q", err, keys)
}

// exactArgs wants n arguments and says what they are.
func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(fmt.Errorf("%s takes %s; see tocsin %s --help", cmd.Name(), what, cmd.Name()))
		}
		return nil
	}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeReport writes a report to a file as JSON; path "" is nothing.
func writeReport(path string, v any) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := writeJSON(f, v); err != nil {
		f.Close()
		return fmt.Errorf("write report: %w", err)
	}
	return f.Close()
}

// printReport writes a report for people.
func printReport(w io.Writer, r *ledger.Report) {
	fmt.Fprintf(w, "%s  %s  (%s, %s)\n", r.Campaign, r.Title, r.Class, r.State)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name string, n int, note string) {
		if n != 0 || note == "" {
			fmt.Fprintf(t, "  %s\t%d\t  %s\n", name, n, note)
		}
	}
	line("rows", r.Rows, "in the audience")
	for _, reason := range sortedKeys(r.Excluded) {
		line(reason, r.Excluded[reason], "excluded")
	}
	line("planned", r.Planned, "recipients")
	n := r.Recipients
	line("waiting", n.Waiting, "not sent yet")
	line("offered", n.Offered, "on their way to the carrier")
	line("in doubt", n.InDoubt, "bytes left, no answer came: never sent again in silence")
	line("accepted", n.Accepted, "taken by the carrier, no receipt so far")
	line("delivered", n.Delivered, "a receipt says so")
	line("failed", n.Failed, "refused for good, or a receipt says so")
	line("expired", n.Expired, "the campaign's time was over")
	line("cancelled", n.Cancelled, "")
	line("no receipt", r.NoReceipt, "accepted, and the wait is over")
	line("resent", r.Resent, "offered again out of doubt")
	segments := "taken by carriers"
	if r.State == planned {
		segments = "to be sent"
	}
	line("segments", r.Segments, segments)
	t.Flush()
	for _, name := range sortedKeys(r.Providers) {
		p := r.Providers[name]
		fmt.Fprintf(w, "  through %s: %d delivered, %d accepted, %d failed, %d in doubt, %d waiting\n",
			name, p.Delivered, p.Accepted, p.Failed, p.InDoubt, p.Waiting+p.Offered)
	}
	balance := "balanced: every row is in exactly one place"
	if !r.Balanced {
		balance = "NOT BALANCED: keep the data folder and report this"
	}
	fmt.Fprintf(w, "  %s (%.1f s)\n", balance, r.Seconds)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
