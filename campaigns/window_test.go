package campaigns

import (
	"testing"
	"time"
)

func TestWindowEnds(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := Window{From: 8 * time.Hour, To: 21*time.Hour + 30*time.Minute, Zone: shanghai}
	night := Window{From: 22 * time.Hour, To: 6 * time.Hour, Zone: berlin}
	at := func(text string, zone *time.Location) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := []struct {
		name    string
		window  Window
		t, want time.Time
	}{
		{"in the morning it ends in the evening", day, at("2026-07-01 08:00", shanghai), at("2026-07-01 21:30", shanghai)},
		{"seen from another zone it ends at the same instant", day, at("2026-07-01 00:00", time.UTC), at("2026-07-01 13:30", time.UTC)},
		{"outside of it there is no end", day, at("2026-07-01 21:30", shanghai), time.Time{}},
		{"without a window there is no end", Window{}, at("2026-07-01 12:00", shanghai), time.Time{}},
		{"until midnight", Window{From: time.Hour, To: 24 * time.Hour, Zone: shanghai}, at("2026-07-01 12:00", shanghai), at("2026-07-02 00:00", shanghai)},
		{"before midnight it ends the next morning", night, at("2026-07-01 23:00", berlin), at("2026-07-02 06:00", berlin)},
		{"behind midnight it ends the same morning", night, at("2026-07-02 05:59", berlin), at("2026-07-02 06:00", berlin)},
		{"a night of 23 hours ends by the clock on the wall", night, at("2026-03-28 23:00", berlin), at("2026-03-29 06:00", berlin)},
		{"a night of 25 hours too", night, at("2026-10-24 23:00", berlin), at("2026-10-25 06:00", berlin)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.window.Ends(tt.t); !got.Equal(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
