package campaigns

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scheduled is a campaign with a schedule, and perhaps more lines.
func scheduled(t *testing.T, schedule, more string) *Definition {
	t.Helper()
	d, err := Parse("c.yaml", []byte("key: k\ntext: t\naudience: {files: [a]}\nschedule: {"+schedule+"}\n"+more))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func at(t *testing.T, rfc3339 string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const shanghai = `window: {from: "08:00", to: "21:30", zone: Asia/Shanghai}`

func TestAStartInThePastRefuses(t *testing.T) { // B21: the usual typing error is the year
	for _, tt := range []struct{ name, schedule, now, want string }{
		{"years ago", `start: "2020-01-01T08:00:00+08:00"`, "2026-11-30T10:00:00+08:00", "the start 2020-01-01 08:00 (+08:00) was 2525 days ago"},
		{"last year's date", `start: "2025-12-01 08:00", ` + shanghai, "2026-12-01T07:00:00+08:00", "the start 2025-12-01 08:00 (+08:00 Asia/Shanghai) was 364 days ago"},
		{"beyond the tolerance", `start: "2026-12-01T08:00:00Z"`, "2026-12-01T08:31:00Z", "was 31 minutes ago"},
		{"beyond its own tolerance", `start: "2026-12-01T08:00:00Z", tolerance: 5m`, "2026-12-01T08:06:00Z", "was 6 minutes ago"},
		{"within the tolerance", `start: "2026-12-01T08:00:00Z"`, "2026-12-01T08:30:00Z", ""},
		{"now", `start: "2026-12-01T08:00:00Z"`, "2026-12-01T08:00:00Z", ""},
		{"later", `start: "2026-12-01T08:00:00Z"`, "2026-11-01T08:00:00Z", ""},
		{"the start of what is sent again and again", `start: "2020-01-01T08:00:00Z", every: "0 8 * * *", zone: UTC`, "2026-11-01T08:00:00Z", ""},
	} {
		err := scheduled(t, tt.schedule, "").CheckTimes(at(t, tt.now))
		var r *Refusal
		if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &r) || r.Line != 4 || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestAnExpiryBeforeTheFirstMessageRefuses(t *testing.T) { // B22
	for _, tt := range []struct{ name, schedule, now, want string }{
		{"before today's window", `expires: "2026-12-01 07:30", ` + shanghai, "2026-12-01T06:00:00+08:00", "expires 2026-12-01 07:30 (+08:00 Asia/Shanghai), before its first message may leave, 2026-12-01 08:00 (+08:00 Asia/Shanghai)"},
		{"as the window opens", `expires: "2026-12-01 08:00", ` + shanghai, "2026-12-01T06:00:00+08:00", "before its first message may leave"},
		{"in the night before tomorrow's", `expires: "2026-12-02 07:00", ` + shanghai, "2026-12-01T22:00:00+08:00", "2026-12-02 08:00"},
		{"behind a start outside of the window", `start: "2026-12-01 22:00", expires: "2026-12-02 06:00", ` + shanghai, "2026-12-01T06:00:00+08:00", "2026-12-02 08:00"},
		{"in the window", `expires: "2026-12-01 08:30", ` + shanghai, "2026-12-01T06:00:00+08:00", ""},
		{"each time of every", `every: "0 2 * * *", zone: Asia/Shanghai, lasts: 1h, ` + shanghai, "2026-12-01T06:00:00+08:00", "each time of every is over before the window opens"},
		{"some times of every", `every: "0 2,9 * * *", zone: Asia/Shanghai, lasts: 1h, ` + shanghai, "2026-12-01T06:00:00+08:00", ""},
		{"every that is over", `every: "0 2 * * *", zone: UTC, until: "2020-01-01 08:00"`, "2026-12-01T06:00:00+08:00", "there is no time of every left"},
	} {
		err := scheduled(t, tt.schedule, "").CheckTimes(at(t, tt.now))
		var r *Refusal
		if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &r) || r.Line != 4 || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestTheTimesOfACampaignAreSaid(t *testing.T) { // B22
	local := time.Local
	defer func() { time.Local = local }()
	time.Local = time.FixedZone("Local", 2*60*60)
	for _, tt := range []struct {
		name, schedule, now string
		want                Times
	}{
		{"nothing, when it is sent at once", "", "2026-11-30T10:00:00Z", Times{}},
		{
			"a start by the window's zone", `start: "2026-12-01 08:00", ` + shanghai, "2026-11-30T10:00:00Z",
			Times{Start: "2026-12-01 08:00 (+08:00 Asia/Shanghai)", Window: "08:00–21:30 (+08:00 Asia/Shanghai)", WaitsUntil: "2026-12-01 08:00 (+08:00 Asia/Shanghai)", WaitsFor: ForStart},
		},
		{
			"a start by the machine's clock", `start: "2026-12-01 08:00"`, "2026-11-30T10:00:00Z",
			Times{Start: "2026-12-01 08:00 (+02:00 this machine's clock)", WaitsUntil: "2026-12-01 08:00 (+02:00 this machine's clock)", WaitsFor: ForStart},
		},
		{
			"an offset", `start: "2026-12-01T08:00:00-05:00", expires: "2026-12-01T09:00:30Z"`, "2026-12-01T13:10:00Z",
			Times{Start: "2026-12-01 08:00 (-05:00)", Expires: "2026-12-01 09:00:30 (+00:00 UTC)"},
		},
		{
			"a window that is closed", shanghai, "2026-12-01T22:00:00+08:00",
			Times{Window: "08:00–21:30 (+08:00 Asia/Shanghai)", WaitsUntil: "2026-12-02 08:00 (+08:00 Asia/Shanghai)", WaitsFor: ForWindow},
		},
		{
			"the next time of every", `every: "0 8 * * 7", zone: Asia/Shanghai, start: "2026-12-10 00:00"`, "2026-12-01T22:00:00+08:00",
			Times{Start: "2026-12-10 00:00 (+08:00 Asia/Shanghai)", Next: "2026-12-13 08:00 (+08:00 Asia/Shanghai)"},
		},
		{"a window that is open", shanghai, "2026-12-01T12:00:00+08:00", Times{Window: "08:00–21:30 (+08:00 Asia/Shanghai)"}},
		{
			"a start outside of the window", `start: "2026-12-01 22:00", ` + shanghai, "2026-12-01T12:00:00+08:00",
			Times{
				Start: "2026-12-01 22:00 (+08:00 Asia/Shanghai)", Window: "08:00–21:30 (+08:00 Asia/Shanghai)",
				WaitsUntil: "2026-12-02 08:00 (+08:00 Asia/Shanghai)", WaitsFor: ForWindow,
			},
		},
		{
			"a window of summer time", `window: {from: "22:00", to: "06:00", zone: Europe/Berlin}`, "2026-07-01T23:00:00+02:00",
			Times{Window: "22:00–06:00 (+02:00 Europe/Berlin)"},
		},
		{
			"a zone with its sign turned round", `window: {from: "08:00", to: "24:00", zone: Etc/GMT+8}`, "2026-12-01T12:00:00-08:00",
			Times{Window: "08:00–24:00 (-08:00 Etc/GMT+8)"},
		},
	} {
		if schedule := strings.Contains(tt.name, "offset"); schedule { // it expires before its start: Parse would refuse
			s := Schedule{Start: at(t, "2026-12-01T08:00:00-05:00"), Expires: at(t, "2026-12-01T09:00:30Z")}
			if d := cmp.Diff(tt.want, s.Times(at(t, tt.now))); d != "" {
				t.Errorf("%s: %s", tt.name, d)
			}
			continue
		}
		if d := cmp.Diff(tt.want, scheduled(t, tt.schedule, "").Schedule.Times(at(t, tt.now))); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestWhatAScheduleWarnsOf(t *testing.T) { // B21, B22
	for _, tt := range []struct {
		name, schedule, more, now string
		want                      []Warning
	}{
		{"nothing", shanghai, "", "2026-12-01T22:00:00+08:00", nil},
		{
			"an emergency that waits for its window", shanghai, "class: emergency\n", "2026-12-01T22:00:00+08:00",
			[]Warning{{Kind: WarnEmergencyWindow, What: "08:00–21:30 (+08:00 Asia/Shanghai)"}, {Kind: WarnEmergencyWaits, What: "2026-12-02 08:00 (+08:00 Asia/Shanghai)"}},
		},
		{
			"an emergency whose window is open", shanghai, "class: emergency\n", "2026-12-01T12:00:00+08:00",
			[]Warning{{Kind: WarnEmergencyWindow, What: "08:00–21:30 (+08:00 Asia/Shanghai)"}},
		},
		{
			"a start that is over", `start: "2026-12-01T08:00:00Z"`, "", "2026-12-01T08:10:00Z",
			[]Warning{{Kind: WarnLateStart, What: "2026-12-01 08:00 (+00:00 UTC)"}},
		},
		{
			"a campaign that is over", `expires: "2026-01-01T08:00:00Z"`, "", "2026-12-01T08:10:00Z",
			[]Warning{{Kind: WarnExpired, What: "2026-01-01 08:00 (+00:00 UTC)"}},
		},
		{
			"a zone that means the other side", `window: {from: "08:00", to: "21:30", zone: Etc/GMT+8}`, "", "2026-12-01T12:00:00-08:00",
			[]Warning{{Kind: WarnZone, What: "Etc/GMT+8 = UTC-08:00"}},
		},
		{
			"the same of every", `every: "0 8 * * *", zone: Etc/GMT-8`, "", "2026-12-01T12:00:00Z",
			[]Warning{{Kind: WarnZone, What: "Etc/GMT-8 = UTC+08:00"}},
		},
		{"no sign, no warning", `every: "0 8 * * *", zone: Etc/GMT`, "", "2026-12-01T12:00:00Z", nil},
	} {
		if d := cmp.Diff(tt.want, scheduled(t, tt.schedule, tt.more).Warnings(at(t, tt.now))); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestSundayIsZeroOrSeven(t *testing.T) { // B23
	from := at(t, "2026-11-30T12:00:00Z") // a Monday
	for every, want := range map[string]string{
		"0 8 * * 7": "Sun", "0 8 * * 0": "Sun", "0 8 * * SUN": "Sun", "0 8 * * 5-7": "Fri Sat Sun", "0 8 * * FRI-SUN": "Fri Sat Sun",
		"0 8 * * 1,7": "Mon Sun", "0 8 * * 6,7": "Sat Sun", "0 8 * * 1-7/3": "Mon Thu Sun", "0 8 * * 1-7": "Mon Tue Wed Thu Fri Sat Sun", "0 8 * * 0-7": "Mon Tue Wed Thu Fri Sat Sun",
	} {
		r := recurring(t, `every: "`+every+`", zone: UTC`).Schedule.Recurrence
		days := map[string]bool{}
		for next := r.Next(from); next.Before(from.Add(8 * 24 * time.Hour)); next = r.Next(next) {
			days[next.Format("Mon")] = true
		}
		got := ""
		for _, day := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
			if days[day] {
				got += day + " "
			}
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: got %s, want %s", every, got, want)
		}
	}
	for every, want := range map[string]string{
		"0 8 * * 8":   `the day of the week "8" cannot be read: it is * or 0 to 7`,
		"60 8 * * *":  `the minute "60" cannot be read: it is * or 0 to 59`,
		"0 24 * * *":  `the hour "24"`,
		"0 8 32 * *":  `the day of the month "32"`,
		"0 8 * 13 *":  `the month "13"`,
		"0 8 * * 5-1": `the day of the week "5-1"`,
		"0 8 L * *":   `the day of the month "L"`,
	} {
		_, err := Parse("c.yaml", []byte("key: k\ntext: t\naudience: {files: [a]}\nschedule: {every: \""+every+"\", zone: UTC}\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", every, err, want)
		}
	}
}
