package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/campaigns/audience"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

func newExport() *cobra.Command {
	out, states := "", []string(nil)
	cmd := &cobra.Command{
		Use:   "export KEY",
		Short: "Write every recipient of a campaign, with its state, as CSV or XLSX",
		Long: `Writes a row for each recipient: what became of it, then the columns of your own file.
With --lang zh-CN the columns, states and times are in Chinese. A file that is written
here can be a campaign's audience, or its exclude file, as it is. A second message to
those who have the first:

  tocsin export flood --state delivered --out reached.csv

and in the second campaign  audience: {files: [reached.csv]}`,
		Args: exactArgs(1, "the campaign's key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := exportOptions(cmd, states)
			if err != nil {
				return err
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			reader, err := openReader(c)
			if err != nil {
				return err
			}
			defer reader.Close()
			write := func(ctx context.Context, w io.Writer) error { return reader.ExportWith(ctx, args[0], w, o) }
			if audience.IsWorkbook(out) {
				err = writeWorkbook(cmd.Context(), out, write)
			} else {
				err = writeCSV(out, func(w io.Writer) error { return write(cmd.Context(), w) })
			}
			if errors.Is(err, ledger.ErrNotFound) {
				return withKeys(cmd, reader, err)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write to this file (new, readable by you alone) instead of the screen; one named .xlsx is an Excel workbook")
	cmd.Flags().StringSliceVar(&states, "state", nil, "only recipients in these states, as in the report: delivered,accepted")
	return cmd
}

// exportOptions are what the command's flags say.
func exportOptions(cmd *cobra.Command, states []string) (o ledger.ExportOptions, err error) {
	say, err := speak(cmd)
	if err != nil {
		return o, err
	}
	if say == &wordsZH {
		o.Chinese, o.Word = true, exportWord
	}
	for _, name := range states {
		var all []string
		known := false
		for s := sms.Waiting; s < sms.States; s++ {
			all = append(all, s.String())
			if name == s.String() || name == exportWord(s.String()) {
				o.States, known = append(o.States, s), true
			}
		}
		if !known {
			return o, usage(fmt.Errorf("--state: there is no state %q (there are: %s)", name, strings.Join(all, ", ")))
		}
	}
	return o, nil
}

// writeCSV writes a private file at path, or, when it is "", what write writes to the
// screen. A file has the mark that tells spreadsheets that it is UTF-8; so has what the
// screen's text is sent into.
func writeCSV(path string, write func(io.Writer) error) error {
	if path == "" {
		if info, err := os.Stdout.Stat(); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
			io.WriteString(os.Stdout, byteOrderMark) // what fails here fails below
		}
		return write(os.Stdout)
	}
	f, err := newPrivate(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer f.drop()
	if _, err := io.WriteString(f, byteOrderMark); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := write(f); err != nil {
		return err
	}
	if err := f.keep(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
