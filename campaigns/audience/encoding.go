package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// The marks that a file may begin with, Unicode 16.0 section 23.8, and the encodings
// that they stand for.
var (
	markUTF8    = []byte{0xEF, 0xBB, 0xBF}
	markUTF16LE = []byte{0xFF, 0xFE}
	markUTF16BE = []byte{0xFE, 0xFF}
)

var marks = []struct {
	mark     []byte
	encoding string
}{
	{markUTF8, "utf-8"}, {markUTF16LE, "utf-16le"}, {markUTF16BE, "utf-16be"},
}

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

// shownNames are the names of encodings as plans show them, where these differ from
// those that namedEncoding gives.
var shownNames = map[string]string{
	"utf-8": "UTF-8", "utf-16le": "UTF-16LE", "utf-16be": "UTF-16BE", "gb18030": "GB18030", "big5": "Big5", "euc-kr": "EUC-KR", "euc-jp": "EUC-JP",
	"shift_jis": "Shift_JIS", "koi8-r": "KOI8-R",
}

func shown(name string) string {
	if s, ok := shownNames[name]; ok {
		return s
	}
	return name
}

// sampleSize is how much of what is not ASCII in a file is looked at to name its
// encoding, in octets.
const sampleSize = 1 << 16

// text returns r as UTF-8 from its beginning, without mark, and its encoding's name. The
// encoding is the one that is named, or that the file's mark stands for, or else the one
// that the file seems to be written in. It is one from the first octet to the last: what
// breaks it is an *Error with its line, here or when it is read.
func text(r io.ReadSeeker, named string) (io.Reader, string, error) {
	head := make([]byte, sampleSize)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, "", err
	}
	head = head[:n]
	skip, name := 0, ""
	for _, m := range marks {
		if bytes.HasPrefix(head, m.mark) {
			skip, name = len(m.mark), m.encoding
		}
	}
	if named != "" {
		_, canonical, _ := namedEncoding(named)
		if name != "" && name != canonical {
			return nil, "", fmt.Errorf("begins with the mark of %s, and encoding says that it is %s: leave encoding out", shown(name), shown(canonical))
		}
		name = canonical
	}
	if name == "" {
		name = utf16Order(head)
	}
	if name == "" || name == "utf-8" {
		broken, short, err := checkUTF8(r)
		switch {
		case err != nil:
			return nil, "", err
		case broken == 0 && short > 0 && name == "":
			if name, err = perhapsUTF8(r, short); err != nil {
				return nil, "", err
			}
		case broken == 0:
			name = "utf-8"
		case name != "":
			return nil, "", &Error{Line: broken, Err: errNotUTF8}
		default:
			if name, err = seems(r, broken); err != nil {
				return nil, "", err
			}
		}
	}
	if strings.HasPrefix(name, "utf-16") {
		if size, err := r.Seek(0, io.SeekEnd); err != nil {
			return nil, "", err
		} else if size%2 != 0 {
			return nil, "", errors.New("ends inside a character of UTF-16: it was cut off, copy it again")
		}
	}
	if _, err := r.Seek(int64(skip), io.SeekStart); err != nil {
		return nil, "", err
	}
	if name == "utf-8" {
		return r, shown(name), nil
	}
	e, _, _ := namedEncoding(name)
	return transform.NewReader(r, &strict{e.NewDecoder(), shown(name), counter{line: 1}}), shown(name), nil
}

var errNotUTF8 = errors.New("an octet that is not UTF-8, in which the rest of the file is written: correct this line, or save the file as UTF-8 again")

// utf16Order tells UTF-16 without a mark by the zeros of its ASCII characters, digits
// and separators for the most part; "": it is none.
func utf16Order(head []byte) string {
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch least := max(len(head)/8, 1); {
	case zeros[1] > least && zeros[0] <= zeros[1]/16:
		return "utf-16le"
	case zeros[0] > least && zeros[1] <= zeros[0]/16:
		return "utf-16be"
	}
	return ""
}

// checkUTF8 reads all of r and returns the line of the first octet that is not UTF-8; 0:
// there is none. short is the line of the first character that is not ASCII in a file
// whose characters have two octets at most, or are none. A NUL is an *Error.
func checkUTF8(r io.ReadSeeker) (broken, short int, err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, 0, err
	}
	buf := make([]byte, bufferSize)
	lines, long := counter{line: 1}, false
	for kept := 0; ; {
		n, err := r.Read(buf[kept:])
		if err != nil && err != io.EOF {
			return 0, 0, err
		}
		data := buf[:kept+n]
		whole := len(data)
		if err == nil {
			whole = wholeRunes(data)
		}
		valid := data[:whole]
		if !utf8.Valid(valid) {
			valid = valid[:firstInvalid(valid)]
		}
		if at := bytes.IndexByte(valid, 0); at >= 0 {
			lines.count(valid[:at])
			return 0, 0, &Error{Line: lines.line, Err: errNUL}
		}
		for i := 0; i < len(valid) && !long; i++ {
			if valid[i] >= 0xE0 { // in three octets, GB18030 can be what Unicode has no character for
				r, _ := utf8.DecodeRune(valid[i:])
				long = unicode.IsPrint(r)
			}
			if valid[i] >= 0x80 && short == 0 {
				before := lines
				before.count(valid[:i])
				short = before.line
			}
		}
		lines.count(valid)
		if len(valid) < whole {
			return lines.line, 0, nil
		}
		if err == io.EOF {
			if long {
				short = 0
			}
			return 0, short, nil
		}
		kept = copy(buf, data[whole:])
	}
}

var errNUL = errors.New("a NUL octet: this is no text, or it is damaged")

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
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

// A counter counts lines as editors do: \n, \r\n and \r end one.
type counter struct {
	line int  // that the next octet is in
	cr   bool // the last octet was \r
}

func (c *counter) count(data []byte) {
	if len(data) == 0 {
		return
	}
	c.line += bytes.Count(data, newline)
	if c.cr && data[0] == '\n' {
		c.line--
	}
	for rest := data; ; {
		i := bytes.IndexByte(rest, '\r')
		if i < 0 {
			break
		}
		if i+1 == len(rest) || rest[i+1] != '\n' {
			c.line++
		}
		rest = rest[i+1:]
	}
	c.cr = data[len(data)-1] == '\r'
}

// A strict decoder refuses what it cannot read. A replacement character that stands in
// the file itself is damage too: it was made of one that was lost.
type strict struct {
	transform.Transformer
	name  string
	lines counter
}

var replacement = []byte("\uFFFD")

// Transform is transform.Transformer's.
func (s *strict) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	nDst, nSrc, err = s.Transformer.Transform(dst, src, atEOF)
	text := dst[:nDst]
	at, zero := bytes.Index(text, replacement), bytes.IndexByte(text, 0)
	if at < 0 && zero < 0 {
		s.lines.count(text)
		return nDst, nSrc, err
	}
	why := errNUL
	if at >= 0 && (zero < 0 || at < zero) {
		zero, why = at, fmt.Errorf("an octet that is not %s, in which the file is written: correct this line, save the file as UTF-8, or say with encoding what it is written in", s.name)
	}
	s.lines.count(text[:zero])
	return zero, nSrc, &Error{Line: s.lines.line, Err: why}
}
