package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
)

// BenchmarkScale sends one text to 100,000, 900,000 and 5,000,000: what a recipient more
// costs shall not grow with the campaign. A process costs something before it has sent
// anything, so that the slope is compared: from 100,000 to 900,000, and from there on.
func BenchmarkScale(b *testing.B) {
	sizes := []int{100_000, 900_000, 5_000_000}
	for range b.N {
		var cpu, peak []float64
		for _, count := range sizes {
			c := multi.with("Scale", benchCount(b, count), nil)
			m := newBench(b, c).run(b)
			cpu, peak = append(cpu, m.cpu.Seconds()*1e6), append(peak, m.peak)
			c.show(b, "µs-CPU/recipient", cpu[len(cpu)-1]/float64(m.report.Planned))
			c.show(b, "MB-peak", m.peak)
		}
		slope := func(i int) float64 { return (cpu[i] - cpu[i-1]) / float64(sizes[i]-sizes[i-1]) }
		c := multi.with("Scale", sizes[2], reach{"%-dearer-than-up-to-900000": "≤ 15", "bytes-more/recipient": "≤ 8"})
		c.show(b, "%-dearer-than-up-to-900000", 100*(slope(2)/slope(1)-1))
		c.show(b, "bytes-more/recipient", (peak[2]-peak[1])*(1<<20)/float64(sizes[2]-sizes[1]))
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFiftyCampaigns sends fifty at once, 900,000 recipients in all.
func BenchmarkFiftyCampaigns(b *testing.B) {
	const campaigns = 50
	c := multi.with("FiftyCampaigns", benchCount(b, 900_000), reach{"µs-CPU/recipient": "≤ 4"})
	one := c
	one.count /= campaigns
	w := newBench(b, one)
	text := readAll(b, filepath.Join(w.dir, "campaign.yaml"))
	args := []string{"serve", "--config", filepath.Join(w.dir, "tocsin.yaml")}
	for i := range campaigns {
		name := fmt.Sprintf("campaign%d.yaml", i)
		writeAll(b, w.dir, map[string]string{name: strings.Replace(text, "key: bench", fmt.Sprintf("key: bench%d", i), 1)})
		args = append(args, filepath.Join(w.dir, name))
	}
	for range b.N {
		c.serve(b, w, args, campaigns)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkTenCarriers sends one campaign through ten at once.
func BenchmarkTenCarriers(b *testing.B) {
	const carriers = 10
	c := multi.with("TenCarriers", benchCount(b, 900_000), reach{"µs-CPU/recipient": "≤ 4"})
	w := newBench(b, c)
	config := "data: ./data\nadmin: \"off\"\nproviders:\n"
	for i := range carriers {
		address := w.address
		if i > 0 {
			address = benchCarrier(b, w.path)
		}
		config += fmt.Sprintf("  - {name: c%d, protocol: smpp, address: %q, system_id: tocsin, password: {file: password}, connections: 1, window: 10, batch: 100}\n", i, address)
	}
	config += "routes:\n  - {prefix: \"*\", to: [c0]}\n"
	for i := range 70 { // 130 to 199, in turn
		config += fmt.Sprintf("  - {prefix: \"86%d\", to: [c%d]}\n", 130+i, i%carriers)
	}
	writeAll(b, w.dir, map[string]string{"tocsin.yaml": config})
	for range b.N {
		m := w.run(b)
		if len(m.report.Providers) != carriers {
			b.Fatalf("got %d carriers at work, want %d", len(m.report.Providers), carriers)
		}
		c.show(b, "µs-CPU/recipient", m.cpu.Seconds()*1e6/float64(m.report.Planned))
		c.show(b, "s-wall", m.wall.Seconds())
		c.show(b, "MB-peak", m.peak)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkChina sends 900,000 through three simulated carriers over CMPP 3.0, SGIP and
// SMGP, receipts included.
func BenchmarkChina(b *testing.B) {
	c := multi.with("ThreeCarriersOfChina", benchCount(b, 900_000), reach{"µs-CPU/recipient": "≤ 3"})
	w := newBench(b, c)
	back := benchPort(b)
	writeAll(b, w.dir, map[string]string{"tocsin.yaml": fmt.Sprintf(`data: ./data
admin: "off"
providers:
  - {name: mobile, protocol: cmpp, address: %q, source_addr: "900001", password: {file: password}, connections: 2, window: 16, batch: 99, sender: "10690000"}
  - {name: unicom, protocol: sgip, address: %q, login: tocsin, password: {file: password}, node: 3053112345, corp_id: "12345", connections: 2, batch: 84,
     sender: "10690001", listen: %q, gateway_login: smg, gateway_password: {file: password}}
  - {name: telecom, protocol: smgp, address: %q, client_id: "10000001", password: {file: password}, connections: 2, window: 16, batch: 100, sender: "10690002"}
routes:
  - {prefix: "86", to: [mobile]}
  - {carrier: China Unicom, to: [unicom]}
  - {carrier: China Telecom, to: [telecom]}
`, benchCarrier(b, w.path, "--protocol", "cmpp", "--password", "secret"),
		benchCarrier(b, w.path, "--protocol", "sgip", "--password", "secret", "--dial-back", back, "--dial-back-password", "secret"), back,
		benchCarrier(b, w.path, "--protocol", "smgp", "--password", "secret"))})
	for range b.N {
		m := w.run(b)
		c.show(b, "µs-CPU/recipient", m.cpu.Seconds()*1e6/float64(m.report.Planned))
		c.show(b, "s-wall", m.wall.Seconds())
		c.show(b, "MB-peak", m.peak)
	}
	b.ReportMetric(0, "ns/op")
}

// serve runs tocsin serve until all of its campaigns are over, and says what it cost.
func (c benchCase) serve(b *testing.B, w *bench, args []string, campaigns int) {
	b.Helper()
	w.clear(b)
	start := time.Now()
	cmd := exec.Command(w.path, args...)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	planned := 0
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("the campaigns have not ended")
		}
		reader, err := ledger.OpenReader(ledger.Options{Dir: filepath.Join(w.dir, "data")})
		if err != nil {
			continue // it is not there yet
		}
		over := 0
		planned = 0
		for i := range campaigns {
			r, err := reader.Report(context.Background(), fmt.Sprintf("bench%d", i))
			if err != nil || r.State != ledger.Finished {
				break
			}
			if r.Recipients.Delivered != r.Planned || !r.Balanced {
				b.Fatalf("not everybody was reached: %+v", r.Recipients)
			}
			over, planned = over+1, planned+r.Planned
		}
		reader.Close()
		if over == campaigns {
			break
		}
	}
	wall := time.Since(start)
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	c.show(b, "µs-CPU/recipient", childCPU(cmd.ProcessState).Seconds()*1e6/float64(planned))
	c.show(b, "s-wall", wall.Seconds())
}
