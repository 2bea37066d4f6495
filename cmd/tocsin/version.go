package main

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// version is set by the linker for releases.
var version = "dev"

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  exactArgs(0, "no arguments"),
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintf(cmd.OutOrStdout(), "tocsin %s %s\n", edition(), runtime.Version())
		},
	}
}

// edition is the version and, where it is known, the commit it was made of.
func edition() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return version + " " + s.Value
			}
		}
	}
	return version
}

func newHealthcheck() *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running process on this machine whether it is ready (for containers)",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			address, ok := c.AdminAddress()
			if !ok {
				return usage(fmt.Errorf("the admin listener is off, so nobody can be asked"))
			}
			client := http.Client{Timeout: 5 * time.Second}
			answer, err := client.Get("http://" + address + "/readyz")
			if err != nil {
				return fmt.Errorf("healthcheck: %w", err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return fmt.Errorf("healthcheck: not ready (%s)", answer.Status)
			}
			return nil
		},
	}
}
