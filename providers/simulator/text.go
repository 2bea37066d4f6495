package simulator

import (
	"encoding/binary"
	"encoding/hex"
	"unicode/utf16"
	"unicode/utf8"

	"tocsin/providers/sms"
)

// A part says which segment of a long text a PDU carries; the zero part is a
// text of one segment.
type part struct{ number, of byte }

// splitHeader takes the user data header off a message and finds the
// concatenation in it: 3GPP TS 23.040, sections 9.2.3.24.1 and 9.2.3.24.8.
func splitHeader(octets []byte) (text []byte, p part) {
	if len(octets) == 0 || int(octets[0])+1 > len(octets) {
		return octets, part{}
	}
	end := int(octets[0]) + 1
	head, text := octets[1:end], octets[end:]
	for len(head) >= 2 && int(head[1])+2 <= len(head) {
		element := head[2 : 2+int(head[1])]
		switch {
		case head[0] == 0x00 && len(element) == 3:
			p = part{of: element[1], number: element[2]}
		case head[0] == 0x08 && len(element) == 4:
			p = part{of: element[2], number: element[3]}
		}
		head = head[2+len(element):]
	}
	return text, p
}

// appendText appends the characters of octets in data_coding coding (SMPP 3.4,
// section 5.2.19) as UTF-8; of a coding without characters, hexadecimal digits.
func appendText(b, octets []byte, coding byte) []byte {
	switch coding {
	case 0: // the message centre's default alphabet, here GSM, unpacked
		for i := 0; i < len(octets); i++ {
			c := octets[i]
			if c == 0x1B && i+1 < len(octets) {
				i++
				b = utf8.AppendRune(b, gsmExtension(octets[i]))
				continue
			}
			b = utf8.AppendRune(b, gsmAlphabet[c&0x7F])
		}
	case 8: // UCS-2, in practice UTF-16
		for ; len(octets) >= 2; octets = octets[2:] {
			r := rune(binary.BigEndian.Uint16(octets))
			if utf16.IsSurrogate(r) && len(octets) >= 4 {
				if whole := utf16.DecodeRune(r, rune(binary.BigEndian.Uint16(octets[2:]))); whole != utf8.RuneError {
					r, octets = whole, octets[2:]
				}
			}
			b = utf8.AppendRune(b, r)
		}
	case 15: // GB 18030
		b = sms.Content{Octets: octets, Coding: sms.GB, Segments: 1}.AppendText(b)
	case 1, 3: // ASCII, Latin-1
		for _, c := range octets {
			b = utf8.AppendRune(b, rune(c))
		}
	default:
		b = hex.AppendEncode(b, octets)
	}
	return b
}

// gsmAlphabet is the GSM 7-bit default alphabet: 3GPP TS 23.038, section 6.2.1.
var gsmAlphabet = [128]rune([]rune(
	"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u00A0ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"))

// gsmExtension is the character behind the escape: 3GPP TS 23.038, section
// 6.2.1.1; a code that means nothing there means what it means without escape.
func gsmExtension(c byte) rune {
	switch c & 0x7F {
	case 0x0A:
		return '\f'
	case 0x14:
		return '^'
	case 0x28:
		return '{'
	case 0x29:
		return '}'
	case 0x2F:
		return '\\'
	case 0x3C:
		return '['
	case 0x3D:
		return '~'
	case 0x3E:
		return ']'
	case 0x40:
		return '|'
	case 0x65:
		return '€'
	}
	return gsmAlphabet[c&0x7F]
}

// appendJSON appends text, valid UTF-8, as the inside of a JSON string: RFC 8259, section 7.
func appendJSON(b, text []byte) []byte {
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}
