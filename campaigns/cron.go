package campaigns

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/robfig/cron/v3"
)

// cronFields are the fields of every, as errors call them.
var cronFields = [5]struct{ name, values string }{
	{"minute", "0 to 59"},
	{"hour", "0 to 23"},
	{"day of the month", "1 to 31"},
	{"month", "1 to 12, or JAN to DEC"},
	{"day of the week", "0 to 7, or SUN to SAT (0 and 7 are Sunday)"},
}

// parseCron reads five fields of cron, in which Sunday may be 7 too.
func parseCron(every string) (cron.Schedule, error) {
	fields := strings.Fields(every)
	fields[4] = sundays(fields[4])
	times, err := cron.ParseStandard(strings.Join(fields, " "))
	if err == nil {
		return times, nil
	}
	for i, f := range fields { // which of them is it?
		alone := []string{"*", "*", "*", "*", "*"}
		alone[i] = f
		if _, err := cron.ParseStandard(strings.Join(alone, " ")); err != nil {
			return nil, fmt.Errorf("the %s %q cannot be read: it is * or %s, or several of them as in 1,3 or 1-5 or */2 (%w)", cronFields[i].name, f, cronFields[i].values, err)
		}
	}
	return nil, err
}

var dayPattern = regexp.MustCompile(`^([0-7]|[a-z]{3})(?:-([0-7]|[a-z]{3}))?(?:/([0-9]{1,2}))?$`)

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// sundays writes days of the week that end on a Sunday as the cron library reads them:
// it begins a week on Sunday and knows no day 7.
func sundays(field string) string {
	items := strings.Split(field, ",")
	for i, item := range items {
		m := dayPattern.FindStringSubmatch(strings.ToLower(item))
		if m == nil {
			continue
		}
		from, to, step := dayOf(m[1]), dayOf(m[2]), 1
		if m[3] != "" {
			step, _ = strconv.Atoi(m[3])
		}
		switch {
		case m[2] == "" && m[1] == "7":
			to = 7
		case m[2] == "":
			continue
		case to == 0 && from > 0:
			to = 7
		}
		if to != 7 || from < 0 || step == 0 {
			continue
		}
		var days []string
		for d := from; d <= to; d += step {
			if day := strconv.Itoa(d % 7); !slices.Contains(days, day) {
				days = append(days, day)
			}
		}
		items[i] = strings.Join(days, ",")
	}
	return strings.Join(items, ",")
}

// dayOf is a day of the week as a number, -1 when it is none.
func dayOf(text string) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return slices.Index(dayNames, text)
}
