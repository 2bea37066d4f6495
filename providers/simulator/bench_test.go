package simulator

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkLine is 4 connections with 128 PDUs in flight on real TCP, a receipt
// for each recipient. The CPU time is of both ends, the bare client's included.
func BenchmarkLine(b *testing.B) {
	const connections, window = 4, 128
	text := strings.Repeat("fire", 30)
	to := make([]string, 100)
	for i := range to {
		to[i] = fmt.Sprint(8613800138000 + i)
	}
	for _, bench := range []struct {
		name string
		pdu  []byte
		size int
	}{
		{"submit_sm", frame(submitSM, 0, 2, single(to[0], text)), 1},
		{"submit_multi", frame(submitMulti, 0, 2, multi(text, to...)), len(to)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := start(b, Config{Receipts: true})
			var clients [connections]client
			for i := range clients {
				clients[i] = bound(b, c, bindTransceiver)
				clients[i].SetDeadline(time.Now().Add(time.Minute))
			}
			before := cpu(b)
			b.ResetTimer()
			var all sync.WaitGroup
			for i := range clients {
				all.Go(func() { pour(b, clients[i], bench.pdu, max(1, b.N/connections/bench.size), bench.size, window) })
			}
			all.Wait()
			b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/recipient")
		})
	}
}

// pour sends n PDUs and reads until all are answered and receipted.
func pour(b *testing.B, c client, pdu []byte, n, size, window int) {
	buf, out := make([]byte, 256<<10), make([]byte, 0, 64<<10)
	left, receipts, flying, have := n, n*size, 0, 0
	for receipts > 0 || flying > 0 {
		for ; left > 0 && flying < window; left-- {
			out = append(out, pdu...)
			flying++
		}
		if len(out) > 0 {
			if _, err := c.Write(out); err != nil {
				b.Error(err)
				return
			}
			out = out[:0]
		}
		k, err := c.Read(buf[have:])
		if err != nil {
			b.Error(err)
			return
		}
		have += k
		used := 0
		for have-used >= headerSize {
			length := int(binary.BigEndian.Uint32(buf[used:]))
			if have-used < length {
				break
			}
			if binary.BigEndian.Uint32(buf[used+4:]) == deliverSM {
				start := len(out)
				out = append(appendHeader(out, deliverSM|response, 0, binary.BigEndian.Uint32(buf[used+12:])), 0)
				setLength(out, start)
				receipts--
			} else {
				flying--
			}
			used += length
		}
		have = copy(buf, buf[used:have])
	}
	if len(out) > 0 {
		if _, err := c.Write(out); err != nil {
			b.Error(err)
		}
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
