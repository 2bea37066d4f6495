package sms

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
)

func TestParseNumber(t *testing.T) {
	const want = Number(8613800138000)
	tests := []struct {
		name  string
		text  string
		china bool
		want  Number // 0: refused
	}{
		{"eleven digits", "13800138000", true, want},
		{"country code", "8613800138000", true, want},
		{"plus sign", "+8613800138000", true, want},
		{"double zero", "008613800138000", true, want},
		{"spaces and hyphens", " 86 138-0013-8000 ", true, want},
		{"brackets around the code", "(+86)13800138000", true, want},
		{"full-width digits", "１３８００１３８０００", true, want},
		{"full-width plus, brackets and hyphens", "（＋８６）１３８－００１３－８０００", true, want},
		{"ideographic and no-break spaces", "138\u30000013\u00a08000", true, want},
		{"the apostrophe of a spreadsheet", "'13800138000", true, want},
		{"a stray byte order mark", "\ufeff13800138000", true, want},
		{"plus sign, China not assumed", "+86 13800138000", false, want},
		{"the zero of long distance", "+86 (0)138 0013 8000", true, want},
		{"a spreadsheet's fraction", "13800138000.0", true, want},
		{"Arabic digits", "١٣٨٠٠١٣٨٠٠٠", false, 0},
		{"Arabic digits, China assumed", "١٣٨٠٠١٣٨٠٠٠", true, want},
		{"marks of direction", "\u202d13800138000\u202c", true, want},
		{"a digit missing, in a spreadsheet", "1380013800.0", true, 0},
		{"a note in brackets", "1380013800 (0)", true, 0},
		{"a foreign number", "+44 7723 456789", true, 0},
		{"eleven digits, China not assumed", "13800138000", false, 0},
		{"no number", "", true, 0},
		{"blank", "  ", true, 0},
		{"ten digits", "1380013800", true, 0},
		{"twelve digits", "138001380001", true, 0},
		{"a number beginning with 12", "12800138000", true, 0},
		{"a short code", "10086", true, 0},
		{"a short code with country code", "+8610086123", true, 0},
		{"a land line", "+861012345678", true, 0},
		{"letters", "1380013800O", true, 0},
		{"a plus sign inside", "86+13800138000", true, 0},
		{"two plus signs", "++8613800138000", true, 0},
		{"plus and double zero", "+008613800138000", true, 0},
		{"sixteen digits", "+1234567890123456", true, 0},
		{"very many digits do not wrap around", "+" + strings.Repeat("8", 60), true, 0},
		{"a cut full-width digit", "1380013800\xef\xbc", true, 0},
		{"zeros", "00000000000", true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseNumber([]byte(tt.text), tt.china)
			if got != tt.want || (err == nil) != (tt.want != 0) || err != nil && !errors.Is(err, ErrNumber) {
				t.Errorf("got %s, %v; want %s", got.Digits(), err, tt.want.Digits())
			}
		})
	}
}

func TestParseAddress(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		china      bool
		want       Number // 0: refused
	}{
		{"eleven digits", "13800138000", true, 8613800138000},
		{"eleven digits, China not assumed", "13800138000", false, 0},
		{"a foreign number with plus sign", "+44 7700 900123", true, 447700900123},
		{"a foreign number with double zero", "00447700900123", true, 447700900123},
		{"eight digits, the shortest", "+29012345", true, 29012345},
		{"fifteen digits, the longest", "+123456789012345", true, 123456789012345},
		{"sixteen digits", "+1234567890123456", true, 0},
		{"a land line", "+861012345678", true, 0},
		{"letters", "+44770090O123", true, 0},
	} {
		if got, err := ParseAddress([]byte(tt.text), tt.china); got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("%s: got %s, %v; want %s", tt.name, got.Digits(), err, tt.want.Digits())
		}
	}
}

func TestNumbersArePrintedMasked(t *testing.T) {
	n := Number(8613800138000)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "to", n)
	for _, got := range []string{n.String(), fmt.Sprint(n), fmt.Sprintf("%v %s", n, n), log.String()} {
		if strings.Contains(got, "138001") || !strings.Contains(got, "8613*******00") {
			t.Errorf("got %q, want it masked", got)
		}
	}
	if got := Number(12345).String(); got != "***" {
		t.Errorf("got %q, want ***", got)
	}
}

func TestParseNumberAllocatesNothing(t *testing.T) {
	good, bad, plain := []byte("（＋８６）138-0013-8000"), []byte("none"), []byte("13800138000")
	if n := testing.AllocsPerRun(100, func() {
		ParseNumber(good, true)
		ParseNumber(bad, true)
		ParseNumber(plain, true)
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"13800138000", "+44 7700 900123", "１３８", "00", "\xef\xbc", "86 138-0013-8000"} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, china bool) {
		n, err := ParseNumber(text, china)
		if err != nil {
			return
		}
		again, err := ParseNumber(append([]byte("+"), n.Digits()...), false)
		if err != nil || again != n {
			t.Fatalf("got %s, %v; want %s", again.Digits(), err, n.Digits())
		}
	})
}

func BenchmarkParseNumber(b *testing.B) {
	text := []byte("13800138000")
	for b.Loop() {
		ParseNumber(text, true)
	}
}

func TestDigitsAreThoseOfStrconv(t *testing.T) {
	for _, n := range []uint64{
		0, 7, 86, 999_999_999_999, 1_000_000_000_000, 8613800138000, 8619999999999, 9_999_999_999_999, 10_000_000_000_000, 999_999_999_999_999,
	} {
		for _, n := range []uint64{n, n + 1, n + 12_345, n + 98_765_432} {
			if got, want := string(Number(n).AppendDigits([]byte("+"))), "+"+strconv.FormatUint(n, 10); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}
