package stub

import "tocsin/providers/sms"

// Salts keep the decisions about one number apart.
const (
	saltRefuse uint64 = iota + 1
	saltThrottle
	saltUnknown
	saltTaken
	saltLose
	saltFail
)

// refDigits is how many hexadecimal digits a reference has.
const refDigits = 16

// chance is a number's luck in one matter, from 0 to just below 1.
func (p *Provider) chance(n sms.Number, salt uint64) float64 {
	return chance(uint64(n)^p.config.Seed*0x9E3779B97F4A7C15, salt)
}

func chance(x, salt uint64) float64 {
	return float64(mix(x+salt*0xD1B54A32D192ED03)>>11) / (1 << 53)
}

// reference names segment s of m: the same whenever it is offered.
func (p *Provider) reference(m *sms.Message, s uint8) uint64 {
	return mix(mix(uint64(m.To)^p.config.Seed) + uint64(m.Envelope.Campaign)<<8 + uint64(s))
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

func appendHex(b []byte, v uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[v>>shift&15])
	}
	return b
}
