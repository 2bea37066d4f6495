package smpp

import (
	"bytes"
	"time"
	"unicode/utf16"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// message_state 1 and 2.
const (
	enroute   = 1
	delivered = 2
)

// message_state, SMPP 3.4 section 5.2.28.
var states = [...]struct {
	state  sms.State
	reason sms.Reason
}{
	enroute:   {sms.Accepted, sms.None},         // ENROUTE, and SCHEDULED (5.0)
	delivered: {sms.Delivered, sms.None},        // DELIVERED
	3:         {sms.Failed, sms.TooLate},        // EXPIRED
	4:         {sms.Failed, sms.Rejected},       // DELETED
	5:         {sms.Failed, sms.Unreachable},    // UNDELIVERABLE
	6:         {sms.Accepted, sms.None},         // ACCEPTED
	7:         {sms.Accepted, sms.None},         // UNKNOWN: settles nothing
	8:         {sms.Failed, sms.Blocked},        // REJECTED
	9:         {sms.Failed, sms.UnknownOutcome}, // SKIPPED (5.0)
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
	{"SCHEDULED", enroute},
	{"FAILED", 5},
}

// IsReceipt reports whether a is a receipt or an intermediate notification: by
// its esm_class, or by parameters that nothing else has.
func (a *Arrival) IsReceipt() bool {
	return a.Class&typeMask == typeReceipt || a.Class&typeMask == typeNotice || len(a.ID) > 0 && a.State != 0
}

// A receiptReader reads receipts. It keeps what the last usual text said behind its id:
// many receipts in a row say the same.
type receiptReader struct {
	dates wire.Dates
	tail  []byte
	state byte // by tail
	code  uint32
	at    int64
}

// read reads a receipt: the optional parameters first, then the text for
// what they do not say. It reports false when the receipt names no state or its
// sender is no number. Ref is part of the body. It does not allocate.
func (d *receiptReader) read(a *Arrival) (sms.Receipt, bool) {
	r := sms.Receipt{To: receiptNumber(a.From), Ref: a.ID}
	if r.To == 0 {
		return r, false
	}
	state := a.State
	id, word, code, at := d.scan(a.Text, len(r.Ref) > 0 && state == delivered)
	if state == 0 {
		state = word
	}
	if len(r.Ref) == 0 {
		r.Ref = id
	}
	if state == 0 || int(state) >= len(states) {
		return r, false
	}
	r.State, r.Reason, r.Time = states[state].state, states[state].reason, at
	if a.Class&typeMask == typeNotice {
		r.State, r.Reason = sms.Accepted, sms.None
	}
	switch {
	case r.State == sms.Delivered:
	case len(a.Network) == 3: // the network's type and its code
		r.Code = uint32(a.Network[1])<<8 | uint32(a.Network[2])
	default:
		r.Code = code
	}
	return r, true
}

// scan reads a receipt's text; at is when it was done. dateAlone: nothing else is wanted
// of it.
func (d *receiptReader) scan(text []byte, dateAlone bool) (id []byte, state byte, code uint32, at int64) {
	id, tail, ok := field(text, "id:")
	if ok && len(tail) > 0 && bytes.Equal(tail, d.tail) {
		return id, d.state, d.code, d.at
	}
	s := said{id: id}
	switch {
	case ok && s.usual(tail):
		d.tail = append(d.tail[:0], tail...)
		d.state, d.code, d.at = s.state, s.code, d.time(s.done)
		return id, d.state, d.code, d.at
	case dateAlone:
		s = said{done: doneDate(text)}
	default:
		s = scanText(text)
	}
	return s.id, s.state, s.code, d.time(s.done)
}

// receiptNumber reads the number that a receipt comes from; 0 when it is not a number.
func receiptNumber(from []byte) sms.Number {
	var n uint64
	for i, c := range from {
		if c == '+' && i == 0 {
			continue
		}
		if c < '0' || c > '9' || n >= 1e14 { // 15 digits: ITU-T E.164, section 6.2.1
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	return sms.Number(n)
}

// said is what a receipt's text says.
type said struct {
	id    []byte
	state byte
	code  uint32
	done  []byte // a date
}

// Keys of a receipt's text, their letters small and put together.
const (
	keyID   = 'i'<<8 | 'd'
	keyErr  = 'e'<<16 | 'r'<<8 | 'r'
	keyStat = 's'<<24 | 't'<<16 | 'a'<<8 | 't'
	keyDate = 'd'<<24 | 'a'<<16 | 't'<<8 | 'e'
	keyText = 't'<<24 | 'e'<<16 | 'x'<<8 | 't'
)

// scanText reads "id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…",
// appendix B, the keys in any case and order.
func scanText(text []byte) said {
	var s said
	for end := 0; ; {
		colon := bytes.IndexByte(text[end:], ':')
		if colon < 0 {
			return s
		}
		colon += end
		start := colon
		for start > end && text[start-1] > ' ' {
			start--
		}
		var key uint64
		if colon-start <= 4 { // the longest one that is wanted
			for _, c := range text[start:colon] {
				key = key<<8 | uint64(c|0x20)
			}
		}
		for end = colon + 1; end < len(text) && text[end] > ' '; end++ {
		}
		value := text[colon+1 : end]
		switch key {
		case keyID:
			s.id = value
		case keyErr:
			s.code = errorCode(value)
		case keyStat:
			s.state = stateOf(value)
		case keyDate:
			if start >= 5 && foldEqual(text[start-5:start-1], "done") {
				s.done = value
			}
		case keyText:
			return s // what follows is the message's own
		}
	}
}

func stateOf(word []byte) byte {
	for _, w := range words {
		if foldEqual(word, w.word) {
			return w.state
		}
	}
	return 0
}

// doneDate finds the date alone, as nearly all carriers write its key.
func doneDate(text []byte) []byte {
	const key = "one date:" // an o is rarer than a d: fewer false starts
	at := bytes.Index(text, []byte(key))
	if at < 0 {
		return nil
	}
	value := text[at+len(key):]
	for i, c := range value {
		if c <= ' ' {
			return value[:i]
		}
	}
	return value
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

// errorCode reads err:, digits or, with a letter among them, hexadecimal digits;
// 0 when it is a word.
func errorCode(b []byte) uint32 {
	b = bytes.TrimPrefix(b, []byte("0x"))
	if len(b) > 8 {
		return 0
	}
	var decimal, hexadecimal uint32
	letters := false
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c, letters = c|0x20-'a'+10, true
		default:
			return 0
		}
		decimal, hexadecimal = decimal*10+uint32(c), hexadecimal<<4|uint32(c)
	}
	if letters {
		return hexadecimal
	}
	return decimal
}

// time converts a receipt's date; 0 when it is not a date.
func (d *receiptReader) time(text []byte) int64 {
	return d.dates.Read(text, time.Local) // the carrier's local time, which is ours
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
