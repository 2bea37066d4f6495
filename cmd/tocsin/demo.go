package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	sample "tocsin/configs/campaigns"

	"tocsin/campaigns"
	"tocsin/campaigns/audience"
	"tocsin/configs"
)

// demoCampaign is the sample the demo sends.
const demoCampaign = "fraud-loan-officer.yaml"

// demoLatency makes the simulated carrier as far away as a real one, so that there
// is something to see: without it the demo is over in a second.
const demoLatency = 20 * time.Millisecond

func newDemo() *cobra.Command {
	o := runOptions{}
	count, keep, latency := 0, false, time.Duration(0)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See a campaign of 900,000 recipients go out to a simulated carrier",
		Long: `Starts a simulated carrier on loopback, makes up an audience in a temporary
folder, sends a sample campaign over real TCP, and prints the report. Nothing
reaches a phone, and nothing needs to be configured.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			if o.say = say; count < 1 {
				return usage(fmt.Errorf("demo needs --count above 0"))
			}
			dir, err := os.MkdirTemp("", "tocsin-demo-")
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			if !keep {
				defer os.RemoveAll(dir)
			}
			return o.demo(cmd.Context(), dir, count, keep, latency, os.Stdout, os.Stderr)
		},
	}
	cmd.Flags().IntVar(&count, "count", 900_000, "how many recipients")
	cmd.Flags().DurationVar(&latency, "latency", demoLatency, "time from a message to the carrier's answer")
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the temporary folder, to look at it with report and export")
	cmd.Flags().StringVar(&o.report, "report", "", "write the report to this file as JSON too")
	cmd.Flags().BoolVar(&o.noProgress, "no-progress", false, "no progress bar")
	return cmd
}

func (o *runOptions) demo(ctx context.Context, dir string, count int, keep bool, latency time.Duration, out, talk io.Writer) error {
	address, stop, err := demoCarrier(latency)
	if err != nil {
		return err
	}
	defer stop()
	path, config, err := demoFiles(dir, address)
	if err != nil {
		return err
	}
	fmt.Fprintf(talk, o.say.DemoMakes, count, dir)
	if err := generateAudience(filepath.Join(dir, "audience.csv"), audience.GenerateOptions{
		Count: count, Encoding: "utf-8", Dirty: 0.02, Seed: 1,
	}); err != nil {
		return err
	}
	c, err := configs.Load(config, nil)
	if err != nil {
		return err
	}
	d, err := campaigns.Load(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(talk, o.say.DemoSends, d.Title, address)
	err = o.run(ctx, c, d, out, talk)
	if keep {
		data := filepath.Join(dir, "data")
		fmt.Fprintf(talk, o.say.DemoKept, d.Key, data, d.Key, data)
	} else {
		fmt.Fprint(talk, o.say.DemoFurther)
	}
	return err
}

// demoFiles writes the sample campaign and a configuration for it.
func demoFiles(dir, address string) (campaign, config string, err error) {
	text, err := sample.Files.ReadFile(demoCampaign)
	if err != nil {
		return "", "", fmt.Errorf("demo: %w", err)
	}
	campaign, config = filepath.Join(dir, demoCampaign), filepath.Join(dir, "tocsin.yaml")
	err = errors.Join(
		os.WriteFile(campaign, text, 0o600),
		os.WriteFile(filepath.Join(dir, "password"), []byte("demo"), 0o600),
		os.WriteFile(config, fmt.Appendf(nil, `data: ./data
admin: 127.0.0.1:0
providers:
  - {name: simulated, protocol: smpp, address: "%s", system_id: tocsin, password: {file: password},
     connections: 2, window: 10, batch: 100, sender: "10690000"}
routes:
  - {prefix: "86", to: [simulated]}
`, address), 0o600))
	return campaign, config, err
}

// demoCarrier runs the simulated carrier as a process of its own. It ends when
// stop is called or this process is gone, not at a Ctrl-C: what is on its way is
// settled first.
func demoCarrier(latency time.Duration) (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, fmt.Errorf("demo: %w", err)
	}
	cmd := exec.Command(self, "carrier", "--listen", "127.0.0.1:0", "--receipts", "--latency", latency.String(), "--"+leash)
	hold, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, fmt.Errorf("demo: %w", err)
	}
	talk, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, fmt.Errorf("demo: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("demo: start the simulated carrier: %w", err)
	}
	var lines sync.WaitGroup
	stop = func() {
		hold.Close()
		lines.Wait()
		cmd.Wait()
	}
	found := make(chan string, 1)
	lines.Go(func() {
		var a string
		if _, err := fmt.Fscanf(talk, "tocsin carrier: listening on %s\n", &a); err == nil {
			found <- a
		}
		close(found)
		io.Copy(io.Discard, talk)
	})
	select {
	case address = <-found:
	case <-time.After(10 * time.Second):
	}
	if address == "" {
		stop()
		return "", nil, errors.New("demo: the simulated carrier did not start")
	}
	return address, stop, nil
}
