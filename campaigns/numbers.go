package campaigns

import (
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"tocsin/providers/sms"
)

const (
	remembered = 4096   // numbers are kept with what libphonenumber says of them: files repeat them
	scheme     = "tel:" // of a number as an address, RFC 3966; one with parameters is none
	chinaCode  = "86"
	longest    = 15 // digits of a number with its country's code, ITU-T E.164, section 6.2.1
)

// numbers reads the telephone numbers that people write: China's mobile numbers by
// themselves, the others as libphonenumber's plans of their countries say. Every spelling
// of a number gives the same number; what could be two numbers, or a number and something
// behind it, is none.
type numbers struct {
	country string // ISO 3166-1, for numbers without a country code; "": there are none
	china   bool
	home    home
	plans   map[int]*plan
	known   map[string]found
	room    [24]byte // for the digits of a number
	dialled [24]byte // for those of a spelling, which stays on the stack so
}

// home is how numbers are dialled in the reader's country.
type home struct {
	*plan                       // nil: numbers have their countries' codes
	abroad       *regexp.Regexp // what is dialled before a country's code
	prefix       *regexp.Regexp // what is dialled before a number of the country
	prefixIsZero bool
}

// found is a number as it was found in a spelling.
type found struct {
	number sms.Number // 0: there is none
	plan   *plan
	size   int  // digits without the country's code
	mobile bool // its kind is
}

// ParseNumber reads a telephone number as a plan reads those of an audience; ok is false
// when it is none. country is as in PlanOptions. NumberReader is for many numbers.
func ParseNumber(text, country string) (n sms.Number, ok bool) {
	return newNumbers(country).parse([]byte(text))
}

// NumberReader is ParseNumber for many numbers, by one goroutine.
func NumberReader(country string) func(text []byte) (n sms.Number, ok bool) {
	return newNumbers(country).parse
}

func newNumbers(country string) *numbers {
	p := &numbers{country: country, china: country == "CN", plans: map[int]*plan{}, known: map[string]found{}}
	m := metadata()[country]
	if m == nil || p.china {
		return p
	}
	p.home = home{
		plan: p.plan(int(m.GetCountryCode())), abroad: beginning(m.GetInternationalPrefix()),
		prefix: beginning(m.GetNationalPrefixForParsing()), prefixIsZero: m.GetNationalPrefixForParsing() == "0",
	}
	return p
}

func (p *numbers) plan(code int) *plan {
	known, ok := p.plans[code]
	if !ok {
		known = newPlan(code)
		p.plans[code] = known
	}
	return known
}

func (p *numbers) parse(text []byte) (sms.Number, bool) {
	if n, err := sms.ParseNumber(text, p.china); err == nil {
		return n, true
	}
	// Spreadsheets are kept from making a sum of a number by ="13800138000".
	if n := len(text); n > 4 && text[0] == '=' && text[1] == '"' && text[n-1] == '"' {
		return p.parse(text[2 : n-1])
	}
	if n := len(scheme); len(text) > n && text[n-1] == ':' && strings.EqualFold(string(text[:n]), scheme) {
		return p.parse(text[n:])
	}
	s, ok := sms.ReadSpelling(text)
	if !ok {
		return 0, false
	}
	if whole, is := s.Whole(); is {
		if n := p.read(&whole); n != 0 || s.Fraction() {
			return n, n != 0
		}
	}
	n := p.read(&s)
	return n, n != 0
}

// read is the number that s spells; 0: none, or it is not certain which.
func (p *numbers) read(s *sms.Spelling) sms.Number {
	if s.Bracketed() || p.china && !s.International {
		return 0
	}
	f := p.find(s)
	if k := trunk(s); k > 0 {
		without := s.Without(k)
		if g := p.find(&without); f.number == 0 {
			s, f = &without, g
		} else if g.number != 0 && g.number != f.number {
			return 0
		}
	}
	switch {
	case f.number == 0:
		return 0
	case f.plan.code == chinaCode: // land lines and short codes take no SMS
		n, _ := sms.ParseNumber(f.number.AppendDigits(p.room[:0]), true)
		return n
	}
	if groups := s.Groups(); len(groups) > 1 {
		digits := f.number.AppendDigits(p.room[:0])
		if f.plan.doubtful(digits[len(digits)-f.size:], groups) {
			return 0
		}
	}
	return f.number
}

// trunk is which group of s is the (0) of +44 (0)7723 456789: a zero that is dialled in
// the country only; 0: none is.
func trunk(s *sms.Spelling) int {
	groups, digits := s.Groups(), s.Digits()
	before := 0
	for k, g := range groups {
		if g.Bracketed && g.Digits == 1 && digits[before] == '0' {
			return k
		}
		if before += g.Digits; !s.International || before > 3 {
			return 0
		}
	}
	return 0
}

// find finds out which number the digits of s are.
func (p *numbers) find(s *sms.Spelling) found {
	d := append(p.dialled[:0], s.Digits()...)
	if !s.International {
		return p.atHome(d)
	}
	f := p.abroad(d)
	if s.Zeros && p.home.plan != nil {
		// 0011 is what is dialled before a country's code in Australia.
		if g := p.ask("00"+string(d), p.country); f.number == 0 {
			return g
		} else if g.number != 0 && g.number != f.number {
			return found{}
		}
	}
	return f
}

// abroad finds a number behind its country's code.
func (p *numbers) abroad(d []byte) found {
	code := 0
	for k := 1; k <= 3 && k < len(d); k++ {
		code = code*10 + int(d[k-1]-'0')
		plan := p.plan(code)
		if plan == nil {
			continue
		}
		national := d[k:]
		if plan.prefix != nil && plan.prefix.Match(national) {
			return p.ask("+"+string(d), phonenumbers.UNKNOWN_REGION)
		}
		return plan.found(national)
	}
	return found{}
}

// atHome finds a number without plus sign: one of the country, or one whose country's code
// has lost its sign.
func (p *numbers) atHome(d []byte) found {
	h := &p.home
	if h.plan == nil {
		return found{}
	}
	code := len(h.plan.code)
	coded := len(d) > code && string(d[:code]) == h.plan.code
	national, plain := d, !coded && !h.abroad.Match(d)
	if plain && h.prefix != nil && h.prefix.Match(d) {
		plain, national = h.prefixIsZero, d[1:]
	}
	if plain {
		if f := h.plan.found(national); f.number != 0 {
			return f
		}
	}
	f := p.ask(string(d), p.country)
	if !coded {
		return f
	}
	// A fixed line of Germany may begin with 49 too, and be as long.
	switch g := p.abroad(d); {
	case f.number == 0 || g.mobile && !f.mobile:
		return g
	case g.number != 0 && g.number != f.number && g.mobile == f.mobile:
		return found{}
	}
	return f
}

// found is what a number without its country's code is.
func (p *plan) found(national []byte) found {
	k := p.kind(national)
	if k == nil || len(national)+len(p.code) > longest {
		return found{}
	}
	var n uint64
	for i := range len(p.code) {
		n = n*10 + uint64(p.code[i]-'0')
	}
	for _, c := range national {
		n = n*10 + uint64(c-'0')
	}
	return found{sms.Number(n), p, len(national), k.mobile}
}

// ask asks libphonenumber itself, and keeps what it says.
func (p *numbers) ask(digits, region string) found {
	key := region + digits
	if f, ok := p.known[key]; ok {
		return f
	}
	if len(p.known) >= remembered {
		clear(p.known)
	}
	var f found
	if parsed, err := phonenumbers.Parse(digits, region); err == nil && phonenumbers.IsValidNumber(parsed) {
		if plan := p.plan(int(parsed.GetCountryCode())); plan != nil {
			f = plan.found([]byte(phonenumbers.GetNationalSignificantNumber(parsed)))
		}
	}
	p.known[key] = f
	return f
}
