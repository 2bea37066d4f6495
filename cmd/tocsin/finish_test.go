package main

import (
	"testing"
	"time"

	"tocsin/campaigns"
)

func TestWhenACampaignIsDone(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 7, day, hour, minute, 0, 0, zone) }
	day := campaigns.Window{From: 8 * time.Hour, To: 21 * time.Hour, Zone: zone}
	night := campaigns.Window{From: 22 * time.Hour, To: 6 * time.Hour, Zone: zone}
	tests := []struct {
		name       string
		s          campaigns.Schedule
		now        time.Time
		work       time.Duration
		start, end time.Time
	}{
		{"at any hour", campaigns.Schedule{}, at(1, 3, 0), time.Hour, at(1, 3, 0), at(1, 4, 0)},
		{"later", campaigns.Schedule{Start: at(2, 8, 0)}, at(1, 3, 0), time.Hour, at(2, 8, 0), at(2, 9, 0)},
		{"a start that is over", campaigns.Schedule{Start: at(1, 8, 0)}, at(2, 3, 0), time.Hour, at(2, 3, 0), at(2, 4, 0)},
		{"inside the window", campaigns.Schedule{Window: day}, at(1, 9, 0), time.Hour, at(1, 9, 0), at(1, 10, 0)},
		{"before the window", campaigns.Schedule{Window: day}, at(1, 3, 0), time.Hour, at(1, 8, 0), at(1, 9, 0)},
		{"over the end of the window", campaigns.Schedule{Window: day}, at(1, 20, 30), time.Hour, at(1, 20, 30), at(2, 8, 30)},
		{"for days", campaigns.Schedule{Window: day}, at(1, 22, 0), 27 * time.Hour, at(2, 8, 0), at(4, 9, 0)},
		{"up to the very end", campaigns.Schedule{Window: day}, at(1, 20, 0), time.Hour, at(1, 20, 0), at(1, 21, 0)},
		{"a window over midnight", campaigns.Schedule{Window: night}, at(1, 23, 0), 8 * time.Hour, at(1, 23, 0), at(2, 23, 0)},
		{"a window up to midnight", campaigns.Schedule{Window: campaigns.Window{From: 20 * time.Hour, To: 24 * time.Hour, Zone: zone}}, at(1, 23, 0), 2 * time.Hour, at(1, 23, 0), at(2, 21, 0)},
	}
	for _, tt := range tests {
		start, end, ok := finishAt(tt.s, tt.now, tt.work)
		if !start.Equal(tt.start) || !end.Equal(tt.end) || !ok {
			t.Errorf("%s: got %v to %v, %v, want %v to %v", tt.name, start, end, ok, tt.start, tt.end)
		}
	}
	tiny := campaigns.Window{From: 0, To: time.Minute, Zone: zone}
	if _, _, ok := finishAt(campaigns.Schedule{Window: tiny}, at(1, 0, 0), 1000*time.Hour); ok {
		t.Error("got an end of a thousand hours in a window of a minute")
	}
}
