package campaigns

import (
	"fmt"
	"time"
)

// A Window is the part of each day in which a campaign may be sent. The zero
// Window is the whole day.
type Window struct {
	from, to int // minutes after midnight; to may be before from: over midnight
	zone     *time.Location
}

func newWindow(from, to string, zone *time.Location) (Window, error) {
	w := Window{zone: zone}
	for _, side := range []struct {
		text string
		at   *int
	}{{from, &w.from}, {to, &w.to}} {
		t, err := time.Parse("15:04", side.text)
		if err != nil {
			return w, fmt.Errorf("%q is not a time of day: want one such as 08:00", side.text)
		}
		*side.at = t.Hour()*60 + t.Minute()
	}
	if w.from == w.to {
		return w, fmt.Errorf("from and to are the same")
	}
	return w, nil
}

// Contains reports whether t lies in the window.
func (w Window) Contains(t time.Time) bool {
	if w.zone == nil {
		return true
	}
	t = t.In(w.zone)
	m := t.Hour()*60 + t.Minute()
	if w.from < w.to {
		return m >= w.from && m < w.to
	}
	return m >= w.from || m < w.to
}
