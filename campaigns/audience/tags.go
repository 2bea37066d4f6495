package audience

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// The errors of a part of a workbook that cannot be read to its end.
var (
	errNoXML   = errors.New("is no well-formed XML")
	errCutPart = errors.New("is cut off")
)

// maxDepth is how deep the elements of a part may be nested.
const maxDepth = 64

// A tags reads a part of a workbook tag by tag, as XML 1.0 defines them, with a
// buffer that holds no more than one tag and the text in front of it. It checks that
// elements are closed in order. What a workbook never has, such as a document type,
// is an error.
type tags struct {
	r          io.Reader
	buf        []byte
	start, end int
	err        error // of r

	text  []byte // in front of the tag, with its entities; or what a CDATA section holds
	plain bool   // text is that of a CDATA section
	tag   []byte // with its attributes; nil when there was a comment or the like
	name  []byte // of the tag, without prefix
	open  bool   // the tag opens an element
	close bool   // the tag closes an element; a tag <a/> does both
	since int    // octets since the owner set it to 0

	depth int // elements that are open behind the tag
	names []byte
	ends  [maxDepth]int
	any   bool // there was an element
}

func newTags(r io.Reader) *tags { return &tags{r: r, buf: make([]byte, 1<<16)} }

// fill reads more behind what is buffered. Slices of the buffer are then stale.
func (t *tags) fill() error {
	if t.err != nil {
		return t.err
	}
	if t.start > 0 {
		t.end = copy(t.buf, t.buf[t.start:t.end])
		t.start = 0
	}
	if t.end == len(t.buf) {
		if len(t.buf) >= 2*maxBookPiece {
			return errPiece
		}
		t.buf = append(t.buf, make([]byte, len(t.buf))...)
	}
	n, err := t.r.Read(t.buf[t.end:])
	t.end += n
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	if err != nil {
		t.err = err
		if n > 0 {
			return nil
		}
	}
	return err
}

// find returns where the octet c is, from the offset at behind start.
func (t *tags) find(c byte, at int) (int, error) {
	for {
		if i := bytes.IndexByte(t.buf[t.start+at:t.end], c); i >= 0 {
			return at + i, nil
		}
		at = t.end - t.start
		if err := t.fill(); err != nil {
			return 0, err
		}
	}
}

// next reads up to the end of the next tag. It returns io.EOF when all elements are
// closed.
func (t *tags) next() error {
	t.tag, t.name, t.open, t.close, t.plain = nil, nil, false, false, false
	lt, err := t.find('<', 0)
	if err != nil {
		return t.ended(err)
	}
	gt, err := t.find('>', lt+1)
	if err != nil {
		return t.ended(err)
	}
	if first := t.buf[t.start+lt+1]; first == '!' || first == '?' {
		return t.special(lt, gt)
	}
	// A > between quotation marks belongs to an attribute's value.
	mark := openMark(t.buf[t.start+lt+1:t.start+gt], 0)
	for mark != 0 {
		from := gt + 1
		if gt, err = t.find('>', from); err != nil {
			return t.ended(err)
		}
		mark = openMark(t.buf[t.start+from:t.start+gt], mark)
	}
	data := t.buf[t.start : t.start+gt]
	t.text, t.tag = data[:lt], data[lt+1:]
	t.start += gt + 1
	t.since += gt + 1
	if t.since > maxBookPiece {
		return errPiece
	}
	return t.element()
}

func (t *tags) ended(err error) error {
	if err != io.EOF {
		return err
	}
	if rest := t.buf[t.start:t.end]; t.depth > 0 || !t.any || bytes.IndexByte(rest, '<') >= 0 {
		return errCutPart
	}
	return io.EOF
}

// openMark is the quotation mark that is open behind a piece of a tag, when mark was
// open in front of it; 0: none.
func openMark(tag []byte, mark byte) byte {
	for len(tag) > 0 {
		var i int
		if mark != 0 {
			if i = bytes.IndexByte(tag, mark); i < 0 {
				return mark
			}
			mark = 0
		} else {
			for i = 0; i < len(tag) && tag[i] != '"' && tag[i] != '\''; i++ {
			}
			if i == len(tag) {
				return 0
			}
			mark = tag[i]
		}
		tag = tag[i+1:]
	}
	return mark
}

// special reads comments, CDATA sections and processing instructions, whose > are
// text.
func (t *tags) special(lt, gt int) error {
	head := t.buf[t.start+lt+1 : t.start+gt+1]
	ending, skip := "", 0
	switch {
	case bytes.HasPrefix(head, []byte("!--")):
		ending, skip = "-->", 3
	case bytes.HasPrefix(head, []byte("![CDATA[")):
		ending, skip = "]]>", 8
	case head[0] == '?':
		ending, skip = "?>", 1
	default:
		return errNoXML
	}
	from := lt + 1 + skip
	for gt < from+len(ending)-1 || !bytes.HasSuffix(t.buf[t.start+from:t.start+gt+1], []byte(ending)) {
		var err error
		if gt, err = t.find('>', gt+1); err != nil {
			return t.ended(err)
		}
		if gt > maxBookPiece {
			return errPiece
		}
	}
	data := t.buf[t.start : t.start+gt+1]
	t.text = data[:lt]
	if skip == 8 {
		if t.depth == 0 {
			return errNoXML
		}
		// The text in front is given out first, the section with the next call.
		if lt > 0 {
			t.start += lt
			t.since += lt
			return nil
		}
		t.text, t.plain = data[from:len(data)-len(ending)], true
	}
	t.start += gt + 1
	t.since += gt + 1
	if t.since > maxBookPiece {
		return errPiece
	}
	return nil
}

// element takes a tag's name apart and keeps the open elements.
func (t *tags) element() error {
	tag := t.tag
	if len(tag) > 0 && tag[0] == '/' {
		t.close = true
		name := bytes.TrimRight(tag[1:], " \t\r\n")
		if t.depth == 0 {
			return errNoXML
		}
		t.depth--
		from := t.begins(t.depth)
		if !bytes.Equal(name, t.names[from:t.ends[t.depth]]) {
			return errNoXML
		}
		t.names = t.names[:from]
		t.name = local(name)
		return nil
	}
	t.open = true
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		t.close = true
		tag = tag[:n-1]
		t.tag = tag
	}
	end := bytes.IndexAny(tag, " \t\r\n")
	if end < 0 {
		end = len(tag)
	}
	name := tag[:end]
	if len(name) == 0 || t.depth == 0 && t.any {
		return errNoXML
	}
	t.any = true
	t.name = local(name)
	t.tag = tag[end:]
	if !t.close {
		if t.depth == maxDepth {
			return errNoXML
		}
		t.names = append(t.names, name...)
		t.ends[t.depth] = len(t.names)
		t.depth++
	}
	return nil
}

func (t *tags) begins(depth int) int {
	if depth == 0 {
		return 0
	}
	return t.ends[depth-1]
}

// local is a name without its prefix.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// skip reads to the end of the element that was opened last.
func (t *tags) skip() error {
	if t.close {
		return nil
	}
	for depth := t.depth; t.depth >= depth; {
		if err := t.next(); err != nil {
			return err
		}
	}
	return nil
}

// attribute is the value of an attribute of the tag, with its entities; nil: it has
// none of that name. An empty value is not nil.
func (t *tags) attribute(name string) []byte {
	rest := t.tag
	for {
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:eq])
		rest = bytes.TrimLeft(rest[eq+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+end : 1+end]
		}
		rest = rest[end+2:]
	}
}

// appendText appends the text in front of the tag, its entities replaced. It returns
// false when there is something in it that XML does not have.
func (t *tags) appendText(dst []byte) ([]byte, bool) {
	if t.plain {
		return appendLines(dst, t.text), utf8.Valid(t.text)
	}
	return appendReplaced(dst, t.text)
}

// appendLines appends text with the ends of lines that XML gives to programs.
func appendLines(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), '\n')
		if text = text[i+1:]; len(text) > 0 && text[0] == '\n' {
			text = text[1:]
		}
	}
}

// appendReplaced appends text with its entities replaced.
func appendReplaced(dst, text []byte) ([]byte, bool) {
	ok := utf8.Valid(text)
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return appendLines(dst, text), ok
		}
		dst = appendLines(dst, text[:i])
		end := bytes.IndexByte(text[i:], ';')
		if end < 0 {
			return dst, false
		}
		r := entity(text[i+1 : i+end])
		if r < 0 {
			return dst, false
		}
		dst = utf8.AppendRune(dst, r)
		text = text[i+end+1:]
	}
}

// entity is the character that an entity stands for, -1 for what is none.
func entity(name []byte) rune {
	switch string(name) {
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "amp":
		return '&'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	if len(name) < 2 || name[0] != '#' {
		return -1
	}
	base, digits := rune(10), name[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	n := rune(0)
	for _, c := range digits {
		d := hexDigit(c)
		if d < 0 || d >= base {
			return -1
		}
		if n = n*base + d; n > utf8.MaxRune {
			return -1
		}
	}
	if len(digits) == 0 || !utf8.ValidRune(n) || n < ' ' && n != '\t' && n != '\n' && n != '\r' || n == 0xFFFE || n == 0xFFFF {
		return -1
	}
	return n
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}
