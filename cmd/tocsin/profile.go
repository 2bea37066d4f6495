package main

import (
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/spf13/cobra"
)

// profiled adds --cpuprofile to every command, for measurements.
func profiled(root *cobra.Command) {
	path := ""
	root.PersistentFlags().StringVar(&path, "cpuprofile", "", "write a CPU profile to this file")
	if err := root.PersistentFlags().MarkHidden("cpuprofile"); err != nil {
		panic("tocsin: internal error: " + err.Error())
	}
	var f *os.File
	root.PersistentPreRunE = func(*cobra.Command, []string) (err error) {
		if path == "" {
			return nil
		}
		if f, err = os.Create(path); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		return pprof.StartCPUProfile(f)
	}
	root.PersistentPostRunE = func(*cobra.Command, []string) error {
		if f == nil {
			return nil
		}
		pprof.StopCPUProfile()
		return f.Close()
	}
}
