package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	count, keep, china, latency := 0, false, false, time.Duration(0)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See a campaign of 900,000 recipients go out to a simulated carrier",
		Long: `Starts a simulated carrier on loopback, makes up an audience in a temporary
folder, sends a sample campaign over real TCP, and prints the report. Nothing
reaches a phone, and nothing needs to be configured.

With --china there are three carriers, each with a rate it holds us to: China Mobile
over CMPP 3.0, China Unicom over SGIP 1.2 and China Telecom over SMGP 3.0.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			if o.say, o.rejects = say, "off"; count < 1 {
				return usage(fmt.Errorf("demo needs --count above 0"))
			}
			dir, err := os.MkdirTemp("", "tocsin-demo-")
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			if !keep {
				defer os.RemoveAll(dir)
			}
			carriers := oneCarrier
			if china {
				if carriers, err = threeCarriers(); err != nil {
					return err
				}
			}
			return o.demo(cmd.Context(), carriers, dir, count, keep, latency, os.Stdout, os.Stderr)
		},
	}
	cmd.Flags().IntVar(&count, "count", 900_000, "how many recipients")
	cmd.Flags().DurationVar(&latency, "latency", demoLatency, "time from a message to the carrier's answer")
	cmd.Flags().BoolVar(&china, "china", false, "three carriers of China's, each with its own protocol and rate")
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the temporary folder, to look at it with report and export")
	cmd.Flags().StringVar(&o.report, "report", "", "write the report to this file as JSON too")
	cmd.Flags().BoolVar(&o.noProgress, "no-progress", false, "no progress bar")
	return cmd
}

// A demoCarrier is a simulated carrier and the account we have with it.
type demoCarrier struct {
	flags   []string // how it is run
	account string   // its provider in the configuration, with the address for %s
	route   string
}

// oneCarrier takes all there is.
var oneCarrier = []demoCarrier{{
	[]string{"--protocol", "smpp"},
	`{name: simulated, protocol: smpp, address: "%s", system_id: tocsin, password: {file: password},
     connections: 2, window: 10, batch: 100, sender: "10690000"}`,
	`{prefix: "86", to: [simulated]}`,
}}

// threeCarriers are as in China, with rates that let 900,000 through in a quarter of a
// minute.
func threeCarriers() ([]demoCarrier, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // where the SGIP carrier calls us
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	back := ln.Addr().String()
	ln.Close()
	return []demoCarrier{
		{
			[]string{"--protocol", "cmpp", "--password", "demo", "--rate", "40000"},
			`{name: mobile, protocol: cmpp, version: "3.0", address: "%s", source_addr: "900001", password: {file: password},
     service_id: WARN, connections: 4, batch: 99, rate: 39000, sender: "10690000"}`,
			`{prefix: "86", to: [mobile]}`,
		}, {
			[]string{"--protocol", "sgip", "--password", "demo", "--rate", "25000", "--dial-back", back, "--dial-back-password", "demo"},
			`{name: unicom, protocol: sgip, address: "%s", login: tocsin, password: {file: password}, node: 3053112345, corp_id: "12345",
     listen: "` + back + `", gateway_login: smg, gateway_password: {file: password}, connections: 2, batch: 84, rate: 24000, sender: "10690001"}`,
			`{carrier: China Unicom, to: [unicom]}`,
		}, {
			[]string{"--protocol", "smgp", "--password", "demo", "--rate", "25000"},
			`{name: telecom, protocol: smgp, address: "%s", client_id: "10000001", password: {file: password}, service_id: WARN,
     connections: 2, batch: 100, rate: 24000, sender: "10690002"}`,
			`{carrier: China Telecom, to: [telecom]}`,
		},
	}, nil
}

func (o *runOptions) demo(ctx context.Context, carriers []demoCarrier, dir string, count int, keep bool, latency time.Duration, out, talk io.Writer) error {
	var addresses []string
	for i := range carriers {
		address, stop, err := carriers[i].run(latency)
		if err != nil {
			return err
		}
		defer stop()
		addresses = append(addresses, address)
	}
	path, config, err := demoFiles(dir, carriers, addresses)
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
	fmt.Fprintf(talk, o.say.DemoSends, d.Title, strings.Join(addresses, ", "))
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
func demoFiles(dir string, carriers []demoCarrier, addresses []string) (campaign, config string, err error) {
	text, err := sample.Files.ReadFile(demoCampaign)
	if err != nil {
		return "", "", fmt.Errorf("demo: %w", err)
	}
	campaign, config = filepath.Join(dir, demoCampaign), filepath.Join(dir, "tocsin.yaml")
	var accounts, routes strings.Builder
	for i, c := range carriers {
		fmt.Fprintf(&accounts, "  - "+c.account+"\n", addresses[i])
		fmt.Fprintf(&routes, "  - %s\n", c.route)
	}
	err = errors.Join(
		os.WriteFile(campaign, text, 0o600),
		os.WriteFile(filepath.Join(dir, "password"), []byte("demo"), 0o600),
		os.WriteFile(config, fmt.Appendf(nil, "data: ./data\nadmin: 127.0.0.1:0\nproviders:\n%sroutes:\n%s", accounts.String(), routes.String()), 0o600))
	return campaign, config, err
}

// run runs the simulated carrier as a process of its own. It ends when stop is called
// or this process is gone, not at a Ctrl-C: what is on its way is settled first.
func (c *demoCarrier) run(latency time.Duration) (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, fmt.Errorf("demo: %w", err)
	}
	args := append([]string{"carrier", "--listen", "127.0.0.1:0", "--receipts", "--latency", latency.String(), "--" + leash}, c.flags...)
	cmd := exec.Command(self, args...)
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
