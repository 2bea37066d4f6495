package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
)

// These benchmarks run the real program against the simulated carrier, each in a
// process of its own, and print what the program itself cost: CPU microseconds a
// recipient, wall seconds, peak memory. Everything is in it: start, import,
// planning, ledger with fsync, queue, sending, receipts, report.
//
//	go test ./cmd/tocsin -run '^$' -bench . -benchtime 1x

type benchCase struct {
	name     string
	count    int
	carrier  []string
	provider string
	campaign string
}

const oneText = "text: 【县反诈中心】凡自称贷款客服要求先转账验证的都是诈骗，请勿转账，拨打96110核实。\n"

const personalText = "text: 【县反诈中心】((name))您好，要求先转账验证的都是诈骗，请拨打96110核实。\n"

func benchCases() []benchCase {
	count := 900_000
	if os.Getenv("BENCH_COUNT") != "" {
		fmt.Sscan(os.Getenv("BENCH_COUNT"), &count)
	}
	multi := "    connections: 2\n    window: 10\n    batch: 100"
	single := "    connections: 4\n    window: 128\n    batch: 1"
	cases := []benchCase{
		{"OneTextSubmitMulti", count, nil, multi, oneText},
		{"PersonalTextSubmitSM", count, nil, single, personalText},
		{"PersonalTextRoundTrip20ms", count, []string{"--latency", "20ms"}, single, personalText},
	}
	if os.Getenv("BENCH_LARGE") != "" {
		cases = append(cases, benchCase{"OneTextFiveMillion", 5_000_000, nil, multi, oneText})
	}
	return cases
}

func BenchmarkCampaign(b *testing.B) {
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range benchCases() {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			file := filepath.Join(dir, "audience.csv")
			if out, err := exec.Command(path, "audience", "generate", "--count", fmt.Sprint(c.count), "--out", file).CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			for range b.N {
				c.run(b, path, dir, file)
			}
		})
	}
}

func (c *benchCase) run(b *testing.B, path, dir, file string) {
	b.StopTimer()
	carrier := exec.Command(path, append([]string{"carrier", "--listen", "127.0.0.1:0"}, c.carrier...)...)
	talk, err := carrier.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := carrier.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { carrier.Process.Signal(syscall.SIGTERM); carrier.Wait() }()
	var address string
	if _, err := fmt.Fscanf(talk, "tocsin carrier: listening on %s\n", &address); err != nil {
		b.Fatal(err)
	}
	config := filepath.Join(dir, "tocsin.yaml")
	definition := filepath.Join(dir, "campaign.yaml")
	os.RemoveAll(filepath.Join(dir, "data"))
	os.WriteFile(filepath.Join(dir, "password"), []byte("secret"), 0o600)
	os.WriteFile(config, fmt.Appendf(nil, "data: ./data\nadmin: \"off\"\nproviders:\n  - name: mobile\n    protocol: smpp\n    address: %s\n    system_id: tocsin\n    password: {file: password}\n%s\nroutes:\n  - {prefix: \"86\", to: [mobile]}\n", address, c.provider), 0o600)
	os.WriteFile(definition, fmt.Appendf(nil, "key: bench\ntitle: Bench\nclass: routine\n%saudience:\n  files: [%s]\n  columns: {number: number, name: name}\nreceipts: {wanted: true, wait: 60s}\n", c.campaign, filepath.Base(file)), 0o600)

	cmd := exec.Command(path, "run", definition, "--config", config, "--no-progress", "--report", filepath.Join(dir, "report.json"))
	b.StartTimer()
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	b.StopTimer()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var r ledger.Report
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		b.Fatal(err)
	}
	if r.Recipients.Delivered != r.Planned || !r.Balanced {
		b.Fatalf("not everybody was reached: %+v", r.Recipients)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	b.ReportMetric(cpu.Seconds()*1e6/float64(r.Planned), "µs-CPU/recipient")
	b.ReportMetric(wall.Seconds(), "s-wall")
	b.ReportMetric(float64(usage.Maxrss)/1024, "MB-peak")
	if strings.Contains(c.name, "RoundTrip") {
		law := 4 * 128 / 0.020
		b.ReportMetric(100*float64(r.Planned)/r.Seconds/law, "%-of-window/RTT")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPlan plans 900,000 rows of GB18030 with dirt and sends nothing.
func BenchmarkPlan(b *testing.B) {
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if out, err := exec.Command(path, "audience", "generate", "--count", "900000", "--encoding", "gb18030", "--dirty", "0.05",
		"--out", filepath.Join(dir, "audience.csv")).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	os.WriteFile(filepath.Join(dir, "tocsin.yaml"), []byte("data: ./data\nproviders:\n  - {name: stub, protocol: stub}\nroutes:\n  - {prefix: \"86\", to: [stub]}\n"), 0o600)
	os.WriteFile(filepath.Join(dir, "campaign.yaml"), []byte("key: bench\ntitle: Bench\nclass: routine\n"+oneText+"audience:\n  files: [audience.csv]\n  columns: {number: number, name: name}\n"), 0o600)
	for range b.N {
		cmd := exec.Command(path, "plan", filepath.Join(dir, "campaign.yaml"), "--config", filepath.Join(dir, "tocsin.yaml"))
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		b.ReportMetric((cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), "s-CPU")
		b.ReportMetric(float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "MB-peak")
	}
	b.ReportMetric(0, "ns/op")
}
