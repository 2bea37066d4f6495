package audience

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// sniff is how much of a file decides its encoding, in octets.
const sniff = 256 << 10

// decoded gives r as UTF-8: a byte order mark decides; else text that is valid
// UTF-8 is UTF-8; else it is UTF-16 when it looks like it, and GB18030, of which
// GBK and GB2312 are parts, when not.
func decoded(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, sniff)
	head, err := b.Peek(sniff)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}) {
		_, err := b.Discard(3)
		return b, err
	}
	if e := encodingOf(head); e != nil {
		return transform.NewReader(b, e.NewDecoder()), nil
	}
	return b, nil
}

// encodingOf is nil for UTF-8.
func encodingOf(head []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	}
	if nulls := bytes.Count(head, []byte{0}); nulls > len(head)/8 {
		even := 0
		for i := 0; i < len(head); i += 2 {
			if head[i] == 0 {
				even++
			}
		}
		order := unicode.LittleEndian
		if 2*even > nulls {
			order = unicode.BigEndian
		}
		return unicode.UTF16(order, unicode.IgnoreBOM)
	}
	if validUTF8(head) {
		return nil
	}
	if found := chardet.Detect(head); found.Encoding == "UTF-16LE" {
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	}
	return simplifiedchinese.GB18030
}

// validUTF8 allows for a character that is cut at the end.
func validUTF8(head []byte) bool {
	for range utf8.UTFMax {
		if utf8.Valid(head) {
			return true
		}
		if len(head) < sniff-utf8.UTFMax || len(head) == 0 {
			return false
		}
		head = head[:len(head)-1]
	}
	return false
}
