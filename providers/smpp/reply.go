package smpp

import (
	"encoding/binary"

	"tocsin/providers/sms"
)

// message is the text of a message from a handset, and which part of a longer one it is:
// by its user data header, SMPP 3.4, section 5.2.12, or by parameters, sections 5.3.2.22
// to 5.3.2.24.
func (a *Arrival) message() ([]byte, sms.Part) {
	if a.Class&UDHI != 0 {
		return sms.CutHeader(a.Text)
	}
	ref, _ := a.Options.Find(TagSarRef)
	of, _ := a.Options.Find(TagSarTotal)
	number, _ := a.Options.Find(TagSarNumber)
	if len(ref) == 2 && len(of) == 1 && len(number) == 1 {
		return a.Text, sms.NewPart(binary.BigEndian.Uint16(ref), of[0], number[0])
	}
	return a.Text, sms.Part{}
}
