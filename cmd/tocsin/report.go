package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/configs"
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
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			reader, err := openReader(c)
			if err != nil {
				return err
			}
			defer reader.Close()
			r, err := reader.Report(cmd.Context(), args[0])
			if err != nil {
				return withKeys(cmd, reader, err)
			}
			if err := estimate(cmd.Context(), c, reader, r); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(os.Stdout, r)
			}
			printReport(os.Stdout, r, say)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// openReader opens the ledger of the data folder for reading.
func openReader(c *configs.Config) (*ledger.Reader, error) {
	reader, err := ledger.OpenReader(ledgerOptions(c))
	if errors.Is(err, ledger.ErrNoLedger) {
		return nil, fmt.Errorf("%w: no campaign was run there; name another data folder with --data", err)
	}
	return reader, err
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
	// A plan's samples hold names: nobody else reads them.
	f, err := newPrivate(path)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	defer f.drop()
	if err := writeJSON(f, v); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := f.keep(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// shownOccurrences is how many of a campaign's times a report names: the last ones.
const shownOccurrences = 5

// printReport writes a report for people.
func printReport(w io.Writer, r *ledger.Report, say *words) {
	fmt.Fprintf(w, say.Title, r.Campaign, visible(r.Title), wordFor(say.Classes, r.Class), wordFor(say.States, r.State))
	if r.Note != "" {
		fmt.Fprintf(w, "  %s\n", visible(r.Note))
	}
	if r.RetryOf != "" {
		fmt.Fprintf(w, say.RetryOf, r.RetryOf)
	}
	if r.OccurrenceOf != "" {
		fmt.Fprintf(w, say.OccurrenceOf, r.OccurrenceOf)
	}
	if n := len(r.Occurrences); n > 0 || r.Missed > 0 {
		fmt.Fprintf(w, say.Occurrences, n, strings.Join(r.Occurrences[max(0, n-shownOccurrences):], ", "), r.Missed)
	}
	if len(r.Retries) > 0 {
		fmt.Fprintf(w, say.Retries, strings.Join(r.Retries, ", "))
	}
	var t sheet
	line := func(name string, n int, note string) { t.add("  "+name, strconv.Itoa(n), note) }
	some := func(name string, n int, note string) {
		if n != 0 {
			line(name, n, note)
		}
	}
	line(say.Rows, r.Rows, say.RowsNote)
	for _, reason := range sortedKeys(r.Excluded) {
		some(wordFor(say.Reasons, reason), r.Excluded[reason], say.Excluded)
	}
	line(say.Planned, r.Planned, say.PlannedNote)
	segments := say.SegmentsToGo
	if r.State != planned {
		n := r.Recipients
		some(say.Waiting, n.Waiting, say.WaitingNote)
		some(say.Offered, n.Offered, say.OfferedNote)
		some(say.InDoubt, n.InDoubt, say.InDoubtNote)
		some(say.Accepted, n.Accepted, say.AcceptedNote)
		some(say.Delivered, n.Delivered, say.DeliveredNo)
		some(say.Failed, n.Failed, say.FailedNote)
		some(say.Expired, n.Expired, say.ExpiredNote)
		some(say.Cancelled, n.Cancelled, say.CancelledNo)
		some(say.OptedOut, r.OptedOut, say.OptedOutNo)
		some(say.NoReceipt, r.NoReceipt, say.NoReceiptNo)
		some(say.Resent, r.Resent, say.ResentNote)
		segments = say.SegmentsSent
	}
	some(say.Segments, r.Segments, segments)
	t.write(w, 2)
	if r.State != planned {
		for _, name := range sortedKeys(r.Providers) {
			p := r.Providers[name]
			fmt.Fprintf(w, say.Through, name, p.Delivered, p.Accepted, p.Failed, p.InDoubt, p.Waiting+p.Offered)
		}
	}
	if o := r.Override; o != nil {
		fmt.Fprintf(w, say.Override, o.People, visible(o.Why))
		if o.By != "" {
			fmt.Fprintf(w, say.OverrideBy, visible(o.By), time.UnixMilli(o.At).Format(time.DateTime))
		}
	}
	if n := r.Replies; n != nil && r.State != planned {
		fmt.Fprint(w, "  ")
		fmt.Fprintf(w, say.RepliesTo, r.Campaign, n.Messages, n.People)
		printReplies(w, n, say)
	}
	printMoved(w, r, say)
	printFinish(w, r, say)
	balance := say.Balanced
	if !r.Balanced {
		balance = say.NotBalanced
	}
	fmt.Fprintf(w, balance, r.Seconds)
}

// wordFor is the word for name, or name itself where there is none.
func wordFor(words map[string]string, name string) string {
	if word, ok := words[name]; ok {
		return word
	}
	return name
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
