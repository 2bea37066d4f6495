package wire

import "time"

// Dates reads dates in digits. It keeps the last one: those of many receipts in a row
// are the same.
type Dates struct {
	text [14]byte
	size int
	at   int64
}

// Read converts a date to milliseconds since 1970; 0 when it is not a date. A Dates
// reads those of one zone.
func (d *Dates) Read(text []byte, zone *time.Location) int64 {
	if string(text) != string(d.text[:d.size]) || d.size == 0 {
		d.at = Date(text, zone)
		d.size = copy(d.text[:], text)
	}
	return d.at
}

// Date reads YYMMDDhhmm, with seconds or without, or YYYYMMDDhhmmss, in a zone; 0 when
// it is none of them.
func Date(b []byte, zone *time.Location) int64 {
	if len(b) == 14 && b[0] == '2' && b[1] == '0' {
		b = b[2:]
	}
	if len(b) != 10 && len(b) != 12 {
		return 0
	}
	var v [6]int
	for i := range len(b) / 2 {
		hi, lo := b[2*i]-'0', b[2*i+1]-'0'
		if hi > 9 || lo > 9 {
			return 0
		}
		v[i] = int(hi)*10 + int(lo)
	}
	if v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 60 {
		return 0
	}
	return time.Date(2000+v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], 0, zone).UnixMilli()
}
