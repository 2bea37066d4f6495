package campaigns

import (
	"regexp"
	"strconv"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// A plan is the numbering plan behind one country's code, as libphonenumber describes it.
// It answers what IsValidNumber answers, a hundred times as fast: its patterns are
// compiled once, and nothing is allocated for a number.
type plan struct {
	code        string // the country's, 44
	prefix      *regexp.Regexp
	territories []territory
}

// A territory is one of those that share a country's code.
type territory struct {
	leading *regexp.Regexp // its numbers begin so; nil: they are told by their kinds
	general kindOfNumber
	kinds   []kindOfNumber
}

// kindOfNumber are the mobile numbers of a territory, or the fixed lines, and so on.
type kindOfNumber struct {
	lengths uint32 // bit n: n digits are possible; 0: not said
	pattern *regexp.Regexp
	example int  // digits of libphonenumber's example
	mobile  bool // mobile phones have such numbers, perhaps not they alone
}

// metadata is libphonenumber's, by the region or, of what belongs to none, by the code.
var metadata = sync.OnceValue(func() map[string]*phonenumbers.PhoneMetadata {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		panic(err) // it is built in, and the library has read it before
	}
	m := make(map[string]*phonenumbers.PhoneMetadata, len(all.GetMetadata()))
	for _, one := range all.GetMetadata() {
		name := one.GetId()
		if name == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
			name = strconv.Itoa(int(one.GetCountryCode()))
		}
		m[name] = one
	}
	return m
})

// newPlan is nil for a code that no country has.
func newPlan(code int) *plan {
	p := &plan{code: strconv.Itoa(code)}
	for i, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
		if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
			region = p.code
		}
		m := metadata()[region]
		if m == nil {
			continue
		}
		if i == 0 {
			p.prefix = beginning(m.GetNationalPrefixForParsing())
		}
		p.territories = append(p.territories, newTerritory(m))
	}
	if len(p.territories) == 0 {
		return nil
	}
	return p
}

func newTerritory(m *phonenumbers.PhoneMetadata) territory {
	t := territory{leading: beginning(m.GetLeadingDigits()), general: newKind(m.GetGeneralDesc())}
	kinds := []*phonenumbers.PhoneNumberDesc{
		m.GetMobile(), m.GetFixedLine(), m.GetVoip(), m.GetPersonalNumber(), m.GetPager(), m.GetUan(),
		m.GetTollFree(), m.GetSharedCost(), m.GetPremiumRate(), m.GetVoicemail(),
	}
	if m.GetSameMobileAndFixedLinePattern() {
		kinds = kinds[1:]
	}
	for i, d := range kinds {
		if d.GetNationalNumberPattern() != "" {
			k := newKind(d)
			k.mobile = i == 0
			t.kinds = append(t.kinds, k)
		}
	}
	return t
}

func newKind(d *phonenumbers.PhoneNumberDesc) kindOfNumber {
	k := kindOfNumber{pattern: regexp.MustCompile("^(?:" + d.GetNationalNumberPattern() + ")$"), example: len(d.GetExampleNumber())}
	for _, n := range d.GetPossibleLength() {
		if n < 0 { // there are none of this kind
			n = 31
		}
		k.lengths |= 1 << n
	}
	return k
}

// beginning is the pattern at the beginning of a number; nil: there is none.
func beginning(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	return regexp.MustCompile("^(?:" + pattern + ")")
}

func (k *kindOfNumber) has(national []byte) bool {
	return (k.lengths == 0 || k.lengths&(1<<len(national)) != 0) && k.pattern.Match(national)
}

// kind is the kind of a number without its country's code; nil: it is not valid.
func (p *plan) kind(national []byte) *kindOfNumber {
	for i := range p.territories {
		t := &p.territories[i]
		if t.leading != nil && len(p.territories) > 1 {
			if t.leading.Match(national) {
				return t.kind(national)
			}
		} else if k := t.kind(national); k != nil {
			return k
		}
	}
	return nil
}

func (t *territory) kind(national []byte) *kindOfNumber {
	if !t.general.has(national) {
		return nil
	}
	for i := range t.kinds {
		if k := &t.kinds[i]; k.has(national) {
			return k
		}
	}
	return nil
}
