package simulator

// Salts keep the decisions about one thing apart.
const (
	saltRefuse uint64 = iota + 1
	saltThrottle
	saltQueueFull
	saltSilent
	saltLose
	saltFail
	saltDuplicate
	saltEarly
	saltUnknown
	saltStranger
	saltJitter
	saltReply
	saltReplyText
	saltLine
	saltReceiptJitter
)

// happens reports whether a share falls on x. A share of nothing costs nothing.
func (c *Carrier) happens(share float64, x, salt uint64) bool {
	return share > 0 && float64(mix(x^c.config.Seed*0x9E3779B97F4A7C15+salt*0xD1B54A32D192ED03)>>11)/(1<<53) < share
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
