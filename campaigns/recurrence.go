package campaigns

import (
	"errors"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A Recurrence is when a campaign is sent again and again. Each time is an occurrence, a
// campaign of its own.
type Recurrence struct {
	Every string         // minute, hour, day of the month, month, day of the week
	Zone  *time.Location // whose clock Every is by
	Until time.Time      // no occurrence is later; zero: for ever
	Lasts time.Duration  // how long an occurrence is worth anything; 0: for ever

	times cron.Schedule
}

// parseRecurrence reads the five fields of cron.
func parseRecurrence(every string, zone *time.Location) (*Recurrence, error) {
	if n := len(strings.Fields(every)); n != 5 || strings.Contains(every, "TZ=") || strings.HasPrefix(every, "@") {
		return nil, errors.New("it has five fields, minute, hour, day of the month, month and day of the week: 0 8 * * MON-FRI is at 8 on workdays")
	}
	times, err := parseCron(every)
	if err != nil {
		return nil, err
	}
	return &Recurrence{Every: every, Zone: zone, times: times}, nil
}

// Next is the first occurrence after t; zero when there is none. A time that the clock
// skips in spring is not there on that day; one that it shows twice in autumn is there
// once, the first time.
func (r *Recurrence) Next(t time.Time) time.Time {
	t = t.In(r.Zone)
	next := r.times.Next(t)
	for !next.IsZero() && again(next) {
		next = r.times.Next(next)
	}
	if next.IsZero() || !r.Until.IsZero() && next.After(r.Until) {
		return time.Time{}
	}
	return next
}

// again reports whether the clock has shown t before: it was set back since.
func again(t time.Time) bool {
	_, now := t.Zone()
	for _, back := range [...]time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} { // of all clocks there are
		if _, before := t.Add(-back).Zone(); time.Duration(before-now)*time.Second == back {
			return true
		}
	}
	return false
}

// OccurrenceKey is the key of the campaign that is the occurrence at a time.
func (r *Recurrence) OccurrenceKey(key string, at time.Time) string {
	return key + "-" + at.In(r.Zone).Format("20060102-1504")
}

// occurrenceSuffix is what OccurrenceKey appends, in characters.
const occurrenceSuffix = len("-20060102-1504")

// At is the definition of the occurrence at a time; d itself when at is zero.
func (d *Definition) At(at time.Time) *Definition {
	if at.IsZero() {
		return d
	}
	one := *d
	one.Schedule.Start, one.Schedule.Recurrence = at, nil
	if r := d.Schedule.Recurrence; r != nil && r.Lasts > 0 {
		one.Schedule.Expires = at.Add(r.Lasts)
	}
	return &one
}
