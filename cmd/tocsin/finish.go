package main

import (
	"time"

	"tocsin/campaigns"
)

// finishAt is when work that takes so long at full speed starts and ends under a
// schedule, if it is let loose now. ok is false when the window is so small that
// ten years are not enough.
func finishAt(s campaigns.Schedule, now time.Time, work time.Duration) (start, end time.Time, ok bool) {
	t := now
	if s.Start.After(t) {
		t = s.Start
	}
	if s.Window.From == s.Window.To {
		return t, t.Add(work), true
	}
	if s.Window.Zone != nil {
		t = t.In(s.Window.Zone)
	}
	if !s.Window.Contains(t) {
		t = nextAt(t, s.Window.From)
	}
	start = t
	for range 3660 {
		left := nextAt(t, s.Window.To).Sub(t)
		if work <= left {
			return start, t.Add(work), true
		}
		work -= left
		t = nextAt(nextAt(t, s.Window.To), s.Window.From)
	}
	return start, t, false
}

// nextAt is the first time after t at which the clock shows clock.
func nextAt(t time.Time, clock time.Duration) time.Time {
	year, month, day := t.Date()
	for k := 0; ; k++ {
		at := time.Date(year, month, day+k, int(clock/time.Hour), int(clock%time.Hour/time.Minute), 0, 0, t.Location())
		if at.After(t) {
			return at
		}
	}
}
