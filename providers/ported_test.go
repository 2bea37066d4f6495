package providers

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"tocsin/providers/sms"

	"pgregory.net/rapid"
)

func TestReadPorted(t *testing.T) {
	p, err := ReadPorted("ported.csv", strings.NewReader("\uFEFFnumber,carrier\n# moved in May\n\n"+
		"13800138000,China Unicom\r\n+86 199-9999-9999 , 中国移动\n8613000000000,China Telecom\n"+
		"8613800138000,China Telecom\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Len(); got != 3 {
		t.Errorf("got %d numbers, want 3", got)
	}
	for n, want := range map[sms.Number]Carrier{
		8613800138000: ChinaTelecom, // the last line about it
		8613800138001: NoCarrier,
		8613800137999: NoCarrier,
		8619999999999: ChinaMobile,
		8619999999998: NoCarrier,
		8613000000000: ChinaTelecom,
		12025550100:   NoCarrier,
	} {
		if got := p.CarrierOf(n); got != want {
			t.Errorf("%s: got %v, want %v", n, got, want)
		}
	}
}

func TestReadPortedRefuses(t *testing.T) {
	for name, file := range map[string]string{
		"a number that is none":    "8613800138000,China Unicom\n1380013,China Unicom\n",
		"a number of elsewhere":    "8613800138000,China Unicom\n+12025550100,China Unicom\n",
		"a carrier that is none":   "8613800138000,China Unicom\n8613800138001,Pigeon\n",
		"a line without a carrier": "8613800138000,China Unicom\n8613800138001\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadPorted("ported.csv", strings.NewReader(file))
			if !errors.Is(err, ErrPorted) || !strings.HasPrefix(err.Error(), "ported.csv:2: ") {
				t.Errorf("got %v, want %v with its line", err, ErrPorted)
			}
			if err != nil && strings.Contains(err.Error(), "138001") {
				t.Errorf("the error shows the number")
			}
		})
	}
}

func TestReadPortedTakesGzip(t *testing.T) {
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	fmt.Fprint(z, "number,carrier\n13800138000,China Unicom\n")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := ReadPorted("ported.csv.gz", bytes.NewReader(file.Bytes()))
	if err != nil || p.Len() != 1 || p.CarrierOf(8613800138000) != ChinaUnicom {
		t.Errorf("got %d numbers, %v", p.Len(), err)
	}
	if _, err := ReadPorted("ported.csv.gz", bytes.NewReader(file.Bytes()[:file.Len()-9])); err == nil {
		t.Error("half a file was taken")
	}
}

// The packed numbers say the same as a map.
func TestPortedAgreesWithMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOf(rapid.Custom(func(t *rapid.T) uint64 {
			five := rapid.SampledFrom([]uint64{0, 1, 800, 6998, 6999}).Draw(t, "five")
			return five*perFive + rapid.SampledFrom([]uint64{0, 1, 2, 500_000, 999_998, 999_999}).Draw(t, "rest")
		})).Draw(t, "numbers")
		want := map[uint64]Carrier{}
		p := &Ported{}
		for i, n := range numbers {
			c := Carrier(i%4 + 1)
			want[n] = c
			p.add(sms.Number(firstMobile+n), c)
		}
		p.sort()
		if p.Len() != len(want) {
			t.Fatalf("got %d numbers, want %d", p.Len(), len(want))
		}
		for _, n := range append(numbers, 3, 499_999, 801*perFive, 6999*perFive+3) {
			if got := p.CarrierOf(sms.Number(n + firstMobile)); got != want[n] {
				t.Fatalf("number at %d: got %v, want %v", n, got, want[n])
			}
		}
	})
}

func FuzzReadPorted(f *testing.F) {
	f.Add("8613800138000,China Unicom\n")
	f.Add("# x\n,\n")
	f.Add("\x1f\x8b\x08\x00")
	f.Fuzz(func(t *testing.T, file string) {
		p, err := ReadPorted("ported.csv", strings.NewReader(file))
		zipped := strings.HasPrefix(file, "\x1f\x8b")
		if err == nil && !zipped && p.Len() > strings.Count(file, ",") {
			t.Errorf("got %d numbers of %d lines", p.Len(), strings.Count(file, ","))
		}
	})
}

// tenMillion is a file of numbers that moved, all over the range and out of order.
func tenMillion() []byte {
	const rows = 10_000_000
	file := make([]byte, 0, rows*26)
	for i := range uint64(rows) {
		file = fmt.Appendf(file, "%d,China Unicom\n", firstMobile+i*7919%7_000_000_000)
	}
	return file
}

func BenchmarkReadPorted(b *testing.B) {
	file := tenMillion()
	var before, after runtime.MemStats
	b.ReportAllocs()
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		p, err := ReadPorted("ported.csv", bytes.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(p.Len()), "B/number")
		runtime.KeepAlive(p)
	}
}

func BenchmarkPortedCarrierOf(b *testing.B) {
	p, err := ReadPorted("ported.csv", bytes.NewReader(tenMillion()))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		step uint64
	}{{"any", 6_700_417_001}, {"neighbours", 701}} {
		b.Run(c.name, func(b *testing.B) {
			n := uint64(0)
			for b.Loop() {
				if n += c.step; n >= 7_000_000_000 {
					n -= 7_000_000_000
				}
				p.CarrierOf(sms.Number(firstMobile + n))
			}
		})
	}
}
