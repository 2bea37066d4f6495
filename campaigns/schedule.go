package campaigns

import "time"

// defaultTolerance is short: a warning that comes hours late does harm.
const defaultTolerance = 30 * time.Minute

func (l *loader) schedule() error {
	s, d := &l.doc.Schedule, l.d
	zone := time.Local
	if s.Window.Zone != "" {
		z, err := time.LoadLocation(s.Window.Zone)
		if err != nil {
			l.add(l.refuse("$.schedule.window.zone", "there is no time zone %q: write one like Asia/Shanghai", s.Window.Zone))
		} else {
			zone = z
		}
	}
	d.Schedule.Window.Zone = zone
	if (s.Window.From == "") != (s.Window.To == "") {
		l.add(l.refuse("$.schedule.window", "a window needs both from and to"))
	}
	for _, t := range []struct {
		path, text string
		to         *time.Duration
	}{{"$.schedule.window.from", s.Window.From, &d.Schedule.Window.From}, {"$.schedule.window.to", s.Window.To, &d.Schedule.Window.To}} {
		if t.text == "" {
			continue
		}
		if t.text == "24:00" && t.to == &d.Schedule.Window.To {
			*t.to = 24 * time.Hour
			continue
		}
		clock, err := time.Parse("15:04", t.text)
		if err != nil {
			l.add(l.refuse(t.path, "%q is no time of day: write one like 08:00", t.text))
			continue
		}
		*t.to = time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute
	}
	if s.Window.From != "" && d.Schedule.Window.From == d.Schedule.Window.To {
		l.add(l.refuse("$.schedule.window", "the window is empty: from and to are the same"))
	}
	for _, t := range []struct {
		path, text string
		to         *time.Time
	}{{"$.schedule.start", s.Start, &d.Schedule.Start}, {"$.schedule.expires", s.Expires, &d.Schedule.Expires}} {
		at, err := parseTime(t.text, zone)
		if err != nil {
			l.add(l.refuse(t.path, "%q is no time: write one like 2026-07-01 08:00 or 2026-07-01T08:00:00+08:00", t.text))
			continue
		}
		*t.to = at
	}
	d.Schedule.Tolerance = defaultTolerance
	if s.Tolerance != "" {
		tolerance, err := time.ParseDuration(s.Tolerance)
		if err != nil || tolerance < 0 {
			l.add(l.refuse("$.schedule.tolerance", "%q is no length of time: write one like 30m", s.Tolerance))
		}
		d.Schedule.Tolerance = tolerance
	}
	if e := d.Schedule.Expires; !e.IsZero() && !d.Schedule.Start.IsZero() && !e.After(d.Schedule.Start) {
		l.add(l.refuse("$.schedule.expires", "the campaign expires before it starts"))
	}
	return l.recurrence()
}

// recurrence reads what makes a campaign be sent again and again.
func (l *loader) recurrence() error {
	s, d := &l.doc.Schedule, l.d
	if s.Every == "" {
		for _, k := range []struct{ key, value string }{{"zone", s.Zone}, {"until", s.Until}, {"lasts", s.Lasts}} {
			if k.value != "" {
				return l.refuse("$.schedule."+k.key, "%s is for every, which is not there: a window has a zone of its own", k.key)
			}
		}
		return nil
	}
	if s.Zone == "" {
		return l.refuse("$.schedule.every", "every wants zone, whose clock it is by: write zone: Asia/Shanghai")
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return l.refuse("$.schedule.zone", "there is no time zone %q: write one like Asia/Shanghai", s.Zone)
	}
	r, err := parseRecurrence(s.Every, zone)
	if err != nil {
		return l.refuse("$.schedule.every", "every is %q: %w", s.Every, err)
	}
	if r.Until, err = parseTime(s.Until, zone); err != nil {
		return l.refuse("$.schedule.until", "%q is no time: write one like 2026-07-01 08:00 or 2026-07-01T08:00:00+08:00", s.Until)
	}
	if s.Lasts != "" {
		if r.Lasts, err = time.ParseDuration(s.Lasts); err != nil || r.Lasts <= 0 {
			return l.refuse("$.schedule.lasts", "%q is no length of time: write one like 10h", s.Lasts)
		}
	}
	if !d.Schedule.Start.IsZero() { // by the same clock, where it names none of its own
		if d.Schedule.Start, err = parseTime(s.Start, zone); err != nil {
			return err
		}
	}
	switch {
	case !d.Schedule.Expires.IsZero():
		return l.refuse("$.schedule.expires", "expires is for a campaign that is sent once: write lasts, how long each time of every is worth anything, or until, the last time")
	case len(d.Key)+occurrenceSuffix > 64:
		return l.refuse("$.key", "the key of a campaign with every has at most %d characters: each time gets its date behind it", 64-occurrenceSuffix)
	case r.Next(d.Schedule.Start).IsZero():
		return l.refuse("$.schedule.every", "every is %q: there is no such time before until", s.Every)
	}
	d.Schedule.Recurrence = r
	return nil
}

func parseTime(text string, zone *time.Location) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err = time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return t, err
}
