package sms

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// gbEncoders are encoders of GB 18030: one keeps a state, so that each is one
// goroutine's at a time.
var gbEncoders = sync.Pool{New: func() any { return simplifiedchinese.GB18030.NewEncoder().Transformer }}

// appendGB appends UTF-8 text in GB 18030, which has every character; octets that are
// not UTF-8 become U+FFFD.
func appendGB(dst, text []byte) []byte {
	t := gbEncoders.Get().(transform.Transformer)
	defer gbEncoders.Put(t)
	t.Reset()
	for len(text) > 0 {
		// Four octets for a character of one octet of UTF-8 or more is always enough.
		n := min(len(text), 64)
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n++
		}
		at := len(dst)
		dst = append(dst, make([]byte, 4*n)...)
		written, read, err := t.Transform(dst[at:], text[:n], true)
		dst = dst[:at+written]
		if err != nil { // an octet that is not UTF-8
			dst = append(dst, 0x84, 0x31, 0xA4, 0x37) // U+FFFD
			read++
			t.Reset()
		}
		text = text[read:]
	}
	return dst
}

// readGB appends GB 18030 as UTF-8.
func readGB(dst, octets []byte) []byte {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(octets)
	if err != nil { // the decoder puts U+FFFD where it cannot read
		return dst
	}
	return append(dst, text...)
}
