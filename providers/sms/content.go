package sms

// A Coding says how a text's characters are written on the air.
type Coding uint8

const (
	GSM7  Coding = 0  // GSM 7-bit default alphabet, 3GPP TS 23.038 section 6.2.1
	ASCII Coding = 1  // US-ASCII, an octet each, as China's carriers take it
	UCS2  Coding = 8  // UTF-16, big endian, 3GPP TS 23.038 section 6.2.3
	GB    Coding = 15 // GB 18030: Msg_Fmt 15 of CMPP, MessageCoding 15 of SGIP
)

// String is the coding's name in reports and metrics.
func (c Coding) String() string {
	switch c {
	case ASCII:
		return "ASCII"
	case UCS2:
		return "UCS-2"
	case GB:
		return "GB 18030"
	}
	return "GSM-7"
}

// An Alphabet is the codings a carrier takes: a narrow one that not every text can be
// written in, and a wide one for the others.
type Alphabet uint8

const (
	GSM      Alphabet = iota // GSM7, else UCS2: what SMPP and handsets mean
	Octets                   // ASCII, else UCS2: CMPP, SGIP and SMGP
	OctetsGB                 // ASCII, else GB: the same carriers, when they want Chinese so
	Wide                     // UCS2 always: gateways that count 70 characters, Latin ones too

	// Alphabets is how many there are.
	Alphabets = 4
)

// Narrow is the coding that not every text can be written in.
func (a Alphabet) Narrow() Coding {
	switch a {
	case GSM:
		return GSM7
	case Wide:
		return UCS2
	}
	return ASCII
}

// Wide is the coding for the others.
func (a Alphabet) Wide() Coding {
	if a == OctetsGB {
		return GB
	}
	return UCS2
}

// Limits of one segment: 140 octets, 3GPP TS 23.040 section 9.2.3.16; a
// concatenation header with an 8-bit reference takes 6 of them, section 9.2.3.24.1.
const (
	OneGSM7  = 160 // septets in a text of one segment
	ManyGSM7 = 153 // septets in each of several segments
	OneUCS2  = 70  // UTF-16 code units in a text of one segment
	ManyUCS2 = 67  // code units in each of several segments

	OneOctets  = 140 // octets of ASCII or GB in a text of one segment
	ManyOctets = 134 // in each of several segments
)

// MaxSegments is the longest text Tocsin sends, in segments: the width of
// Message.Done. About 1,070 Chinese characters.
const MaxSegments = 16

// Content is a text ready for the air but not yet cut: one septet in each octet
// for GSM7 (extension characters are the escape 0x1B and their code), UTF-16
// big endian for UCS2, octets as they are for ASCII and GB. Segments is how many SMS it takes, 1 to MaxSegments.
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
