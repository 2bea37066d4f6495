package dispatcher

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
	"tocsin/providers/sms"
)

func at(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }

func TestAStartThatWasMissedIsNotMadeUpForAndSaysSo(t *testing.T) {
	tests := []struct {
		name string
		away time.Duration
		want string
	}{
		{"nobody was there for longer than the tolerance", time.Hour + 11*time.Minute, ledger.Paused},
		{"somebody came in time", time.Hour + 9*time.Minute, ledger.Finished},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.simulate("mobile", account(1, 10, 10), 0, simulator.Config{})
				w.start()
				c := w.plan(people(50, fmt.Sprintf("receipts: {wanted: false}\nschedule: {start: %q, tolerance: 10m}", at(time.Hour))))
				if err := w.stop(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.away)
				w.start()
				time.Sleep(time.Minute)
				if got := w.state("a"); got != tt.want {
					t.Errorf("got the campaign %s, want %s", got, tt.want)
				}
				if tt.want == ledger.Paused {
					known, err := w.node.ledger.Campaign("a")
					if err != nil || !strings.Contains(known.Note, "its start was missed by 11m") {
						t.Errorf("got the note %q, %v, want it to say by how much", known.Note, err)
					}
					// Somebody decides that it is not too late.
					w.setState(c.ID, ledger.Running)
				}
				w.ends(time.Minute, ledger.Recipients{Accepted: 50})
			})
		})
	}
}

func TestACampaignPlannedAfterItsStartStartsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 10), 0, simulator.Config{})
		w.start()
		w.plan(people(50, fmt.Sprintf("receipts: {wanted: false}\nschedule: {start: %q, tolerance: 10m}", at(-time.Hour))))
		w.ends(time.Minute, ledger.Recipients{Accepted: 50})
	})
}

func TestNothingIsValidIntoTheQuietHoursButAnEmergency(t *testing.T) {
	slow(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 10), 0, simulator.Config{})
		w.start()
		ends := time.Date(2000, 1, 1, 20, 0, 0, 0, time.UTC)
		tests := []struct {
			name, class, more string
			want              time.Time
		}{
			{"by day until the evening", "routine", "", ends},
			{"until it expires, when that is earlier", "urgent", ", expires: 2000-01-01T10:00:00Z", ends.Add(-10 * time.Hour)},
			{"until the evening, when it expires later", "urgent", ", expires: 2000-01-02T10:00:00Z", ends},
			{"an emergency without end", "emergency", "", time.Time{}},
		}
		time.Sleep(9 * time.Hour) // virtual time begins at midnight
		for i, tt := range tests {
			c := people(5, fmt.Sprintf("class: %s\nreceipts: {wanted: false}\nschedule: {window: {from: \"08:00\", to: \"20:00\", zone: UTC}%s}", tt.class, tt.more))
			c.key, c.first = fmt.Sprint("a", i), c.first+uint64(1000*i)
			made := w.plan(c)
			o, err := w.node.dispatcher.orders.of(&made)
			if err != nil {
				t.Fatal(err)
			}
			e := o.seal(time.Now())
			if !e.Expires.Equal(tt.want) {
				t.Errorf("%s: got validity until %v, want %v", tt.name, e.Expires, tt.want)
			}
			if again := o.seal(time.Now().Add(time.Minute)); again != e {
				t.Errorf("%s: got another envelope a minute later: messages would not travel together", tt.name)
			}
			if e.Class != made.Class || e.Class == sms.Emergency && e != o.envelope {
				t.Errorf("%s: got an envelope of another campaign", tt.name)
			}
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}
