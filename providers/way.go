package providers

import (
	"strings"

	"tocsin/providers/sms"
)

// A Way says why a number goes where it goes.
type Way struct {
	Prefix Prefix  // whose digits are "" when nobody is known to have the number's
	Ported Carrier // the carrier it moved to; NoCarrier: it is not known to have moved
	// Carrier serves it; NoCarrier when nobody is known to, or it is not a Chinese
	// mobile number.
	Carrier Carrier
	// Rule is the index of the rule that fits, -1 for none: no provider reaches it.
	Rule int
	To   []string // the rule's providers, in order
}

// Explain is what Route does, step by step.
func (r *Routes) Explain(n sms.Number) Way {
	w := Way{Ported: r.numbering.Ported.CarrierOf(n), Carrier: r.numbering.CarrierOf(n), Rule: r.rule(n)}
	w.Prefix, _ = r.numbering.Prefixes.Find(n)
	if w.Rule >= 0 {
		w.To = r.rules[w.Rule].To
	}
	return w
}

// rule is the rule for n: its carrier's or, where there is none, that of the longest
// prefix.
func (r *Routes) rule(n sms.Number) int {
	best, longest := -1, -1
	digits := n.Digits()
	if n == 0 || len(digits) > maxDigits {
		return best
	}
	for i, rule := range r.rules {
		if rule.Carrier != "" {
			c, _ := ParseRuleCarrier(rule.Carrier)
			if ChineseMobile(n) && c == r.numbering.CarrierOf(n) {
				return i
			}
			continue
		}
		prefix := strings.TrimSuffix(rule.Prefix, "*")
		if strings.HasPrefix(digits, prefix) && len(prefix) > longest {
			best, longest = i, len(prefix)
		}
	}
	return best
}
