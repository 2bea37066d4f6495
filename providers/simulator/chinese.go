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
