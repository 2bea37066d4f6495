package cmpp

import (
	"encoding/binary"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// states are Stat of a Report, CMPP 3.0 section 7.4.5.1: those of SMPP. One that is
// not among them (MA:0001, CB:0005 …) is the failure of some machine on the way.
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
}

// A receiptReader reads reports. It keeps the last date: those of many reports in a
// row are the same.
type receiptReader struct {
	dates wire.Dates
	id    [16]byte // of the last one
}

// read reads the content of a report; from is the DELIVER's own sender, for reports whose
// number is empty. It reports false for a content that is no report. Ref is valid until
// the next one is read. It does not allocate.
func (d *receiptReader) read(content, from []byte) (sms.Receipt, bool) {
	// The layout goes by the length, not by the version: gateways differ.
	size := 32
	switch {
	case len(content) >= longReport:
	case len(content) >= shortReport:
		size = 21
	default:
		return sms.Receipt{}, false
	}
	d.id = ref(binary.BigEndian.Uint64(content))
	r := sms.Receipt{Ref: d.id[:], To: sms.ChinaNumber(wire.First(content[35 : 35+size]))}
	if r.To == 0 {
		if r.To = sms.ChinaNumber(wire.First(from)); r.To == 0 {
			return r, false
		}
	}
	state := trim(content[8:15])
	r.State, r.Reason, r.Code = sms.Failed, sms.Unreachable, code(state)
	for i := range states {
		if string(state) == states[i].word {
			r.State, r.Reason, r.Code = states[i].state, states[i].reason, 0
			break
		}
	}
	r.Time = d.dates.Read(content[25:35], wire.Beijing)
	return r, true
}

// code is the number of a state like MA:0041; 0 when it has none.
func code(state []byte) (n uint32) {
	for i, c := range state {
		if c == ':' {
			for _, c := range state[i+1:] {
				if c >= '0' && c <= '9' {
					n = n*10 + uint32(c-'0')
				}
			}
		}
	}
	return n
}

// trim takes the NULs and spaces off the right.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == 0 || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return b
}

// ref is a Msg_Id as receipts and answers are matched by it and people read it: in
// hexadecimal.
func ref(id uint64) (b [refSize]byte) {
	putRef(b[:], id)
	return b
}

// refSize is the length of a reference.
const refSize = 16

func putRef(b []byte, id uint64) {
	var octets [8]byte
	binary.BigEndian.PutUint64(octets[:], id)
	wire.PutHex(b, octets[:])
}
