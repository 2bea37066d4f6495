package providers

import "tocsin/providers/sms"

// A Numbering is what is known of China's mobile numbers at one time: who was given
// their prefixes, and which of them have moved. It never changes once made.
type Numbering struct {
	Prefixes *Prefixes
	Ported   *Ported // nil: none are known
}

// BuiltInNumbering has the prefixes that were compiled in, and no ported numbers.
func BuiltInNumbering() *Numbering { return &Numbering{Prefixes: BuiltInPrefixes()} }

// CarrierOf is the carrier that serves n: the one it moved to, or else the one whose
// prefix it has. It does not allocate.
func (g *Numbering) CarrierOf(n sms.Number) Carrier {
	if c := g.Ported.CarrierOf(n); c != NoCarrier {
		return c
	}
	return g.Prefixes.CarrierOf(n)
}
