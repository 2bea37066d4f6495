package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/dispatcher/ledger"
)

func newExport() *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use:   "export KEY",
		Short: "Write every recipient of a campaign, with its state, as CSV or XLSX",
		Args:  exactArgs(1, "the campaign's key"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			reader, err := openReader(c)
			if err != nil {
				return err
			}
			defer reader.Close()
			if strings.EqualFold(filepath.Ext(out), ".xlsx") {
				err := writeWorkbook(cmd.Context(), out, func(ctx context.Context, w io.Writer) error { return reader.Export(ctx, args[0], w) })
				if errors.Is(err, ledger.ErrNotFound) {
					return withKeys(cmd, reader, err)
				}
				return err
			}
			w := os.Stdout
			if out != "" {
				if w, err = os.OpenFile(out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
					return fmt.Errorf("write export: %w", err)
				}
				defer func() {
					if closeErr := w.Close(); err == nil && closeErr != nil {
						err = fmt.Errorf("write export: %w", closeErr)
					}
				}()
			}
			if err := reader.Export(cmd.Context(), args[0], w); err != nil {
				return withKeys(cmd, reader, err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write to this file (readable by you alone) instead of the screen; one named .xlsx is an Excel workbook")
	return cmd
}
