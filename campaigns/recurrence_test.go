package campaigns

import (
	"strings"
	"testing"
	"time"
)

func recurring(t *testing.T, schedule string) *Definition {
	t.Helper()
	d, err := Parse("c.yaml", []byte("key: k\ntext: t\naudience: {files: [a]}\nschedule: {"+schedule+"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheTimesOfACampaignThatIsSentAgainAndAgain(t *testing.T) {
	for _, tt := range []struct {
		name, schedule, after string
		want                  []string
	}{
		{
			"on workdays", `every: "0 8 * * MON-FRI", zone: Asia/Shanghai`, "2026-11-25T10:00:00+08:00",
			[]string{"2026-11-26T08:00:00+08:00", "2026-11-27T08:00:00+08:00", "2026-11-30T08:00:00+08:00"},
		},
		{
			"until the last", `every: "30 7 1 * *", zone: Asia/Shanghai, until: 2027-01-01 07:30`, "2026-11-25T10:00:00+08:00",
			[]string{"2026-12-01T07:30:00+08:00", "2027-01-01T07:30:00+08:00", ""},
		},
		{
			"a time that the clock skips is not there that day", `every: "30 2 * * *", zone: Europe/Berlin`, "2026-03-28T03:00:00+01:00",
			[]string{"2026-03-30T02:30:00+02:00"},
		},
		{
			"a time that the clock shows twice is there once", `every: "30 2 * * *", zone: Europe/Berlin`, "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		{
			"every quarter of an hour, too", `every: "*/15 2 * * *", zone: Europe/Berlin`, "2026-10-25T02:40:00+02:00",
			[]string{"2026-10-25T02:45:00+02:00", "2026-10-26T02:00:00+01:00"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := recurring(t, tt.schedule).Schedule.Recurrence
			at, err := time.Parse(time.RFC3339, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				at = r.Next(at)
				got := ""
				if !at.IsZero() {
					got = at.Format(time.RFC3339)
				}
				if got != want {
					t.Fatalf("got %q, want %q", got, want)
				}
			}
		})
	}
}

func TestAnOccurrenceIsACampaignOfItsOwnTime(t *testing.T) {
	d := recurring(t, `every: "0 8 * * *", zone: Asia/Shanghai, lasts: 10h`)
	at := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	one := d.At(at)
	if one.Schedule.Recurrence != nil || !one.Schedule.Start.Equal(at) || !one.Schedule.Expires.Equal(at.Add(10*time.Hour)) {
		t.Errorf("got %+v, want it to start then and to last ten hours", one.Schedule)
	}
	if d.Schedule.Recurrence == nil || d.At(time.Time{}) != d {
		t.Error("the definition itself was changed")
	}
	if got := d.Schedule.Recurrence.OccurrenceKey("k", at); got != "k-20261126-0800" {
		t.Errorf("got the key %q", got)
	}
}

func TestARecurrenceThatIsNoneIsRefused(t *testing.T) {
	for schedule, want := range map[string]string{
		`every: "0 8 * * MON-FRI"`:                                 "every wants zone",
		`every: "0 8 * *", zone: UTC`:                              "it has five fields",
		`every: "0 0 8 * * *", zone: UTC`:                          "it has five fields",
		`every: "@daily", zone: UTC`:                               "it has five fields",
		`every: "TZ=UTC 0 8 * * *", zone: UTC`:                     "it has five fields",
		`every: "0 25 * * *", zone: UTC`:                           "above maximum",
		`every: "0 8 * * *", zone: Mars`:                           `there is no time zone "Mars"`,
		`zone: UTC`:                                                "zone is for every",
		`until: 2026-01-01 08:00`:                                  "until is for every",
		`every: "0 8 * * *", zone: UTC, until: soon`:               `"soon" is no time`,
		`every: "0 8 * * *", zone: UTC, lasts: long`:               `"long" is no length of time`,
		`every: "0 8 * * *", zone: UTC, expires: 2027-01-01 08:00`: "write lasts",
		`every: "0 8 * * *", zone: UTC, start: 2027-01-02 08:00, until: 2027-01-01 08:00`: "there is no such time before until",
		`every: "0 8 30 2 *", zone: UTC`: "there is no such time",
	} {
		_, err := Parse("c.yaml", []byte("key: k\ntext: t\naudience: {files: [a]}\nschedule: {"+schedule+"}\n"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "c.yaml:4:") {
			t.Errorf("%s: got %v, want a refusal with %q in line 4", schedule, err, want)
		}
	}
	long := strings.Repeat("k", 52)
	if _, err := Parse("c.yaml", []byte("key: "+long+"\ntext: t\naudience: {files: [a]}\nschedule: {every: \"0 8 * * *\", zone: UTC}\n")); err == nil {
		t.Error("a key that leaves no room for the date was taken")
	}
}
