package providers

import "tocsin/providers/sms"

// A Carrier is a mobile network of China, the first thing a route looks at.
type Carrier uint8

const (
	NoCarrier Carrier = iota // not a Chinese mobile number, or its prefix is nobody's
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

// carrierPrefixes are the first three, four or five digits of the mobile numbers
// each carrier was given by the Ministry of Industry and Information Technology,
// with the letter of 2019-12-24 (190, 192, 196, 197) as the latest; collected
// from the table of github.com/VincentSit/ChinaMobilePhoneNumberRegex
// (README-CN.md of 2020-05-03). Left out on purpose: data cards of thirteen
// digits (140, 141, 144, 146, 148), satellite telephones (1749) and the
// ministry's own emergency network (17406 to 17412), none of which a carrier's
// SMS account reaches.
var carrierPrefixes = [Carriers][]uint32{
	ChinaMobile: {
		1340, 1341, 1342, 1343, 1344, 1345, 1346, 1347, 1348,
		135, 136, 137, 138, 139, 147, 150, 151, 152, 157, 158, 159, 172, 178,
		182, 183, 184, 187, 188, 195, 197, 198,
		165, 1703, 1705, 1706, // virtual operators
	},
	ChinaUnicom: {
		130, 131, 132, 145, 155, 156, 166, 175, 176, 185, 186, 196,
		167, 171, 1704, 1707, 1708, 1709, // virtual operators
	},
	ChinaTelecom: {
		133, 1349, 149, 153, 173, 17400, 17401, 17402, 17403, 17404, 17405,
		177, 180, 181, 189, 190, 191, 193, 199,
		162, 1700, 1701, 1702, // virtual operators
	},
	ChinaBroadnet: {192},
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

// carrierTable holds the carrier of each group of five first digits: 7 kB.
var carrierTable = spreadPrefixes()

func spreadPrefixes() (table [fives]Carrier) {
	for c, prefixes := range carrierPrefixes {
		for _, p := range prefixes {
			lo, hi := p, p+1
			for lo < 10000 {
				lo, hi = lo*10, hi*10
			}
			for five := lo; five < hi; five++ {
				table[five-firstFive] = Carrier(c)
			}
		}
	}
	return table
}

// CarrierOf is the carrier whose prefix n has. Since 2019 numbers move between
// carriers: the prefix says who issued the number, not who serves it; Ported
// knows better.
func CarrierOf(n sms.Number) Carrier {
	if n < firstMobile || n > lastMobile {
		return NoCarrier
	}
	return carrierTable[(uint64(n)-firstMobile)/perFive]
}
