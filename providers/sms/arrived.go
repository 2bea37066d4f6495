package sms

import "bytes"

// ReadText reads a message that came from a handset through one of China's carriers as
// UTF-8: format is Msg_Fmt, MessageCoding or MsgFormat, header says whether the octets
// begin with a user data header.
func ReadText(format byte, header bool, octets []byte) string {
	if header && len(octets) > 0 && int(octets[0]) < len(octets) {
		octets = octets[octets[0]+1:]
	}
	coding := ASCII
	switch format {
	case byte(UCS2):
		coding = UCS2
	case byte(GB):
		coding = GB
	}
	text := Content{Octets: octets, Coding: coding, Segments: 1}.AppendText(nil)
	return string(bytes.ToValidUTF8(text, []byte("\uFFFD")))
}

// ChinaSender is who sent a message, with the country code when it is a number.
func ChinaSender(from []byte) string {
	if n := ChinaNumber(from); n != 0 {
		return n.Digits()
	}
	return string(from)
}
