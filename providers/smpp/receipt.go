package smpp

import (
	"bytes"
	"time"
	"unicode/utf16"

	"tocsin/providers/sms"
)

// message_state, SMPP 3.4 section 5.2.28.
var states = [...]struct {
	state  sms.State
	reason sms.Reason
}{
	1: {sms.Accepted, sms.None},         // ENROUTE
	2: {sms.Delivered, sms.None},        // DELIVERED
	3: {sms.Failed, sms.TooLate},        // EXPIRED
	4: {sms.Failed, sms.Rejected},       // DELETED
	5: {sms.Failed, sms.Unreachable},    // UNDELIVERABLE
	6: {sms.Accepted, sms.None},         // ACCEPTED
	7: {sms.Accepted, sms.None},         // UNKNOWN: settles nothing
	8: {sms.Failed, sms.Blocked},        // REJECTED
	9: {sms.Failed, sms.UnknownOutcome}, // SKIPPED (5.0)
}

// words are the texts of stat: in a receipt, appendix B.
var words = [...]struct {
	word  string
	state byte
}{
	{"DELIVRD", 2},
	{"ENROUTE", 1},
	{"EXPIRED", 3},
	{"DELETED", 4},
	{"UNDELIV", 5},
	{"ACCEPTD", 6},
	{"UNKNOWN", 7},
	{"REJECTD", 8},
	{"DELIVERED", 2},
	{"UNDELIVERABLE", 5},
	{"ACCEPTED", 6},
	{"REJECTED", 8},
	{"SKIPPED", 9},
	{"FAILED", 5},
}

// IsReceipt reports whether d is a receipt or an intermediate notification.
func (d *Deliver) IsReceipt() bool {
	return d.Class&typeMask == typeReceipt || d.Class&typeMask == typeNotice
}

// ParseReceipt reads a receipt: the optional parameters first, then the text for
// what they do not say. It reports false when the receipt names no state or its
// sender is no number. Ref is part of the body. It does not allocate.
func ParseReceipt(d *Deliver) (sms.Receipt, bool) {
	var r sms.Receipt
	var n uint64
	for _, c := range d.From {
		if c == '+' {
			continue
		}
		if c < '0' || c > '9' || n > 1e15 {
			return r, false
		}
		n = n*10 + uint64(c-'0')
	}
	r.To = sms.Number(n)
	r.Ref = d.ID
	state := d.State
	if state == 0 || r.Ref == nil {
		text := scanText(d.Text)
		if r.Ref == nil {
			r.Ref = text.id
		}
		if state == 0 {
			state = text.state
		}
		r.Code, r.Time = text.code, text.done
	}
	if len(d.Network) == 3 {
		r.Code = uint32(d.Network[1])<<8 | uint32(d.Network[2])
	}
	if state == 0 || int(state) >= len(states) || n == 0 {
		return r, false
	}
	r.State, r.Reason = states[state].state, states[state].reason
	if d.Class&typeMask == typeNotice {
		r.State, r.Reason = sms.Accepted, sms.None
	}
	if r.State == sms.Delivered {
		r.Code = 0
	}
	return r, true
}

// said is what a receipt's text says.
type said struct {
	id    []byte
	state byte
	code  uint32
	done  int64
}

// scanText reads "id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…",
// the keys in any case and order.
func scanText(text []byte) said {
	var s said
	for i := 0; i < len(text); i++ {
		if text[i] != ':' {
			continue
		}
		key := text[:i]
		if k := bytes.LastIndexByte(key, ' '); k >= 0 {
			key = key[k+1:]
		}
		value := text[i+1:]
		if foldEqual(key, "text") {
			break // what follows is the message's own
		}
		if k := bytes.IndexByte(value, ' '); k >= 0 {
			value = value[:k]
		}
		switch {
		case foldEqual(key, "id"):
			s.id = value
		case foldEqual(key, "stat"):
			for _, w := range words {
				if foldEqual(value, w.word) {
					s.state = w.state
					break
				}
			}
		case foldEqual(key, "err"):
			s.code = decimal(value)
		case foldEqual(key, "date") && i >= 9 && foldEqual(text[i-9:i-5], "done"):
			s.done = date(value)
		}
	}
	return s
}

// foldEqual compares ASCII without regard to case.
func foldEqual(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if c|0x20 != word[i]|0x20 {
			return false
		}
	}
	return true
}

func decimal(b []byte) uint32 {
	var v uint32
	for _, c := range b {
		if c < '0' || c > '9' || v > 1e8 {
			return 0
		}
		v = v*10 + uint32(c-'0')
	}
	return v
}

// date reads YYMMDDhhmm or YYMMDDhhmmss, taken as the carrier's local time, which
// is ours; 0 when it is neither.
func date(b []byte) int64 {
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
	if v[1] < 1 || v[1] > 12 {
		return 0
	}
	return time.Date(2000+v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], 0, time.Local).UnixMilli()
}

// decodeText reads an incoming message's text as UTF-8.
func decodeText(coding byte, b []byte) string {
	switch {
	case coding == byte(sms.UCS2):
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		}
		return string(utf16.Decode(units))
	case coding == 0:
		return string(sms.Content{Octets: b, Coding: sms.GSM7, Segments: 1}.AppendText(nil))
	default: // ASCII, Latin-1 and what is like it
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes)
	}
}
