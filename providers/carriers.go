package providers

import "tocsin/providers/sms"

// A Carrier is a mobile network of China, the first thing a route looks at.
type Carrier uint8

const (
	NoCarrier Carrier = iota // not a Chinese mobile number, or nobody is known to have its prefix
	ChinaMobile
	ChinaUnicom
	ChinaTelecom
	ChinaBroadnet

	// Carriers is how many there are, NoCarrier among them.
	Carriers = 5
)

var carrierNames = [Carriers][2]string{
	{"", ""},
	{"China Mobile", "中国移动"},
	{"China Unicom", "中国联通"},
	{"China Telecom", "中国电信"},
	{"China Broadnet", "中国广电"},
}

// String is the carrier's name in rules and reports; "" for NoCarrier.
func (c Carrier) String() string {
	if c < Carriers {
		return carrierNames[c][0]
	}
	return "carrier?"
}

// Chinese is the carrier's name in Chinese; "" for NoCarrier.
func (c Carrier) Chinese() string {
	if c < Carriers {
		return carrierNames[c][1]
	}
	return "carrier?"
}

// ParseCarrier reads a carrier's name, in English as String writes it or in
// Chinese (中国移动, 中国联通, 中国电信, 中国广电).
func ParseCarrier(name string) (Carrier, bool) {
	for c := NoCarrier + 1; c < Carriers; c++ {
		if name == carrierNames[c][0] || name == carrierNames[c][1] {
			return c, true
		}
	}
	return NoCarrier, false
}

// Names of a rule for Chinese mobile numbers that nobody is known to serve.
const (
	UnknownCarrier        = "unknown"
	unknownCarrierChinese = "未知"
)

// ParseRuleCarrier reads the carrier of a rule: one of ParseCarrier's or, as
// NoCarrier, UnknownCarrier.
func ParseRuleCarrier(name string) (Carrier, bool) {
	if name == UnknownCarrier || name == unknownCarrierChinese {
		return NoCarrier, true
	}
	return ParseCarrier(name)
}

// Chinese mobile numbers with their country code are firstMobile to lastMobile;
// their first five national digits are 13000 to 19999.
const (
	chinaBase   = 86_000_0000_0000
	firstMobile = chinaBase + 130_0000_0000
	lastMobile  = chinaBase + 199_9999_9999
	firstFive   = 13000
	fives       = 7000
	perFive     = 1_000_000 // numbers that share their first five digits
)

// ChineseMobile reports whether n is a mobile number of China.
func ChineseMobile(n sms.Number) bool { return n >= firstMobile && n <= lastMobile }
