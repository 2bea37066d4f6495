package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
)

func newReplies() *cobra.Command {
	asJSON, listed, out := false, false, ""
	cmd := &cobra.Command{
		Use:   "replies [KEY]",
		Short: "Count what people have answered; list who said what",
		Long: `Counts the answers to a campaign by the keywords of its definition (replies:), by
the last answer of each person, and how many have it and are silent. Without a key:
every campaign that asks for answers, or was answered.

--list writes each message with its number and text, as CSV: keep it private. A long one
that came in parts is one row.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if listed && len(args) == 0 || out != "" && !listed {
				return usage(errors.New("--list wants a campaign's key, and --out wants --list; see tocsin replies --help"))
			}
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
			if len(args) == 0 {
				return allReplies(cmd, reader, asJSON, say)
			}
			if listed {
				err = listReplies(cmd, reader, args[0], out)
			} else {
				err = oneReplies(cmd, reader, args[0], asJSON, say)
			}
			if errors.Is(err, ledger.ErrNotFound) {
				return withKeys(cmd, reader, err)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&listed, "list", false, "write every message, with its number, as CSV")
	cmd.Flags().StringVar(&out, "out", "", "with --list: write to this file (readable by you alone) instead of the screen")
	settingFlags(cmd, "ledger")
	return cmd
}

func oneReplies(cmd *cobra.Command, reader *ledger.Reader, key string, asJSON bool, say *words) error {
	n, err := reader.Replies(cmd.Context(), key)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(os.Stdout, web.Answered{Campaign: key, ReplyCounts: *n})
	}
	fmt.Fprintf(os.Stdout, say.RepliesTo, key, n.Messages, n.People)
	printReplies(os.Stdout, n, say)
	return nil
}

// printReplies writes a line for each label, then for the rest.
func printReplies(w io.Writer, n *ledger.ReplyCounts, say *words) {
	var t sheet
	for _, a := range n.Answers {
		t.add("  "+a.Label, strconv.Itoa(a.People), fmt.Sprintf(say.AnswerNote, strings.Join(a.Keywords, ", ")))
	}
	for _, rest := range []struct {
		name string
		n    int
		note string
	}{{say.OtherReplies, n.Other, say.OtherNote}, {say.OptedOut, n.OptedOut, say.OptedOutBy}, {say.OptedIn, n.OptedIn, say.OptedInBy}} {
		if rest.n > 0 {
			t.add("  "+rest.name, strconv.Itoa(rest.n), rest.note)
		}
	}
	if n.Silent != nil {
		t.add("  "+say.Silent, strconv.Itoa(*n.Silent), say.SilentNote)
	}
	t.write(w, 2)
}

func allReplies(cmd *cobra.Command, reader *ledger.Reader, asJSON bool, say *words) error {
	keys, err := reader.Keys(cmd.Context())
	if err != nil {
		return err
	}
	all := []web.Answered{}
	for _, key := range keys {
		r, err := reader.Report(cmd.Context(), key)
		if err != nil {
			return err
		}
		if r.Replies != nil {
			all = append(all, web.Answered{Campaign: key, ReplyCounts: *r.Replies})
		}
	}
	if asJSON {
		return writeJSON(os.Stdout, all)
	}
	for _, a := range all {
		fmt.Fprintf(os.Stdout, say.RepliesTo, a.Campaign, a.Messages, a.People)
		printReplies(os.Stdout, &a.ReplyCounts, say)
	}
	return nil
}

// listReplies writes every reply with its sender.
func listReplies(cmd *cobra.Command, reader *ledger.Reader, key, out string) error {
	o, err := exportOptions(cmd, nil)
	if err != nil {
		return err
	}
	return writeCSV(out, func(w io.Writer) error { return reader.ListReplies(cmd.Context(), key, w, o) })
}
