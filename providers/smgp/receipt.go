package smgp

import (
	"bytes"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// states are stat of a report. One that is not among them (RT:0148, BWLISTS …) is a
// failure whose word is the carrier's own.
var states = [...]struct {
	word   string
	state  sms.State
	reason sms.Reason
}{
	{"DELIVRD", sms.Delivered, sms.None},
	{"EXPIRED", sms.Failed, sms.TooLate},
	{"DELETED", sms.Failed, sms.Rejected},
	{"UNDELIV", sms.Failed, sms.Unreachable},
	{"ACCEPTD", sms.Accepted, sms.None},
	{"UNKNOWN", sms.Accepted, sms.None}, // settles nothing
	{"REJECTD", sms.Failed, sms.Blocked},
	{"BWLISTS", sms.Failed, sms.Blocked}, // black list
}

// codes are reasons by err, SMGP 3.0.3 appendix.
var codes = map[uint32]sms.Reason{
	1: sms.Unreachable, 2: sms.Unreachable, 7: sms.Unreachable, // unreachable, busy, memory full
	3: sms.InvalidNumber, 4: sms.InvalidNumber, 5: sms.Blocked, 6: sms.CarrierFault, 8: sms.InvalidNumber,
}

// A receiptReader reads reports.
type receiptReader struct {
	dates wire.Dates
	id    [2 * idSize]byte // of the last one
}

// idAt is where a report's MsgID stands: behind "id:", ten octets that may be anything.
const idAt = 3

// read reads the content of a report. Its fields are looked for and never split off:
// gateways write them with other capitals, underlines, and an s for a space. It reports
// false for a content that is no report. Ref is valid until the next one is read. It does not allocate.
func (d *receiptReader) read(content, from []byte) (sms.Receipt, bool) {
	r := sms.Receipt{To: sms.ChinaNumber(from)}
	if len(content) < idAt+idSize || r.To == 0 {
		return r, false
	}
	d.id = ref([idSize]byte(content[idAt:]))
	r.Ref = d.id[:]
	state, code, done := find(content[idAt+idSize:])
	if state == nil {
		return r, false
	}
	r.State, r.Reason = sms.Failed, sms.Unreachable
	for i := range states {
		if fold(state, states[i].word) {
			r.State, r.Reason = states[i].state, states[i].reason
			break
		}
	}
	if r.State == sms.Failed {
		r.Code = number(code)
		if reason, ok := codes[r.Code]; ok && r.Reason == sms.Unreachable {
			r.Reason = reason
		}
	}
	r.Time = d.dates.Read(done, wire.Beijing)
	return r, true
}

// ref is a MsgID as receipts and answers are matched by it and people read it: its
// digits, or hexadecimal ones where it has none.
func ref(id [idSize]byte) (b [2 * idSize]byte) {
	wire.PutHex(b[:], id[:])
	return b
}

// find is what stands behind stat, err and done date, each at its first place; nil where
// there is none. It goes from colon to colon, which are rare.
func find(b []byte) (state, code, done []byte) {
	// Where the document has them.
	const doneAt, stateAt, codeAt = 51, 67, 79
	if len(b) >= codeAt+4 && b[doneAt] == ':' && b[stateAt] == ':' && b[codeAt] == ':' &&
		ends(b[:doneAt], "done_date") && ends(b[:stateAt], "stat") && ends(b[:codeAt], "err") {
		return b[stateAt+1 : stateAt+8], b[codeAt+1 : codeAt+4], b[doneAt+1 : doneAt+11]
	}
	for at := 0; state == nil || code == nil || done == nil; at++ {
		colon := bytes.IndexByte(b[at:], ':')
		if colon < 0 {
			break
		}
		at += colon
		switch key, value := b[:at], b[at+1:]; {
		case state == nil && ends(key, "stat"):
			state = value[:min(7, len(value))]
		case code == nil && ends(key, "err"):
			code = value[:min(3, len(value))]
		case done == nil && ends(key, "done_date"):
			done = value[:min(10, len(value))]
		}
	}
	return state, code, done
}

// ends reports whether b ends with a key in small letters, whatever its own are; an
// underline in it is any octet.
func ends(b []byte, key string) bool {
	if len(b) < len(key) {
		return false
	}
	b = b[len(b)-len(key):]
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] != '_' && b[i]|0x20 != key[i] {
			return false
		}
	}
	return true
}

// fold compares ASCII without regard to case.
func fold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if c&^0x20 != word[i]&^0x20 {
			return false
		}
	}
	return true
}

// number reads digits; 0 when there is another octet among them.
func number(b []byte) (n uint32) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + uint32(c-'0')
	}
	return n
}
