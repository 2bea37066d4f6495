package audience

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"unicode/utf8"
)

// A survey is what a file that is not UTF-8 holds.
type survey struct {
	sample []byte // what is not ASCII, each piece with the octet before and behind it
	gb     int    // the line of the first octet that is not GB18030; 0: there is none
	mixed  int    // the line of the first text in UTF-8 that GB18030 could also be; 0: there is none
}

// seems names the encoding of a file that breaks UTF-8 in a line. A file that is not
// clearly one that it can tell is an *Error.
func seems(r io.ReadSeeker, broken int) (string, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	s, err := surveyOf(r)
	if err != nil {
		return "", err
	}
	best, second := rank(s.sample)
	certain := second.encoding == "" || second.bits-best.bits > 2*ahead
	switch {
	case best.encoding == "utf-8":
		return "", &Error{Line: broken, Err: errNotUTF8}
	case best.encoding == "gb18030" && s.gb > 0:
		return "", &Error{Line: s.gb, Err: errors.New("an octet that is not GB18030, in which the rest of the file seems to be written: correct this line, save the file as UTF-8, or say with encoding what it is written in")}
	case best.encoding == "gb18030" && s.mixed > 0:
		return "", &Error{Line: s.mixed, Err: errors.New("a text in UTF-8, and the rest of the file seems to be written in GB18030: correct this line, save the file as UTF-8, or say encoding: gb18030")}
	case certain && (best.encoding == "gb18030" || best.encoding == "big5"):
		return best.encoding, nil
	case best.encoding == "":
		return "", &Error{Line: broken, Err: errors.New("this is not UTF-8, and it cannot be told what it is: save it as UTF-8, or say with encoding what it is written in")}
	}
	return "", &Error{Line: broken, Err: fmt.Errorf("this is not UTF-8 (it seems to be %s, which is not certain): save it as UTF-8, or say what it is, for example encoding: %s", shown(best.encoding), best.encoding)}
}

// perhapsUTF8 names the encoding of a file that is UTF-8 by its form, and whose characters
// have two octets: some Chinese names in GB18030 have that form too. line is that of the
// first of them.
func perhapsUTF8(r io.ReadSeeker, line int) (string, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	s, err := surveyOf(r)
	if err != nil {
		return "", err
	}
	switch more := costUTF8(s.sample) - costGB(s.sample); {
	case more < ahead || s.gb > 0:
		return "utf-8", nil
	case more > 4*ahead:
		return "gb18030", nil
	}
	return "", &Error{Line: line, Err: errors.New("this can be UTF-8 or GB18030: save it as UTF-8, or say with encoding: utf-8 or encoding: gb18030 what it is")}
}

// surveyOf reads all of r.
func surveyOf(r io.Reader) (*survey, error) {
	s := &survey{sample: make([]byte, 0, sampleSize+bufferSize)}
	buf := make([]byte, bufferSize)
	lines := counter{line: 1}
	char, run, sampled := 0, 0, 0 // where the next character begins, the last run ends, and the sample
	for kept := 0; ; {
		n, err := r.Read(buf[kept:])
		if err != nil && err != io.EOF {
			return nil, err
		}
		data := buf[:kept+n]
		if at := bytes.IndexByte(data[kept:], 0); at >= 0 {
			lines.count(data[:kept+at])
			return nil, &Error{Line: lines.line, Err: errNUL}
		}
		at := 0 // up to here all is looked at
		for {
			at += ascii(data[at:])
			if at == len(data) {
				break
			}
			end := at + 1
			for end < len(data) && data[end] >= 0x80 {
				end++
			}
			if end+4 > len(data) && err == nil && (at > 0 || len(data) < len(buf)) {
				break // the rest of it, or of its last character, is not read yet
			}
			if run <= at {
				run = end
				if len(s.sample) < sampleSize {
					if at-1 > sampled {
						s.sample = append(s.sample, ' ')
					}
					s.sample = append(s.sample, data[max(at-1, sampled):min(end+1, len(data))]...)
					sampled = end + 1
				}
				if s.mixed == 0 && usualUTF8(data[at:end]) {
					s.mixed = s.lineAt(lines, data[:at])
				}
			}
			for char = max(char, at); char < end && s.gb == 0; {
				n := 2
				if !plainGB(data[char:]) {
					n = gbLength(data[char:])
				}
				if n <= 0 {
					s.gb = s.lineAt(lines, data[:char])
					break
				}
				char += n
			}
			at = end
		}
		if err == io.EOF {
			return s, nil
		}
		lines.count(data[:at])
		char, run, sampled = max(char-at, 0), max(run-at, 0), max(sampled-at, 0)
		kept = copy(buf, data[at:])
	}
}

func (s *survey) lineAt(lines counter, data []byte) int {
	lines.count(data)
	return lines.line
}

// ascii is how many octets data begins with that are ASCII.
func ascii(data []byte) int {
	n := 0
	for len(data)-n >= 8 {
		if high := binary.LittleEndian.Uint64(data[n:]) & 0x8080808080808080; high != 0 {
			return n + bits.TrailingZeros64(high)/8
		}
		n += 8
	}
	for n < len(data) && data[n] < 0x80 {
		n++
	}
	return n
}

// plainGB reports whether data begins with a character of two octets in GB18030 that are both
// not ASCII, which is what most are.
func plainGB(data []byte) bool {
	return len(data) >= 2 && data[0]-0x81 <= 0xFE-0x81 && data[1]-0x81 <= 0xFE-0x81
}

// usualUTF8 reports whether octets are two or more usual Chinese characters in UTF-8,
// which in GB18030 would be three or more rare ones.
func usualUTF8(run []byte) bool {
	if len(run) < 6 || len(run)%3 != 0 || run[0]>>4 != 0xE || run[1]>>6 != 2 {
		return false
	}
	for i := 0; i < len(run); i += 3 {
		r, n := utf8.DecodeRune(run[i:])
		if n != 3 || !hanzi()[r] {
			return false
		}
	}
	return true
}
