package campaigns

import (
	"fmt"
	"strings"
	"time"

	"tocsin/providers/sms"
)

// MachineClock stands for the zone of a time that names none, where the definition has
// none either.
const MachineClock = "this machine's clock"

// Moment is a time for people: by its own clock, with the offset of that from UTC and
// the clock's name.
func Moment(t time.Time) string {
	layout := "2006-01-02 15:04"
	if t.Second() != 0 {
		layout += ":05"
	}
	return t.Format(layout) + " " + clockName(t)
}

// clockName is the offset and the name of the clock that t is by.
func clockName(t time.Time) string {
	offset, name := t.Format("-07:00"), t.Location().String()
	switch {
	case t.Location() == time.Local && name != "Local": // the machine's settings name it
		name += ", " + MachineClock
	case t.Location() == time.Local:
		name = MachineClock
	case name == "" || name == offset: // the time has an offset alone
		return "(" + offset + ")"
	}
	return "(" + offset + " " + name + ")"
}

// at is the window for people, by the offset that its clock has at t.
func (w Window) at(t time.Time) string {
	if w.Zone != nil {
		t = t.In(w.Zone)
	}
	clock := func(d time.Duration) string {
		return fmt.Sprintf("%02d:%02d", d/time.Hour, d%time.Hour/time.Minute)
	}
	return clock(w.From) + "–" + clock(w.To) + " " + clockName(t)
}

// Opens is the first time from t on in the window.
func (w Window) Opens(t time.Time) time.Time {
	if w.Contains(t) {
		return t
	}
	if w.Zone != nil {
		t = t.In(w.Zone)
	}
	for day := 0; ; day++ {
		opens := time.Date(t.Year(), t.Month(), t.Day()+day, 0, int(w.From/time.Minute), 0, 0, t.Location())
		if opens.After(t) {
			return opens
		}
	}
}

// Opens is the first time from now on at which a message may leave.
func (s *Schedule) Opens(now time.Time) time.Time {
	if s.Start.After(now) {
		now = s.Start
	}
	return s.Window.Opens(now)
}

// Times are when a campaign is sent, for people.
type Times struct {
	Start   string `json:"start,omitempty"`
	Window  string `json:"window,omitempty"`
	Expires string `json:"expires,omitempty"`
	// WaitsUntil is when its first message may leave, "" when that is now, and WaitsFor
	// what it waits for till then: ForStart or ForWindow.
	WaitsUntil string `json:"waits_until,omitempty"`
	WaitsFor   string `json:"waits_for,omitempty"`
	Next       string `json:"next,omitempty"` // of a campaign that is sent again and again
}

// What a campaign waits for.
const (
	ForStart  = "start"
	ForWindow = "window"
)

// Times are the schedule's as of now.
func (s *Schedule) Times(now time.Time) Times {
	var t Times
	if !s.Start.IsZero() {
		t.Start = Moment(s.Start)
	}
	if s.Window.From != s.Window.To {
		t.Window = s.Window.at(now)
	}
	if !s.Expires.IsZero() {
		t.Expires = Moment(s.Expires)
	}
	if s.Recurrence != nil { // each time waits for itself
		if next := s.next(now); !next.IsZero() {
			t.Next = Moment(next)
		}
		return t
	}
	if opens := s.Opens(now); opens.After(now) {
		t.WaitsUntil, t.WaitsFor = Moment(opens), ForWindow
		if opens.Equal(s.Start) {
			t.WaitsFor = ForStart
		}
	}
	return t
}

// next is the first time of every from now on.
func (s *Schedule) next(now time.Time) time.Time {
	if s.Start.After(now) {
		now = s.Start.Add(-time.Nanosecond)
	}
	return s.Recurrence.Next(now)
}

// CheckTimes refuses a campaign that is to be planned now, for a schedule that cannot be
// meant: its start was missed already, or it expires before a message may leave.
func (d *Definition) CheckTimes(now time.Time) error {
	s := &d.Schedule
	if s.Recurrence != nil {
		return d.checkOccurrences(now)
	}
	if late := now.Sub(s.Start); !s.Start.IsZero() && late > s.Tolerance {
		return d.refuse("$.schedule.start", "the start %s was %s ago, and everything would be sent at once: put the date right (is it the year?), or remove start to send it at once",
			Moment(s.Start), ago(late))
	}
	if opens := s.Opens(now); !s.Expires.IsZero() && opens.After(now) && !s.Expires.After(opens) {
		return d.refuse("$.schedule.expires", "the campaign expires %s, before its first message may leave, %s: nobody would be sent anything", Moment(s.Expires), Moment(opens))
	}
	return nil
}

// lookAhead is how many occurrences are looked at: some may be sent though others are
// not.
const lookAhead = 50

func (d *Definition) checkOccurrences(now time.Time) error {
	r, s := d.Schedule.Recurrence, &d.Schedule
	at := s.next(now)
	if at.IsZero() {
		return d.refuse("$.schedule.every", "there is no time of every left before until")
	}
	first := at
	for range lookAhead {
		if at.IsZero() || r.Lasts == 0 || at.Add(r.Lasts).After(s.Window.Opens(at)) {
			return nil
		}
		at = r.Next(at)
	}
	return d.refuse("$.schedule.every", "each time of every is over before the window opens: the next is %s, lasts %s, and its first message may leave %s: nobody would be sent anything",
		Moment(first), r.Lasts, Moment(s.Window.Opens(first)))
}

// ago is a length of time in the largest unit that fits.
func ago(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return d.Round(time.Second).String()
}

// Warnings are what the schedule of a campaign that is planned now warns of.
func (d *Definition) Warnings(now time.Time) (all []Warning) {
	s := &d.Schedule
	if d.Class == sms.Emergency && s.Window.From != s.Window.To {
		all = append(all, Warning{Kind: WarnEmergencyWindow, What: s.Window.at(now)})
	}
	if opens := s.Opens(now); d.Class == sms.Emergency && s.Recurrence == nil && opens.After(now) {
		all = append(all, Warning{Kind: WarnEmergencyWaits, What: Moment(opens)})
	}
	if s.Recurrence == nil && !s.Start.IsZero() && !s.Start.After(now) {
		all = append(all, Warning{Kind: WarnLateStart, What: Moment(s.Start)})
	}
	if s.Recurrence == nil && !s.Expires.IsZero() && !s.Expires.After(now) {
		all = append(all, Warning{Kind: WarnExpired, What: Moment(s.Expires)})
	}
	zones := []*time.Location{s.Window.Zone}
	if s.Recurrence != nil {
		zones = append(zones, s.Recurrence.Zone)
	}
	for i, zone := range zones {
		if zone != nil && turned(zone.String()) && (i == 0 || zone.String() != zones[0].String()) {
			all = append(all, Warning{Kind: WarnZone, What: zone.String() + " = UTC" + now.In(zone).Format("-07:00")})
		}
	}
	return all
}

// turned reports whether a zone's name has the sign of its offset turned round, as POSIX
// writes it: Etc/GMT+8 is eight hours behind UTC.
func turned(zone string) bool {
	return strings.HasPrefix(zone, "Etc/GMT") && strings.ContainsAny(zone, "+-") && strings.Trim(zone, "EtcGM/T+-0") != ""
}
