package ledger

import (
	"testing"
	"time"

	"tocsin/providers/sms"
)

func TestTheEndIsThatOfAllThatGoesFirst(t *testing.T) {
	ahead := func(routine, urgent, emergency int) [sms.Classes]int {
		return [sms.Classes]int{sms.Routine: routine, sms.Urgent: urgent, sms.Emergency: emergency}
	}
	for _, c := range []struct {
		name  string
		class sms.Class
		b     Backlog
		p     Pace
		want  time.Duration
		known bool
	}{
		{"alone", sms.Routine, Backlog{Own: 1000}, Pace{Rate: 100}, 10 * time.Second, true},
		{"through", sms.Routine, Backlog{Ahead: ahead(500, 0, 0)}, Pace{Rate: 100}, 0, true},
		{"no rate", sms.Routine, Backlog{Own: 1}, Pace{}, 0, false},
		{"through, and no rate", sms.Routine, Backlog{}, Pace{}, 0, true},
		{"behind an older one of its class", sms.Routine, Backlog{Own: 1000, Ahead: ahead(500, 0, 0)}, Pace{Rate: 100}, 15 * time.Second, true},
		{"overtaken by an emergency", sms.Routine, Backlog{Own: 1000, Ahead: ahead(0, 0, 3000)}, Pace{Rate: 100, Floor: 0.05}, 40 * time.Second, true},
		{"overtaken by an urgent one, without a floor", sms.Routine, Backlog{Own: 1000, Ahead: ahead(0, 3000, 0)}, Pace{Rate: 100}, 40 * time.Second, true},
		{"the floor does not move the end of what lasts longer", sms.Routine, Backlog{Own: 1000, Ahead: ahead(0, 3000, 0)}, Pace{Rate: 100, Floor: 0.05}, 40 * time.Second, true},
		{"through by its floor before the urgent one is", sms.Routine, Backlog{Own: 100, Ahead: ahead(0, 9000, 0)}, Pace{Rate: 100, Floor: 0.1}, 10 * time.Second, true},
		{"that, after an emergency", sms.Routine, Backlog{Own: 100, Ahead: ahead(0, 9000, 500)}, Pace{Rate: 100, Floor: 0.1}, 15 * time.Second, true},
		{"an urgent one beside a floor", sms.Urgent, Backlog{Own: 900, Ahead: ahead(9000, 0, 0)}, Pace{Rate: 100, Floor: 0.1}, 10 * time.Second, true},
		{"an urgent one beside little routine work", sms.Urgent, Backlog{Own: 900, Ahead: ahead(50, 0, 0)}, Pace{Rate: 100, Floor: 0.1}, 9500 * time.Millisecond, true},
		{"an urgent one behind an emergency", sms.Urgent, Backlog{Own: 900, Ahead: ahead(0, 100, 1000)}, Pace{Rate: 100}, 20 * time.Second, true},
		{"an emergency waits for older ones only", sms.Emergency, Backlog{Own: 900, Ahead: ahead(9000, 9000, 100)}, Pace{Rate: 100, Floor: 0.1}, 10 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, known := c.b.Takes(c.class, c.p)
			if known != c.known || (got-c.want).Abs() > time.Millisecond {
				t.Errorf("got %v, %v, want %v, %v", got, known, c.want, c.known)
			}
		})
	}
}

func TestTheEndOfACampaignIsThatOfItsSlowestProvider(t *testing.T) {
	o := options(t, t.TempDir())
	l := openWith(t, o)
	defer func() { l.Close() }()
	plan(t, l, "first", 20, 10)
	plan(t, l, "second", 10, 10)
	r, err := OpenReader(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	end := func(key string, rate float64) *Estimate {
		t.Helper()
		report, err := r.Report(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		f, err := r.Finish(t.Context(), report, map[string]Pace{"a": {Rate: rate}})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	within := func(f *Estimate, want time.Duration) {
		t.Helper()
		if d := time.Until(f.At); f.Unknown != "" || d > want || d < want-5*time.Second {
			t.Errorf("got %+v, %v from now, want %v", f, d, want)
		}
	}
	within(end("first", 0.1), 200*time.Second)
	within(end("second", 0.1), 300*time.Second)
	if f := end("second", 0); f.Unknown != "a" || !f.At.IsZero() {
		t.Errorf("got %+v without a rate, want it unknown because of a", f)
	}
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2, 3, 4)
	settle(t, l, k, taken("1", "2", "3", "4", "5"), 0, 1, 2, 3, 4)
	within(end("second", 0.1), 250*time.Second)
	if err := l.Release(k); err != nil {
		t.Fatal(err)
	}
	slow, now := map[string]*Backlog{"a": {Own: 10}, "b": {Own: 30}}, time.Now()
	if f := estimate(now, sms.Routine, slow, map[string]Pace{"a": {Rate: 1}, "b": {Rate: 1}}); !f.At.Equal(now.Add(30 * time.Second)) {
		t.Errorf("got %v, want the slowest provider's", f.At)
	}
}

// A report and its end over 900 pages, as 900,000 recipients have.
func BenchmarkReportWithItsEnd(b *testing.B) {
	o := Options{Dir: b.TempDir()}
	l, err := Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	plan(b, l, "k", 9000, 10)
	r, err := OpenReader(o)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	var report *Report
	b.Run("report", func(b *testing.B) {
		for b.Loop() {
			if report, err = r.Report(b.Context(), "k"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("end", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Standings(b.Context(), []string{"a", "b"}); err != nil {
				b.Fatal(err)
			}
			if _, err := r.Finish(b.Context(), report, map[string]Pace{"a": {Rate: 1}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
