package sms

import "bytes"

// A Part says which part of a longer message something is; the zero Part is all of one.
type Part struct {
	Ref    uint16 // the same in all parts of a message
	Of     uint8  // how many parts it has, from 2
	Number uint8  // 1 to Of
}

// NewPart is a Part when the numbers make one.
func NewPart(ref uint16, of, number uint8) Part {
	if of < 2 || number == 0 || number > of {
		return Part{}
	}
	return Part{ref, of, number}
}

// CutHeader splits off the user data header that octets begin with, 3GPP TS 23.040,
// section 9.2.3.24, and reads which part of a longer message they are.
func CutHeader(octets []byte) (text []byte, p Part) {
	if len(octets) == 0 || int(octets[0]) >= len(octets) {
		return octets, p
	}
	end := int(octets[0]) + 1
	header, text := octets[1:end], octets[end:]
	for len(header) >= 2 && int(header[1]) <= len(header)-2 {
		data := header[2 : 2+int(header[1])]
		switch {
		case header[0] == 0x00 && len(data) == 3: // 9.2.3.24.1
			p = NewPart(uint16(data[0]), data[1], data[2])
		case header[0] == 0x08 && len(data) == 4: // 9.2.3.24.8
			p = NewPart(uint16(data[0])<<8|uint16(data[1]), data[2], data[3])
		}
		header = header[2+len(data):]
	}
	return text, p
}

// ReadText reads a message that came from a handset through one of China's carriers as
// UTF-8: format is Msg_Fmt, MessageCoding or MsgFormat, header says whether the octets
// begin with a user data header.
func ReadText(format byte, header bool, octets []byte) (text string, p Part) {
	if header {
		octets, p = CutHeader(octets)
	}
	coding := ASCII
	switch format {
	case byte(UCS2):
		coding = UCS2
	case byte(GB):
		coding = GB
	}
	utf8 := Content{Octets: octets, Coding: coding, Segments: 1}.AppendText(nil)
	return string(bytes.ToValidUTF8(utf8, []byte("\uFFFD"))), p
}

// ChinaSender is the sender of a message, with the country code when it is a number.
func ChinaSender(from []byte) string {
	if n := ChinaNumber(from); n != 0 {
		return n.Digits()
	}
	return string(from)
}
