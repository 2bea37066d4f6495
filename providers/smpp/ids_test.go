package smpp

import (
	"strconv"
	"testing"
)

func TestAReceiptsIDIsWrittenAsTheAnswerHadIt(t *testing.T) {
	for _, tt := range []struct {
		name     string
		n        Notation
		id, want string
	}{
		{"as it is, when nothing is said", Same, "00123", "00123"},
		{"in hexadecimal digits", Decimal, "3735928559", "deadbeef"},
		{"in hexadecimal digits without zeros in front", Decimal, "0000000255", "ff"},
		{"the highest there is", Decimal, "18446744073709551615", "ffffffffffffffff"},
		{"one more stays", Decimal, "18446744073709551616", "18446744073709551616"},
		{"what is not decimal stays", Decimal, "12ab", "12ab"},
		{"in decimal digits", Hex, "DEADbeef", "3735928559"},
		{"in decimal digits, of many zeros", Hex, "00000000000000000000000000000001", "1"},
		{"17 digits stay", Hex, "1ffffffffffffffff", "1ffffffffffffffff"},
		{"what is not hexadecimal stays", Hex, "id-7", "id-7"},
		{"an empty one stays", Hex, "", ""},
		{"brackets are no digits", Hex, "@g", "@g"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var room [idSize]byte
			if got := tt.n.answered([]byte(tt.id), room[:]); string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if n := testing.AllocsPerRun(100, func() { tt.n.answered([]byte(tt.id), room[:]) }); n > 1 { // the test's own
				t.Errorf("got %v allocations", n)
			}
		})
	}
}

func FuzzNotation(f *testing.F) {
	for _, id := range []string{"", "0", "deadbeef", "18446744073709551616", "\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		var room [idSize]byte
		for n, base := range map[Notation]int{Decimal: 10, Hex: 16} {
			got := string(n.answered([]byte(id), room[:]))
			v, err := strconv.ParseUint(id, base, 64)
			if err != nil {
				if got != id {
					t.Fatalf("%d: got %q of %q, want it as it is", n, got, id)
				}
			} else if want := strconv.FormatUint(v, 26-base); got != want {
				t.Fatalf("%d: got %q of %q, want %q", n, got, id, want)
			}
		}
	})
}
