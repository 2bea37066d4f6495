package smgp

import (
	"bytes"
	"encoding/hex"

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
// false for what is none. Ref is good until the next one is read. It does not allocate.
func (d *receiptReader) read(content, from []byte) (sms.Receipt, bool) {
	r := sms.Receipt{To: sms.ChinaNumber(from)}
	if len(content) < idAt+idSize || r.To == 0 {
		return r, false
	}
	d.id = ref([idSize]byte(content[idAt:]))
	r.Ref = d.id[:]
	rest := content[idAt+idSize:]
	state := after(rest, "stat:", 7)
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
		r.Code = number(after(rest, "err:", 3))
		if reason, ok := codes[r.Code]; ok && r.Reason == sms.Unreachable {
			r.Reason = reason
		}
	}
	r.Time = d.dates.Read(after(rest, "done_date:", 10), wire.Beijing)
	return r, true
}

// ref is a MsgID as receipts and answers are matched by it and people read it: its
// digits, or hexadecimal ones where it has none.
func ref(id [idSize]byte) (b [2 * idSize]byte) {
	hex.Encode(b[:], id[:])
	return b
}

// after is the n octets, or what there are, behind a key in small letters; an underline
// in it is any octet. nil: there is no such key.
func after(b []byte, key string, n int) []byte {
	for at := 0; at+len(key) <= len(b); at++ {
		// The colon is the rarest.
		colon := bytes.IndexByte(b[at+len(key)-1:], ':')
		if colon < 0 {
			return nil
		}
		at += colon
		if matches(b[at:at+len(key)], key) {
			value := b[at+len(key):]
			return value[:min(n, len(value))]
		}
	}
	return nil
}

func matches(b []byte, key string) bool {
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
