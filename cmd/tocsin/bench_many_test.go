package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/ledger/ledgertest"
)

// BenchmarkMany is one campaign of one text through one, two and three processes
// of serve over PostgreSQL and Redis: what the processes cost together, and what
// PostgreSQL does.
func BenchmarkMany(b *testing.B) {
	redis := benchRedis(b)
	for n := 1; n <= 3; n++ {
		c := multi.with(fmt.Sprintf("%dProcessesOnPostgreSQL", n), benchCount(b, 900_000),
			reach{"µs-CPU/recipient": "≤ 4", "µs-CPU-of-PostgreSQL/recipient": "≤ 2"})
		b.Run(c.name, func(b *testing.B) {
			pg := ledgertest.StartPostgres(b)
			w := newBench(b, c)
			url := pg.NewDatabase(b)
			config := filepath.Join(w.dir, "tocsin.yaml")
			text, err := os.ReadFile(config)
			if err != nil {
				b.Fatal(err)
			}
			writeAll(b, w.dir, map[string]string{"tocsin.yaml": fmt.Sprintf("ledger: %s\nqueue: redis://%s/0\n%s", url, redis, text)})
			for range b.N {
				before := pg.CPU(b)
				start := time.Now()
				var fleet []*exec.Cmd
				for range n {
					cmd := exec.Command(w.path, "serve", filepath.Join(w.dir, "campaign.yaml"), "--config", config)
					if err := cmd.Start(); err != nil {
						b.Fatal(err)
					}
					fleet = append(fleet, cmd)
				}
				r := untilOver(b, url)
				wall := time.Since(start)
				cpu := time.Duration(0)
				for _, cmd := range fleet {
					cmd.Process.Signal(syscall.SIGTERM)
					cmd.Wait()
					cpu += childCPU(cmd.ProcessState)
				}
				if r.Recipients.Delivered != r.Planned || !r.Balanced {
					b.Fatalf("not everybody was reached: %+v", r.Recipients)
				}
				c.show(b, "µs-CPU/recipient", cpu.Seconds()*1e6/float64(r.Planned))
				c.show(b, "µs-CPU-of-PostgreSQL/recipient", (pg.CPU(b)-before).Seconds()*1e6/float64(r.Planned))
				c.show(b, "s-wall", wall.Seconds())
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkRate is a cap over three processes on PostgreSQL and Redis, one of which is
// killed and comes back.
func BenchmarkRate(b *testing.B) {
	const rate = 3000
	c := benchCase{name: "CapOver3Processes", count: 90_000, reach: reach{"segments/s": "2940 to 3000", "segments-in-any-second": "≤ 3060"}}
	for range b.N {
		k := keepRate(b, rate, c.count)
		c.show(b, "segments/s", k.average)
		c.show(b, "segments-in-any-second", float64(k.most))
	}
	b.ReportMetric(0, "ns/op")
}

// untilOver waits for the end of the bench's campaign.
func untilOver(b *testing.B, url string) *ledger.Report {
	b.Helper()
	var reader *ledger.Reader                                                                                          // one connection: a new one costs PostgreSQL as much as a thousand recipients
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(400 * time.Millisecond) { // a report is not the campaign's cost
		if reader == nil {
			opened, err := ledger.OpenReader(ledger.Options{URL: url})
			if err != nil {
				continue // there are no tables yet
			}
			reader = opened
			defer reader.Close()
		}
		if r, err := reader.Report(context.Background(), "bench"); err == nil && r.State == ledger.Finished {
			return r
		}
	}
	b.Fatal("the campaign has not ended")
	return nil
}

// benchRedis runs a real Redis until the benchmark ends.
func benchRedis(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, port, _ := strings.Cut(address, ":")
	cmd := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no")
	cmd.Dir = b.TempDir()
	if err := cmd.Start(); err != nil {
		b.Skip("redis-server is not here: apt-get install redis-server")
	}
	b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 100 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.Fatal("redis does not answer")
	return ""
}
