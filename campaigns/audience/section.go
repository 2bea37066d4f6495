package audience

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A section is what a format says of some values.
type section struct {
	compare string  // "", "<", "<=", "=", "<>", ">=" or ">" …
	limit   float64 // … this
	items   []item
	kind    sectionKind
	sure    bool
	chinese bool   // names of days and the like are Chinese
	foreign bool   // they are of a language that is not known here
	system  string // the code that stands for all items

	thousands bool
	scale     int  // powers of ten by which a number is shown larger
	whole     int  // placeholders in front of the point
	places    int  // placeholders behind it, or behind the seconds
	exponent  int  // placeholders behind the E; 0: there is none
	half      bool // the hours are those of half a day
	seconds   bool // hours, minutes or seconds are shown
}

type sectionKind uint8

const (
	literalSection sectionKind = iota
	numberSection
	dateSection
	generalSection
	textSection
)

// An item is a piece of a section: a letter, for date and time the same letter n
// times, or text. The letters are those of the format; 'L' is text, '.' the point, 'x' a
// digit of an exponent, 'G' General, 'p' AM/PM, 'P' A/P, 'c' 上午/下午, 'H', 'M' and 'S'
// the hours, minutes and seconds of a duration, 'n' minutes, 'f' a fraction of a second.
type item struct {
	letter byte
	n      int
	text   string
}

// parseSection reads up to the next semicolon.
func parseSection(code string) (section, string) {
	s := section{sure: true}
	for code != "" && code[0] != ';' {
		code = s.parseItem(code)
	}
	s.settle()
	return s, code
}

func (s *section) add(letter byte, n int, text string) {
	if last := len(s.items) - 1; letter == 'L' && last >= 0 && s.items[last].letter == 'L' {
		s.items[last].text += text
		return
	}
	s.items = append(s.items, item{letter, n, text})
}

// parseItem reads the next item and returns what stands behind it.
func (s *section) parseItem(code string) string {
	lower := code[0] | 0x20
	switch c := code[0]; {
	case c == '"':
		text, rest, closed := strings.Cut(code[1:], `"`)
		s.add('L', 0, text)
		s.sure = s.sure && closed
		return rest
	case c == '\\' || c == '_' || c == '*':
		r, n := utf8.DecodeRuneInString(code[1:])
		s.sure = s.sure && n > 0
		switch c {
		case '\\':
			s.add('L', 0, string(r))
		case '_': // as wide as that character
			s.add('L', 0, " ")
		}
		return code[1+n:]
	case c == '[':
		inner, rest, closed := strings.Cut(code[1:], "]")
		s.bracket(inner)
		s.sure = s.sure && closed
		return rest
	case len(code) >= 7 && strings.EqualFold(code[:7], "general"):
		s.add('G', 0, "")
		return code[7:]
	case strings.HasPrefix(code, "G/通用格式"):
		s.add('G', 0, "")
		return code[len("G/通用格式"):]
	case len(code) >= 5 && strings.EqualFold(code[:5], "am/pm"):
		s.add('p', 0, "")
		return code[5:]
	case len(code) >= 3 && strings.EqualFold(code[:3], "a/p"):
		s.add('P', 0, code[:3])
		return code[3:]
	case strings.HasPrefix(code, "上午/下午"):
		s.add('c', 0, "")
		return code[len("上午/下午"):]
	case c == 'E' && len(code) > 1 && (code[1] == '+' || code[1] == '-'):
		s.add('E', 0, code[1:2])
		return code[2:]
	case strings.IndexByte("ymdhsea", lower) >= 0:
		n := 1
		for n < len(code) && code[n]|0x20 == lower {
			n++
		}
		s.add(lower, n, "")
		return code[n:]
	case strings.IndexByte("0#?.,%@/", c) >= 0:
		s.add(c, 1, code[:1])
		return code[1:]
	case strings.IndexByte("$-+():'~{}<>=^& ", c) >= 0 || c >= utf8.RuneSelf:
		_, n := utf8.DecodeRuneInString(code)
		s.add('L', 0, code[:n])
		return code[n:]
	}
	s.sure = false // ! and letters mean different things to different programs
	return code[1:]
}

// colours change nothing of a text.
var colours = map[string]bool{
	"black": true, "blue": true, "cyan": true, "green": true, "magenta": true, "red": true, "white": true, "yellow": true,
	"黑色": true, "蓝色": true, "青色": true, "绿色": true, "洋红": true, "红色": true, "白色": true, "黄色": true,
}

// bracket reads what stands in square brackets.
func (s *section) bracket(inner string) {
	lower := strings.ToLower(inner)
	switch {
	case colours[lower] || strings.HasPrefix(lower, "color") || strings.HasPrefix(inner, "颜色"):
	case inner != "" && strings.Trim(lower, "h") == "":
		s.add('H', len(inner), "")
	case inner != "" && strings.Trim(lower, "m") == "":
		s.add('M', len(inner), "")
	case inner != "" && strings.Trim(lower, "s") == "":
		s.add('S', len(inner), "")
	case strings.HasPrefix(inner, "$"):
		currency, language, found := strings.Cut(inner[1:], "-")
		if currency != "" {
			s.add('L', 0, currency)
		}
		if found {
			s.language(language)
		}
	case strings.IndexAny(inner, "<>=") == 0:
		number := strings.TrimLeft(inner, "<>=")
		limit, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		s.sure = s.sure && err == nil && s.compare == ""
		s.compare, s.limit = inner[:len(inner)-len(number)], limit
	default:
		s.sure = false
	}
}

// language reads the language of a section: the number that Windows gives it, or its
// tag. Those of the system stand for its long forms of date and time, which are taken as
// in China.
func (s *section) language(tag string) {
	switch strings.ToLower(tag) {
	case "f800", "x-sysdate":
		s.system = `yyyy"年"m"月"d"日"`
		return
	case "f400", "x-systime":
		s.system = "h:mm:ss"
		return
	case "zh-cn", "zh-hans", "zh-hans-cn", "zh-sg":
		s.chinese = true
		return
	}
	if strings.HasPrefix(strings.ToLower(tag), "en-") {
		return
	}
	id, err := strconv.ParseUint(tag, 16, 32)
	switch {
	case err != nil || id > 0xFFFF:
		s.sure = false // other numerals, other calendars
	case id == 0x0804 || id == 0x1004:
		s.chinese = true
	case id&0x3FF == 0x09 || id == 0: // English
	default:
		s.foreign = true
	}
}

// settle finds out what kind of section the items make, and what depends on others.
func (s *section) settle() {
	if s.system != "" {
		*s, _ = parseSection(s.system)
		return
	}
	has := func(letters string) bool {
		for _, i := range s.items {
			if strings.IndexByte(letters, i.letter) >= 0 {
				return true
			}
		}
		return false
	}
	only := func(letters string) bool {
		for _, i := range s.items {
			if strings.IndexByte(letters, i.letter) < 0 {
				return false
			}
		}
		return true
	}
	switch {
	case has("ymdhseaHMSpPc"):
		s.kind = dateSection
		s.settleDate()
	case has("@"):
		s.kind = textSection
		s.sure = s.sure && only("@L")
	case has("G"):
		s.kind = generalSection
		s.sure = s.sure && only("GL")
	case has("0#?"):
		s.kind = numberSection
		s.settleNumber()
	default:
		s.sure = s.sure && only("L")
	}
}

// settleNumber tells the commas between digits from those that divide by a thousand, and
// counts the placeholders.
func (s *section) settleNumber() {
	items := s.items
	s.items = nil
	point, exponent, scale := false, false, 0
	for k, i := range items {
		switch i.letter {
		case '0', '#', '?':
			switch {
			case exponent:
				s.exponent++
				i.letter = 'x'
				s.sure = s.sure && items[k].letter == '0'
			case point:
				s.places++
			default:
				s.whole++
				s.thousands = s.thousands || scale < 0
			}
			scale = 0
		case ',':
			if k == 0 || strings.IndexByte("0#?,", items[k-1].letter) < 0 || exponent {
				s.sure = false
			}
			scale -= 3
			continue
		case '.':
			s.sure = s.sure && !point && !exponent
			point = true
			s.scale += scale
			scale = 0
		case '%':
			s.scale += 2
			i.letter, i.text = 'L', "%"
		case 'E':
			s.sure = s.sure && !exponent && (s.whole == 1 || s.whole == 3)
			exponent = true
		case '/':
			s.sure = false // a fraction
		}
		if i.letter == 'L' && scale < 0 {
			s.scale += scale
			scale = 0
		}
		s.items = append(s.items, i)
	}
	s.scale += scale
	s.sure = s.sure && exponent == (s.exponent > 0) && (!exponent || s.scale == 0)
}

// settleDate tells minutes from months, and points of seconds from others.
func (s *section) settleDate() {
	var last byte // of the letters for date and time
	items := s.items
	s.items = nil
	for k := 0; k < len(items); k++ {
		i := items[k]
		switch i.letter {
		case 'm':
			if last == 'h' || last == 'H' || i.n <= 2 && nextIsSecond(items[k+1:]) {
				i.letter = 'n'
				s.sure = s.sure && i.n <= 2
			}
			s.sure = s.sure && i.n <= 5 && (i.n <= 2 || !s.foreign)
		case 'd': // in Chinese, ddd is 周二 to some programs and 二 to others
			s.sure = s.sure && i.n <= 4 && (i.n <= 2 || !s.foreign && (i.n == 4 || !s.chinese))
		case 'a':
			s.sure = s.sure && i.n == 4 && !s.foreign
		case 'y':
			s.sure = s.sure && i.n <= 4 && !s.foreign
		case 'h', 's':
			s.sure = s.sure && i.n <= 2
		case 'p', 'P', 'c':
			s.half = true
			s.sure = s.sure && !s.foreign
		case 'H', 'M', 'S', 'L':
		case '.':
			n := 0
			for k+n+1 < len(items) && items[k+n+1].letter == '0' {
				n++
			}
			if n > 0 && (last == 's' || last == 'S') {
				s.sure = s.sure && s.places == 0 && n <= 3
				s.places = n
				k += n
				i = item{'f', n, ""}
				break
			}
			i = item{'L', 0, "."}
		case ',', '/':
			i.letter = 'L'
		default:
			s.sure = false
		}
		if strings.IndexByte("ymdhsaHMSn", i.letter) >= 0 {
			last = i.letter
		}
		s.seconds = s.seconds || strings.IndexByte("hnsHMS", i.letter) >= 0
		s.items = append(s.items, i)
	}
}

// nextIsSecond reports whether the next letter of date and time stands for seconds.
func nextIsSecond(items []item) bool {
	for _, i := range items {
		if strings.IndexByte("ymdhsaHMS", i.letter) >= 0 {
			return i.letter == 's' || i.letter == 'S'
		}
	}
	return false
}
