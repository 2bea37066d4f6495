package wire

import (
	"testing"
	"time"

	"tocsin/providers/sms"
)

func TestTimesOfAnEnvelope(t *testing.T) {
	at := time.Date(2026, 11, 25, 8, 15, 0, 0, time.UTC)
	both := &sms.Envelope{NotBefore: at, Expires: at.Add(20 * time.Hour)}
	for _, tt := range []struct {
		name       string
		v          Validity
		e          *sms.Envelope
		at, expiry string
	}{
		{"none", Validity{}, &sms.Envelope{}, "", ""},
		{"by UTC's clock", Validity{}, both, "261125081500000+", "261126041500000+"},
		{"by Beijing's clock", Validity{InBeijing: true}, both, "261125161500032+", "261126121500032+"},
		{"one alone", Validity{InBeijing: true}, &sms.Envelope{NotBefore: at}, "261125161500032+", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // the second is kept
				if got, until := tt.v.At(tt.e), tt.v.Of(tt.e); got != tt.at || until != tt.expiry {
					t.Errorf("got %q and %q, want %q and %q", got, until, tt.at, tt.expiry)
				}
			}
			if tt.at != "" && Absolute([]byte(tt.v.At(tt.e))) != at.UnixMilli() {
				t.Errorf("%s is read as %d, want %d", tt.at, Absolute([]byte(tt.at)), at.UnixMilli())
			}
		})
	}
	v := Validity{}
	v.Of(both)
	if got := v.Of(&sms.Envelope{}); got != "" {
		t.Errorf("got %q of another envelope, want nothing", got)
	}
}

func TestTimesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "261125161500032", "000000020000000R", "261325161500032+", "2611251615000x2+", "26112516150003x+", "261125161500099+"} {
		if got := Absolute([]byte(text)); got != 0 {
			t.Errorf("%q is read as %d, want none", text, got)
		}
	}
	if got, want := Absolute([]byte("261125161500004-")), time.Date(2026, 11, 25, 17, 15, 0, 0, time.UTC).UnixMilli(); got != want {
		t.Errorf("west of UTC: got %d, want %d", got, want)
	}
}
