package campaigns

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"tocsin/providers/sms"
)

// regions are all that libphonenumber knows, in order.
func regions() []string {
	var all []string
	for r := range phonenumbers.GetSupportedRegions() {
		all = append(all, r)
	}
	slices.Sort(all)
	return all
}

// spellings are how people write a number of a region that libphonenumber has parsed.
func spellings(n *phonenumbers.PhoneNumber) (abroad, atHome []string) {
	code := strconv.Itoa(int(n.GetCountryCode()))
	national := phonenumbers.GetNationalSignificantNumber(n)
	for _, f := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL} {
		text := phonenumbers.Format(n, f)
		abroad = append(abroad, text, "00"+text[1:], "00 "+text[1:], "＋"+text[1:], "'"+text, " "+text+" ", "\u202d"+text+"\u202c", text+".0")
		for _, between := range []string{"-", ".", "\u00a0", "  ", " - ", "\u2011", "\u200b"} {
			abroad = append(abroad, strings.ReplaceAll(text, " ", between), "00"+strings.ReplaceAll(text[1:], " ", between))
		}
	}
	abroad = append(abroad, "(+"+code+") "+national, "+"+code+" ("+national[:2]+") "+national[2:])
	text := phonenumbers.Format(n, phonenumbers.NATIONAL)
	atHome = append(atHome, text, strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(text, " ", "-"), strings.ReplaceAll(text, " ", "\u00a0"), text+".0")
	digits := phonenumbers.NormalizeDigitsOnly(text)
	atHome = append(atHome, digits, arabic(digits))
	return append(abroad, arabic(abroad[0])), atHome
}

// arabic writes a text in the digits of Arabic.
func arabic(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '٠'
		}
		return r
	}, text)
}

func e164(n *phonenumbers.PhoneNumber) sms.Number {
	v, err := strconv.ParseUint(phonenumbers.Format(n, phonenumbers.E164)[1:], 10, 64)
	if err != nil {
		panic(err)
	}
	return sms.Number(v)
}

// TestEverySpellingOfAPersonIsOneNumber holds all spellings of libphonenumber's own
// example numbers of all regions against the number that libphonenumber formats them as.
func TestEverySpellingOfAPersonIsOneNumber(t *testing.T) { // B7, B8, B28
	looked, unread := 0, []string(nil)
	for _, region := range regions() {
		n := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
		if n == nil {
			continue
		}
		want := e164(n)
		looked++
		abroad, atHome := spellings(n)
		if back, err := phonenumbers.Parse(atHome[0], region); err != nil || e164(back) != want {
			unread = append(unread, region) // libphonenumber does not read what it writes
			atHome = nil
		}
		for _, country := range []string{region, "", "CN", "DE", "US"} {
			p := newNumbers(country)
			texts := abroad
			if country == region {
				texts = slices.Concat(abroad, atHome)
			}
			for _, text := range texts {
				if got, _ := p.parse([]byte(text)); got != want {
					t.Errorf("%s, from %q: %q is %s, want %s", region, country, text, got.Digits(), want.Digits())
				}
			}
		}
		// With the zero in brackets it is the same, or, where the number with its zero is
		// another valid number, none.
		code, national := strconv.Itoa(int(n.GetCountryCode())), phonenumbers.GetNationalSignificantNumber(n)
		zero, err := phonenumbers.Parse("+"+code+"0"+national, "ZZ")
		another := err == nil && phonenumbers.IsValidNumber(zero) && e164(zero) != want
		for _, text := range []string{"+" + code + " (0)" + national, "+" + code + "(0) " + national, "00" + code + " (0) " + national, "＋" + code + "（０）" + national} {
			got, _ := newNumbers("").parse([]byte(text))
			if got != want && !(another && got == 0) {
				t.Errorf("%s: %q is %s, want %s", region, text, got.Digits(), want.Digits())
			}
		}
	}
	if looked < 200 || len(unread) > 3 {
		t.Errorf("got %d regions, and %q, want all of the world", looked, unread)
	}
}

// TestAPlanSaysWhatLibphonenumberSays draws digits at random behind every country's code,
// around its example numbers, and asks both.
func TestAPlanSaysWhatLibphonenumberSays(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	p := newNumbers("")
	valid := 0
	for code := range phonenumbers.GetSupportedCallingCodes() {
		for range 120 {
			digits := strconv.AppendInt(nil, int64(code), 10)
			if examples := phonenumbers.GetRegionCodesForCountryCode(code); r.IntN(4) > 0 {
				kind := phonenumbers.PhoneNumberType(r.IntN(11))
				if n := phonenumbers.GetExampleNumberForType(examples[r.IntN(len(examples))], kind); n != nil {
					digits = []byte(phonenumbers.Format(n, phonenumbers.E164)[1:])
					for range r.IntN(4) {
						digits[len(digits)-1-r.IntN(len(digits)/2)] = byte('0' + r.IntN(10))
					}
				}
			}
			for range r.IntN(3) {
				digits = append(digits, byte('0'+r.IntN(10)))
			}
			want := sms.Number(0)
			if n, err := phonenumbers.Parse("+"+string(digits), "ZZ"); err == nil && phonenumbers.IsValidNumber(n) {
				if text := phonenumbers.Format(n, phonenumbers.E164); len(text) <= longest+1 {
					want = e164(n)
				}
			}
			if want/1e11 == 86 || code == 86 {
				continue // ours are China's mobile numbers alone
			}
			if want != 0 {
				valid++
			}
			if got := p.abroad(digits); got.number != want {
				t.Errorf("+%s: got %s, want %s", digits, got.number.Digits(), want.Digits())
			}
		}
	}
	if valid < 2000 {
		t.Errorf("got %d valid numbers, too few to tell", valid)
	}
}
