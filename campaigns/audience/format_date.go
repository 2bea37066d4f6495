package audience

import (
	"math"
	"strconv"
	"time"
)

const (
	days1904 = 1462    // from the first day of one calendar of Excel to that of the other
	lastDay  = 2958465 // 31 December 9999
	leapDay  = 60      // 29 February 1900, a day that Excel has and the calendar has not
)

// appendDate appends a number of days as the section shows it; false: that is not sure.
func (s *section) appendDate(dst []byte, v float64, from1904 bool) ([]byte, bool) {
	unit := 1000 // of a second, in milliseconds
	for range s.places {
		unit /= 10
	}
	if !s.seconds {
		unit = 1 // a day is over when its last millisecond is
	}
	if from1904 {
		v += days1904
	}
	if v >= lastDay+1 {
		return dst, false
	}
	units := int64(math.Round(v * 86_400_000 / float64(unit)))
	ms := units * int64(unit)
	day, rest := int(ms/86_400_000), ms%86_400_000
	total := ms / 1000
	if from1904 {
		total -= days1904 * 86400
	}
	hour, minute, second := int(rest/3_600_000), int(rest/60_000%60), int(rest/1000%60)
	var date calendarDay
	date.set(day)
	for _, i := range s.items {
		switch i.letter {
		case 'y':
			if i.n <= 2 {
				dst = appendPadded(dst, date.year%100, 2)
			} else {
				dst = appendPadded(dst, date.year, 4)
			}
		case 'm':
			dst = s.appendMonth(dst, date.month, i.n)
		case 'd', 'a':
			switch {
			case i.n <= 2:
				dst = appendPadded(dst, date.day, i.n)
			case i.letter == 'a' || s.chinese && i.n == 4:
				dst = append(append(dst, "星期"...), weekdays[date.weekday]...)
			case i.n == 3:
				dst = append(dst, time.Weekday(date.weekday).String()[:3]...)
			default:
				dst = append(dst, time.Weekday(date.weekday).String()...)
			}
		case 'h':
			h := hour
			if s.half {
				h = (hour+11)%12 + 1
			}
			dst = appendPadded(dst, h, i.n)
		case 'n':
			dst = appendPadded(dst, minute, i.n)
		case 's':
			dst = appendPadded(dst, second, i.n)
		case 'H':
			dst = appendPadded(dst, int(total/3600), i.n)
		case 'M':
			dst = appendPadded(dst, int(total/60), i.n)
		case 'S':
			dst = appendPadded(dst, int(total), i.n)
		case 'f':
			dst = appendPadded(append(dst, '.'), int(rest%1000)/unit, i.n)
		case 'p', 'P', 'c':
			dst = append(dst, s.halfDay(i, hour >= 12)...)
		default:
			dst = append(dst, i.text...)
		}
	}
	return dst, true
}

// halfDay is the name of a half of the day.
func (s *section) halfDay(i item, second bool) string {
	switch {
	case i.letter == 'P' && second:
		return i.text[2:]
	case i.letter == 'P':
		return i.text[:1]
	case (i.letter == 'c' || s.chinese) && second:
		return "下午"
	case i.letter == 'c' || s.chinese:
		return "上午"
	case second:
		return "PM"
	}
	return "AM"
}

var (
	weekdays      = [7]string{"日", "一", "二", "三", "四", "五", "六"}
	chineseMonths = [12]string{"一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "十一月", "十二月"}
)

func (s *section) appendMonth(dst []byte, month, n int) []byte {
	name := time.Month(month).String()
	switch {
	case n <= 2:
		return appendPadded(dst, month, n)
	case s.chinese && n == 3:
		return append(strconv.AppendInt(dst, int64(month), 10), "月"...)
	case s.chinese && n == 4:
		return append(dst, chineseMonths[month-1]...)
	case n == 3:
		return append(dst, name[:3]...)
	case n == 5:
		return append(dst, name[0])
	}
	return append(dst, name...)
}

// A calendarDay is a day of Excel's calendar.
type calendarDay struct{ year, month, day, weekday int }

// set sets the day of a number, which counts from 1 January 1900.
func (d *calendarDay) set(n int) {
	switch {
	case n == 0:
		*d = calendarDay{1900, 1, 0, 6}
	case n == leapDay:
		*d = calendarDay{1900, 2, 29, 3}
	default:
		weekday := (n + 6) % 7
		if n < leapDay {
			n++
		}
		at := time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC)
		*d = calendarDay{at.Year(), int(at.Month()), at.Day(), weekday}
	}
}

// appendPadded appends a number with zeros in front of it up to a width.
func appendPadded(dst []byte, n, width int) []byte {
	from := len(dst)
	dst = strconv.AppendInt(dst, int64(n), 10)
	for len(dst)-from < width {
		dst = append(dst, 0)
		copy(dst[from+1:], dst[from:])
		dst[from] = '0'
	}
	return dst
}
