package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"tocsin/dispatcher/ledger"
)

// These benchmarks run the real program against the simulated carrier, each in a
// process of its own, and print what the program itself cost: CPU microseconds a
// recipient, wall seconds, peak memory. Everything is in it: start, import,
// planning, ledger with fsync, queue, sending, receipts, report.
//
//	make bench                          everything; some minutes, 2 GB of disk in TMPDIR
//	BENCH_COUNT=100000 go test ./cmd/tocsin -run '^$' -bench . -benchtime 1x

// measured is what the benchmarks measured, for one look at the end.
var measured figures

type figures struct {
	mu   sync.Mutex
	rows [][4]string
}

// add takes a line down: what was measured, how much, what is to be reached.
func (f *figures) add(what string, got float64, unit, reach string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	digits := fmt.Sprintf("%.3g", got)
	if got >= 100 {
		digits = fmt.Sprintf("%.0f", got)
	}
	f.rows = append(f.rows, [4]string{what, digits, unit, reach})
}

func (f *figures) print(w io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rows) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nmeasured\tgot\t\tto reach")
	for _, r := range f.rows {
		fmt.Fprintln(t, strings.Join(r[:], "\t"))
	}
	t.Flush()
}

// A reach is how much of something is allowed; the names are the metrics'.
type reach map[string]string

type benchCase struct {
	name                       string
	count                      int
	carrier                    []string
	connections, window, batch int
	campaign                   string
	reach                      reach
}

const (
	oneText      = "【县反诈中心】凡自称贷款客服要求先转账验证的都是诈骗，请勿转账，拨打96110核实。"
	longText     = oneText + "近期还有人冒充公检法、冒充领导、冒充熟人，以涉嫌洗钱、急需用钱为由要求转账；凡索要验证码、要求共享屏幕的一律挂断。"
	personalText = "【县反诈中心】((name))您好，要求先转账验证的都是诈骗，请拨打96110核实。"
)

// count is how many recipients a campaign has: 900,000, or what BENCH_COUNT says.
func benchCount(b *testing.B, usual int) int {
	text := os.Getenv("BENCH_COUNT")
	if text == "" {
		return usual
	}
	count := 0
	if _, err := fmt.Sscan(text, &count); err != nil {
		b.Fatalf("BENCH_COUNT: %v", err)
	}
	return count
}

var multi, long, single = benchCase{connections: 2, window: 10, batch: 100, campaign: oneText},
	benchCase{connections: 2, window: 10, batch: 100, campaign: longText},
	benchCase{connections: 4, window: 128, batch: 1, campaign: personalText}

func (c benchCase) with(name string, count int, r reach, carrier ...string) benchCase {
	c.name, c.count, c.reach, c.carrier = name, count, r, carrier
	return c
}

func BenchmarkCampaign(b *testing.B) {
	usual, large := benchCount(b, 900_000), benchCount(b, 5_000_000)
	for _, c := range []benchCase{
		multi.with("OneTextSubmitMulti", usual, reach{"µs-CPU/recipient": "≤ 2", "s-wall": "≤ 3", "MB-peak": "≤ 150"}),
		single.with("PersonalTextSubmitSM", usual, reach{"µs-CPU/recipient": "≤ 3", "s-wall": "≤ 4", "MB-peak": "≤ 150"}),
		single.with("PersonalTextRoundTrip20ms", usual, reach{"%-of-window/RTT": "≥ 90"}, "--latency", "20ms"),
		long.with("OneTextOfTwoSegments", usual, nil),
		multi.with("OneTextFiveMillion", large, reach{"MB-peak": "≤ 400"}),
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newBench(b, c)
			for range b.N {
				m := w.run(b)
				c.show(b, "µs-CPU/recipient", m.cpu.Seconds()*1e6/float64(m.report.Planned))
				c.show(b, "s-wall", m.wall.Seconds())
				c.show(b, "MB-peak", m.peak)
				if len(c.carrier) > 0 {
					law := float64(c.connections*c.window) / 0.020
					c.show(b, "%-of-window/RTT", 100*float64(m.report.Planned)/m.report.Seconds/law)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// show reports a metric, in the table too when something is to be reached.
func (c benchCase) show(b *testing.B, unit string, value float64) {
	b.ReportMetric(value, unit)
	measured.add(fmt.Sprintf("%s, %d recipients", c.name, c.count), value, unit, c.reach[unit])
}

// BenchmarkAgainstABareSender runs the program and the bare sender in turn
// against the same carrier, five pairs: the ratio is free of how fast the
// machine is today.
func BenchmarkAgainstABareSender(b *testing.B) {
	const pairs = 5
	count := benchCount(b, 900_000)
	for _, c := range []benchCase{multi.with("OneTextAgainstBare", count, nil), single.with("PersonalTextAgainstBare", count, nil)} {
		b.Run(c.name, func(b *testing.B) {
			w := newBench(b, c)
			text := func(int) string { return oneText }
			if c.batch == 1 {
				text = func(i int) string { return strings.Replace(personalText, "((name))", "王小明"[:3+3*(i%3)], 1) }
			}
			floor := newBare(b, count, c.connections, c.window, c.batch, text)
			var cpu, wall, bareCPU []float64
			for range b.N {
				for range pairs {
					bare, bareWall := floor.send(b, w.address)
					m := w.run(b)
					cpu = append(cpu, m.cpu.Seconds()/bare.Seconds())
					wall = append(wall, m.wall.Seconds()/bareWall.Seconds())
					bareCPU = append(bareCPU, bare.Seconds()*1e6/float64(count))
				}
			}
			c.show(b, "×-CPU-of-a-bare-sender", median(cpu))
			c.show(b, "×-wall-of-a-bare-sender", median(wall))
			c.show(b, "µs-CPU/recipient-bare", median(bareCPU))
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// BenchmarkReport asks for the report again and again while a campaign runs at
// full speed in another process.
func BenchmarkReport(b *testing.B) {
	c := multi.with("Report", benchCount(b, 900_000), reach{"ms-report": "≤ 10"})
	w := newBench(b, c)
	for range b.N {
		w.clear(b)
		cmd := w.command()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		var reports, whole []float64
		for running := true; running; {
			select {
			case err := <-ended:
				if err != nil {
					b.Fatal(err)
				}
				running = false
			case <-time.After(10 * time.Millisecond):
			}
			if report, all, ok := w.ask(b); ok {
				reports, whole = append(reports, report), append(whole, all)
			}
		}
		if len(reports) == 0 {
			b.Fatal("the campaign was over before anybody asked: raise BENCH_COUNT")
		}
		c.show(b, "ms-report", median(reports))
		c.show(b, "ms-open-and-report", median(whole))
	}
	b.ReportMetric(0, "ns/op")
}

// ask reads the report of the running campaign; false when it does not run yet,
// or no more. Times are in milliseconds.
func (w *bench) ask(b *testing.B) (report, whole float64, ok bool) {
	start := time.Now()
	reader, err := ledger.OpenReader(ledger.Options{Dir: filepath.Join(w.dir, "data")})
	if err != nil {
		return 0, 0, false
	}
	defer reader.Close()
	asked := time.Now()
	r, err := reader.Report(context.Background(), "bench")
	if errors.Is(err, ledger.ErrNotFound) {
		return 0, 0, false
	}
	if err != nil {
		b.Fatal(err)
	}
	if !r.Balanced {
		b.Fatalf("not balanced while it runs: %+v", r)
	}
	ms := func(since time.Time) float64 { return time.Since(since).Seconds() * 1e3 }
	return ms(asked), ms(start), r.State == ledger.Running
}

// BenchmarkPlan plans 900,000 rows of GB18030 with dirt and sends nothing; beside
// it, in turn, encoding/csv reads the same file and does nothing with it.
func BenchmarkPlan(b *testing.B) {
	const pairs = 5
	path, dir, count := benchBinary(b), b.TempDir(), benchCount(b, 900_000)
	file := filepath.Join(dir, "audience.csv")
	generate(b, path, file, count, "--encoding", "gb18030", "--dirty", "0.05")
	writeAll(b, dir, map[string]string{
		"tocsin.yaml":   "data: ./data\nproviders:\n  - {name: stub, protocol: stub}\nroutes:\n  - {prefix: \"86\", to: [stub]}\n",
		"campaign.yaml": "key: bench\ntitle: Bench\nclass: routine\ntext: " + oneText + "\naudience:\n  files: [audience.csv]\n  columns: {number: number, name: name}\n",
	})
	c := benchCase{name: "Plan", count: count, reach: reach{"s-CPU": "≤ 1", "MB-peak": "≤ 150"}}
	var cpu, alone, peak []float64
	for range b.N {
		for range pairs {
			cmd := exec.Command(path, "plan", filepath.Join(dir, "campaign.yaml"), "--config", filepath.Join(dir, "tocsin.yaml"))
			out, held, err := watched(cmd)
			if err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			cpu = append(cpu, childCPU(cmd.ProcessState).Seconds())
			peak = append(peak, held)
			before := ownCPU(b)
			if rows := readCSV(b, file); rows != count+1 {
				b.Fatalf("got %d rows, want %d", rows, count+1)
			}
			alone = append(alone, (ownCPU(b) - before).Seconds())
		}
	}
	c.show(b, "s-CPU", median(cpu))
	c.show(b, "MB-peak", median(peak))
	c.show(b, "s-CPU-of-encoding/csv-alone", median(alone))
	b.ReportMetric(0, "ns/op")
}

func readCSV(b *testing.B, path string) (rows int) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	for ; ; rows++ {
		if _, err := r.Read(); err == io.EOF {
			return rows
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

// A bench is a campaign, its audience and a carrier.
type bench struct {
	path, dir, address string
}

func newBench(b *testing.B, c benchCase) *bench {
	b.Helper()
	w := &bench{path: benchBinary(b), dir: b.TempDir()}
	file := filepath.Join(w.dir, "audience.csv")
	generate(b, w.path, file, c.count)
	w.address = benchCarrier(b, w.path, c.carrier...)
	writeAll(b, w.dir, map[string]string{
		"password": "secret",
		"tocsin.yaml": fmt.Sprintf("data: ./data\nadmin: \"off\"\nproviders:\n  - {name: mobile, protocol: smpp, address: %q, system_id: tocsin, password: {file: password}, connections: %d, window: %d, batch: %d}\nroutes:\n  - {prefix: \"86\", to: [mobile]}\n",
			w.address, c.connections, c.window, c.batch),
		"campaign.yaml": "key: bench\ntitle: Bench\nclass: routine\ntext: " + c.campaign + "\naudience:\n  files: [audience.csv]\n  columns: {number: number, name: name}\nreceipts: {wanted: true, wait: 60s}\n",
	})
	return w
}

// benchCarrier runs a simulated carrier until the benchmark ends; it returns its address.
func benchCarrier(b *testing.B, path string, flags ...string) (address string) {
	b.Helper()
	carrier := exec.Command(path, append([]string{"carrier", "--listen", "127.0.0.1:0"}, flags...)...)
	talk, err := carrier.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := carrier.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { carrier.Process.Kill(); carrier.Wait() })
	if _, err := fmt.Fscanf(talk, "tocsin carrier: listening on %s\n", &address); err != nil {
		b.Fatal(err)
	}
	return address
}

// benchPort is an address on loopback that nobody has.
func benchPort(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func readAll(b *testing.B, path string) string {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

func benchBinary(b *testing.B) string {
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	return path
}

func generate(b *testing.B, path, file string, count int, flags ...string) {
	b.Helper()
	args := append([]string{"audience", "generate", "--count", fmt.Sprint(count), "--out", file}, flags...)
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

func writeAll(b *testing.B, dir string, files map[string]string) {
	b.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// clear makes the campaign one that was never run.
func (w *bench) clear(b *testing.B) {
	if err := os.RemoveAll(filepath.Join(w.dir, "data")); err != nil {
		b.Fatal(err)
	}
}

func (w *bench) command() *exec.Cmd {
	return exec.Command(w.path, "run", filepath.Join(w.dir, "campaign.yaml"), "--config", filepath.Join(w.dir, "tocsin.yaml"),
		"--no-progress", "--report", filepath.Join(w.dir, "report.json"))
}

// A measure is what one run cost.
type measure struct {
	cpu, wall time.Duration
	peak      float64 // MB
	report    ledger.Report
}

// run runs the campaign from nothing to its end; everybody must be reached.
func (w *bench) run(b *testing.B) (m measure) {
	b.Helper()
	w.clear(b)
	cmd := w.command()
	start := time.Now()
	out, peak, err := watched(cmd)
	m.wall = time.Since(start)
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(w.dir, "report.json"))
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(data, &m.report); err != nil {
		b.Fatal(err)
	}
	if m.report.Recipients.Delivered != m.report.Planned || !m.report.Balanced {
		b.Fatalf("not everybody was reached: %+v", m.report.Recipients)
	}
	m.cpu, m.peak = childCPU(cmd.ProcessState), peak
	return m
}

// watched runs cmd and returns the most memory it held, in MB. The kernel's own
// figure for a process that has ended begins with its parent's peak, which is this
// process with all its frames; VmHWM is the process's alone.
func watched(cmd *exec.Cmd) (out []byte, peak float64, err error) {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return said.Bytes(), peak, err
		case <-time.After(10 * time.Millisecond):
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			continue // it has just ended
		}
		if _, line, ok := strings.Cut(string(status), "VmHWM:"); ok {
			kilobytes := 0.0
			if _, err := fmt.Sscan(line, &kilobytes); err == nil {
				peak = max(peak, kilobytes/1024)
			}
		}
	}
}
