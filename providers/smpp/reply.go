package smpp

// withoutHeader is the text of a message from a handset without its user data header:
// SMPP 3.4, section 5.2.12, and 3GPP TS 23.040, section 9.2.3.24.
func (a *Arrival) withoutHeader() []byte {
	if a.Class&UDHI == 0 || len(a.Text) == 0 || int(a.Text[0]) >= len(a.Text) {
		return a.Text
	}
	return a.Text[a.Text[0]+1:]
}
