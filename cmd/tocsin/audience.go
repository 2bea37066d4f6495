package main

import (
	"bufio"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tocsin/campaigns/audience"
)

func newAudience() *cobra.Command {
	cmd := &cobra.Command{Use: "audience", Short: "Work with audience files"}
	var o audience.GenerateOptions
	out := ""
	generate := &cobra.Command{
		Use:   "generate --count N --out FILE.csv",
		Short: "Write a test audience: valid-looking numbers, names, districts, and dirt",
		Long: `Writes test numbers with names and districts for rehearsals. --dirty P puts
duplicates, bad numbers, blanks, full-width digits, +86 and spaces into that share
of the rows. The numbers are made up: never send to them through a real carrier.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			if o.Count <= 0 || o.Dirty < 0 || o.Dirty > 1 || out == "" {
				return usage(fmt.Errorf("audience generate needs --count above 0, --dirty from 0 to 1 and --out"))
			}
			// Before the file is touched: Generate would say it when the file is empty already.
			if err := audience.Generate(io.Discard, audience.GenerateOptions{Encoding: o.Encoding}); err != nil {
				return usage(err)
			}
			return generateAudience(out, o)
		},
	}
	generate.Flags().IntVar(&o.Count, "count", 900_000, "how many rows")
	generate.Flags().StringVar(&out, "out", "", "the file to write")
	generate.Flags().StringVar(&o.Encoding, "encoding", "utf-8", "utf-8 or gb18030")
	generate.Flags().Float64Var(&o.Dirty, "dirty", 0, "share of rows with dirt, 0 to 1")
	generate.Flags().Uint64Var(&o.Seed, "seed", 1, "the same seed, the same file")
	cmd.AddCommand(generate)
	group(cmd)
	return cmd
}

func generateAudience(path string, o audience.GenerateOptions) error {
	f, err := newPrivate(path)
	if err != nil {
		return fmt.Errorf("write audience: %w", err)
	}
	defer f.drop()
	w := bufio.NewWriterSize(f, 1<<18)
	if err := audience.Generate(w, o); err != nil {
		return fmt.Errorf("write audience: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write audience: %w", err)
	}
	if err := f.keep(); err != nil {
		return fmt.Errorf("write audience: %w", err)
	}
	return nil
}
