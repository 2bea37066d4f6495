package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// The marks that a file may begin with, Unicode 16.0 section 23.8.
var (
	markUTF8    = []byte{0xEF, 0xBB, 0xBF}
	markUTF16LE = []byte{0xFF, 0xFE}
	markUTF16BE = []byte{0xFE, 0xFF}
)

// codePages are the numbers by which Windows calls encodings that have another name.
var codePages = map[string]string{
	"932": "shift_jis", "936": "gb18030", "949": "euc-kr", "950": "big5", "54936": "gb18030", "65001": "utf-8",
}

// namedEncoding finds an encoding by the name that a definition gives it, one of those
// of https://encoding.spec.whatwg.org/ or of a Windows code page, and its name there.
func namedEncoding(name string) (encoding.Encoding, string, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	if page, ok := strings.CutPrefix(name, "cp"); ok {
		if name = codePages[page]; name == "" {
			name = "windows-" + page
		}
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, "", false
	}
	canonical, err := htmlindex.Name(e)
	if canonical == "gbk" { // GB18030 holds it, and GB2312
		return simplifiedchinese.GB18030, "gb18030", true
	}
	if err != nil || canonical == "replacement" || canonical == "x-user-defined" {
		return nil, "", false
	}
	return e, canonical, true
}

// KnowsEncoding reports whether Options may name this encoding.
func KnowsEncoding(name string) bool {
	_, _, ok := namedEncoding(name)
	return ok
}

// sampleSize is how much of a file that is not UTF-8 is looked at to name its
// encoding, in octets.
const sampleSize = 1 << 16

// text finds out how r is encoded, looking at all of it once, and returns it as
// UTF-8 from its beginning, without mark, and its encoding's name.
func text(r io.ReadSeeker) (io.Reader, string, error) {
	head := make([]byte, sampleSize)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, "", err
	}
	head = head[:n]
	skip := int64(0)
	var decode encoding.Encoding
	name := "UTF-8"
	switch {
	case bytes.HasPrefix(head, markUTF8):
		skip = int64(len(markUTF8))
	case bytes.HasPrefix(head, markUTF16LE):
		skip, name, decode = 2, "UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(head, markUTF16BE):
		skip, name, decode = 2, "UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case len(head) > 1 && head[0] != 0 && head[1] == 0:
		name, decode = "UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case len(head) > 1 && head[0] == 0 && head[1] != 0:
		name, decode = "UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	if decode == nil {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, "", err
		}
		seen, err := inspect(r)
		if err != nil {
			return nil, "", err
		}
		switch {
		case seen.utf8:
		case skip > 0:
			return nil, "", errors.New("begins as UTF-8 but is not: save it as UTF-8 again")
		default:
			if name, decode, err = guess(head, seen.gb18030); err != nil {
				return nil, "", err
			}
		}
	}
	if strings.HasPrefix(name, "UTF-16") {
		if size, err := r.Seek(0, io.SeekEnd); err != nil {
			return nil, "", err
		} else if size%2 != 0 {
			return nil, "", errors.New("ends inside a character of UTF-16: it was cut off, copy it again")
		}
	}
	if _, err := r.Seek(skip, io.SeekStart); err != nil {
		return nil, "", err
	}
	if decode == nil {
		return r, name, nil
	}
	return transform.NewReader(r, decode.NewDecoder()), name, nil
}

// guess names the encoding of what is not UTF-8.
func guess(head []byte, gb18030 bool) (string, encoding.Encoding, error) {
	found := chardet.Detect(head)
	if found.Encoding == "Big5" && found.Confidence > 0.9 {
		return "Big5", traditionalchinese.Big5, nil
	}
	// A detector says GB2312 for GB18030, and anything for a short file: what can
	// be GB18030, which holds the older two, is read as that.
	if gb18030 {
		return "GB18030", simplifiedchinese.GB18030, nil
	}
	seems := ""
	if found.Encoding != "" {
		seems = fmt.Sprintf(" (it seems to be %s)", found.Encoding)
	}
	return "", nil, fmt.Errorf("is neither UTF-8, UTF-16 nor GB18030%s: save it as UTF-8", seems)
}

// An inspection is what a file's octets can be.
type inspection struct{ utf8, gb18030 bool }

// inspect reads all of r. A NUL is an *Error with its line: no text has one.
func inspect(r io.Reader) (inspection, error) {
	buf := make([]byte, bufferSize)
	seen := inspection{true, true}
	kept, lines := 0, 1
	gb := gbCheck{}
	for {
		n, err := r.Read(buf[kept:])
		fresh := buf[kept : kept+n]
		if at := bytes.IndexByte(fresh, 0); at >= 0 {
			return seen, &Error{Line: lines + bytes.Count(fresh[:at], []byte{'\n'}), Err: errors.New("a NUL octet: this is no text, or it is damaged")}
		}
		if !seen.utf8 || err == io.EOF {
			// Only a file that is not UTF-8 needs the second check.
			if seen.utf8 {
				seen.utf8 = utf8.Valid(buf[:kept+n])
			}
			kept = 0
		} else {
			data := buf[:kept+n]
			whole := wholeRunes(data)
			seen.utf8 = utf8.Valid(data[:whole])
			kept = copy(buf, data[whole:])
		}
		lines += bytes.Count(fresh, []byte{'\n'})
		if err == io.EOF {
			break
		}
		if err != nil {
			return seen, err
		}
	}
	if seen.utf8 {
		return seen, nil
	}
	if s, ok := r.(io.Seeker); ok {
		if _, err := s.Seek(0, io.SeekStart); err != nil {
			return seen, err
		}
		for {
			n, err := r.Read(buf)
			gb.feed(buf[:n])
			if err == io.EOF {
				break
			}
			if err != nil {
				return seen, err
			}
		}
	}
	seen.gb18030 = !gb.bad && gb.state == 0
	return seen, nil
}

// wholeRunes is how much of data does not end inside a character.
func wholeRunes(data []byte) int {
	for i := len(data) - 1; i >= 0 && i >= len(data)-utf8.UTFMax; i-- {
		if utf8.RuneStart(data[i]) {
			if utf8.FullRune(data[i:]) {
				return len(data)
			}
			return i
		}
	}
	return len(data)
}

// A gbCheck says whether octets have the form of GB18030-2022: one octet below
// 0x80, two (81–FE, 40–7E or 80–FE), or four (81–FE, 30–39, 81–FE, 30–39).
type gbCheck struct {
	state int // octets of the character at hand that were read
	bad   bool
}

func (g *gbCheck) feed(data []byte) {
	for _, c := range data {
		high, digit := c >= 0x81 && c <= 0xFE, c >= '0' && c <= '9'
		switch g.state {
		case 0:
			if high {
				g.state = 1
			} else if c >= 0x80 {
				g.bad = true
			}
		case 1:
			g.state = 0
			if digit {
				g.state = 2
			} else if c < 0x40 || c == 0x7F || c == 0xFF {
				g.bad = true
			}
		case 2:
			g.state = 3
			g.bad = g.bad || !high
		case 3:
			g.state = 0
			g.bad = g.bad || !digit
		}
	}
}
