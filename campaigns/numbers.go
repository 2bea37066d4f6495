package campaigns

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"

	"tocsin/providers/sms"
)

// remembered is how many odd spellings are kept with what they are: files
// repeat them.
const remembered = 4096

// numbers reads telephone numbers: well-formed ones by themselves, the others
// with libphonenumber, which takes some ten microseconds for each.
type numbers struct {
	country string // ISO 3166-1, for numbers without a country code; "": there are none
	china   bool
	known   map[string]sms.Number // 0: none
}

// ParseNumber reads a telephone number as a plan reads those of an audience; ok is false
// when it is none. country is as in PlanOptions.
func ParseNumber(text, country string) (n sms.Number, ok bool) {
	return newNumbers(country).parse([]byte(text))
}

func newNumbers(country string) *numbers {
	return &numbers{country: country, china: country == "CN", known: map[string]sms.Number{}}
}

func (p *numbers) parse(text []byte) (sms.Number, bool) {
	if n, err := sms.ParseNumber(text, p.china); err == nil {
		return n, true
	}
	// Spreadsheets are kept from making a sum of a number by ="13800138000".
	if n := len(text); n > 4 && text[0] == '=' && text[1] == '"' && text[n-1] == '"' {
		return p.parse(text[2 : n-1])
	}
	if !p.worthwhile(text) {
		return 0, false
	}
	if n, ok := p.known[string(text)]; ok {
		return n, n != 0
	}
	n := p.ask(string(text))
	if len(p.known) >= remembered {
		clear(p.known)
	}
	p.known[string(text)] = n
	return n, n != 0
}

// worthwhile keeps from the library what it cannot make a number of, or only one
// that takes no SMS: too few or too many digits, and in China, without a
// country's code, anything but eleven digits behind 0 or 86.
func (p *numbers) worthwhile(text []byte) bool {
	const longest = 64 // octets; a number with all decoration is shorter
	if len(text) < 5 || len(text) > longest {
		return false
	}
	digits, international := 0, text[0] == '+'
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == 0xEF && i+2 < len(text): // full-width forms: EF BC 8B is the plus sign, 90 to 99 digits
			international = international || text[i+2] == 0x8B
			if text[i+1] == 0xBC && text[i+2] >= 0x90 && text[i+2] <= 0x99 {
				digits++
			}
			i += 2
		case c == '+':
			international = true
		}
	}
	if p.china && !international {
		return digits >= 11 && digits <= 15
	}
	return digits >= 5 && digits <= 20
}

func (p *numbers) ask(text string) sms.Number {
	region := p.country
	if region == "" {
		region = phonenumbers.UNKNOWN_REGION
	}
	parsed, err := phonenumbers.Parse(text, region)
	if err != nil || parsed.GetExtension() != "" || !phonenumbers.IsValidNumber(parsed) {
		return 0
	}
	digits := "+" + strconv.Itoa(int(parsed.GetCountryCode())) + phonenumbers.GetNationalSignificantNumber(parsed)
	n, err := sms.ParseNumber([]byte(digits), false)
	if err != nil {
		return 0
	}
	return n
}
