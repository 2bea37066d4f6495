package providers

import (
	"errors"
	"strings"
	"testing"

	"tocsin/providers/sms"

	"pgregory.net/rapid"
)

func TestReadPorted(t *testing.T) {
	p, err := ReadPorted(strings.NewReader("\uFEFFnumber,carrier\n# moved in May\n\n" +
		"13800138000,China Unicom\r\n+86 199-9999-9999 , 中国移动\n8613000000000,China Telecom\n" +
		"8613800138000,China Telecom\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Len(); got != 3 {
		t.Errorf("got %d numbers, want 3", got)
	}
	for n, want := range map[sms.Number]Carrier{
		8613800138000: ChinaTelecom, // the last line about it
		8613800138001: ChinaMobile,
		8613800137999: ChinaMobile,
		8619999999999: ChinaMobile,
		8619999999998: ChinaTelecom,
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
			_, err := ReadPorted(strings.NewReader(file))
			if !errors.Is(err, ErrPorted) || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("got %v, want %v with its line", err, ErrPorted)
			}
			if err != nil && strings.Contains(err.Error(), "138001") {
				t.Errorf("the error shows the number")
			}
		})
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
		var all []uint64
		for i, n := range numbers {
			c := Carrier(i%4 + 1)
			want[n] = c
			all = append(all, n<<carrierBits|uint64(c))
		}
		p := packPorted(all)
		if p.Len() != len(want) {
			t.Fatalf("got %d numbers, want %d", p.Len(), len(want))
		}
		for n, c := range want {
			if got := p.CarrierOf(sms.Number(n + firstMobile)); got != c {
				t.Fatalf("number at %d: got %v, want %v", n, got, c)
			}
		}
		for _, n := range []uint64{3, 499_999, 801 * perFive, 6999*perFive + 3} {
			if got, prefix := p.CarrierOf(sms.Number(n+firstMobile)), CarrierOf(sms.Number(n+firstMobile)); want[n] == 0 && got != prefix {
				t.Fatalf("number at %d: got %v, want its prefix's %v", n, got, prefix)
			}
		}
	})
}

func FuzzReadPorted(f *testing.F) {
	f.Add("8613800138000,China Unicom\n")
	f.Add("# x\n,\n")
	f.Fuzz(func(t *testing.T, file string) {
		p, err := ReadPorted(strings.NewReader(file))
		if err == nil && p.Len() > strings.Count(file, ",") {
			t.Errorf("got %d numbers of %d lines", p.Len(), strings.Count(file, ","))
		}
	})
}
