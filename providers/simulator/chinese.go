package simulator

import (
	"strconv"
	"time"

	"tocsin/providers/wire"
)

// chineseCoding is a coding of text.go by Msg_Fmt, MessageCoding or MsgFormat.
func chineseCoding(format byte) byte {
	if format == 0 {
		return 1 // ASCII
	}
	return format
}

// notBefore is the time of an At_Time, a ScheduleTime or a schedule_delivery_time, in
// nanoseconds since 1970; 0 is at once. It reports false for what is no time.
func notBefore(text []byte) (at int64, ok bool) {
	if len(text) == 0 {
		return 0, true
	}
	at = wire.Absolute(text)
	return at * int64(time.Millisecond), at > 0
}

// appendNumber appends a number's digits and NULs up to size octets.
func appendNumber(b []byte, number uint64, size int) []byte {
	at := len(b)
	b = strconv.AppendUint(b, number, 10)
	return wire.AppendPadded(b, "", size-(len(b)-at))
}

// minutes keeps the two dates of the last receipt, which change once a minute.
type minutes struct {
	minute [2]int64
	dates  [2][10]byte
}

// date is YYMMDDhhmm of one of them.
func (m *minutes) date(which int, at int64) []byte {
	if minute := at / int64(time.Minute); m.minute[which] != minute {
		m.minute[which] = minute
		time.Unix(0, at).In(wire.Beijing).AppendFormat(m.dates[which][:0], "0601021504")
	}
	return m.dates[which][:]
}
