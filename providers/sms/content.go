package sms

// A Coding says how a text's characters are written on the air.
type Coding uint8

const (
	GSM7 Coding = 0 // GSM 7-bit default alphabet, 3GPP TS 23.038 section 6.2.1
	UCS2 Coding = 8 // UTF-16, big endian, 3GPP TS 23.038 section 6.2.3
)

// String is the coding's name in reports and metrics.
func (c Coding) String() string {
	if c == UCS2 {
		return "UCS-2"
	}
	return "GSM-7"
}

// Limits of one segment: 140 octets, 3GPP TS 23.040 section 9.2.3.16; a
// concatenation header with an 8-bit reference takes 6 of them, section 9.2.3.24.1.
const (
	OneGSM7  = 160 // septets in a text of one segment
	ManyGSM7 = 153 // septets in each of several segments
	OneUCS2  = 70  // UTF-16 code units in a text of one segment
	ManyUCS2 = 67  // code units in each of several segments
)

// MaxSegments is the longest text Tocsin sends, in segments: the width of
// Message.Done. About 1,070 Chinese characters.
const MaxSegments = 16

// Content is a text ready for the air but not yet cut: one septet in each octet
// for GSM7 (extension characters are the escape 0x1B and their code), UTF-16
// big endian for UCS2. Segments is how many SMS it takes, 1 to MaxSegments.
//
// Messages whose Octets are the same memory carry the same text and may travel
// as one batch PDU.
type Content struct {
	Octets   []byte
	Coding   Coding
	Segments uint8
}

// Same reports whether c and d are the same text in the same memory.
func (c Content) Same(d Content) bool {
	return len(c.Octets) == len(d.Octets) && c.Coding == d.Coding &&
		(len(c.Octets) == 0 || &c.Octets[0] == &d.Octets[0])
}
