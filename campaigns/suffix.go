package campaigns

import "tocsin/providers/sms"

const (
	longBlock = 5 // digits: behind a block of so many no other block belongs to the number
	ownNumber = 7 // digits without a country's code that are no area code any more
	usualMore = 2 // digits by which numbers are longer than libphonenumber's example
)

// doubtful reports whether a valid number could be a shorter one with something behind
// it: an extension, a second number's end, a count. Where numbers have one length such a
// text is not valid at all; in Germany, Austria, Finland, Indonesia it is, and how the
// digits are grouped must tell. national is the number without its country's code.
func (p *plan) doubtful(national []byte, groups []sms.Group) bool {
	last := len(groups) - 1
	for c, tail := last-1, groups[max(last, 0)].Digits; c >= 0 && tail < len(national); c-- {
		if p.endsAt(national, groups, c, tail) {
			return true
		}
		tail += groups[c].Digits
	}
	return false
}

// endsAt reports whether the number could end behind groups[c], tail digits before its end.
func (p *plan) endsAt(national []byte, groups []sms.Group, c, tail int) bool {
	rest := national[:len(national)-tail]
	block := min(groups[c].Digits, len(rest))
	first := c == 0 || groups[c].Digits >= len(rest) // the area's code is in this group
	if first && len(rest) < ownNumber {
		return false
	}
	kind := p.kind(rest)
	if kind == nil {
		return false
	}
	cut := groups[c+1]
	switch {
	case cut.Before == sms.Slash:
		return true
	case tail == 1:
		return true
	case block >= longBlock && tail < block:
		return true
	case len(rest) < kind.example: // not a whole number of the usual length
		return false
	case cut.Before == sms.Hyphen && !first && groups[c].Before != sms.Hyphen:
		return true
	}
	return len(national) > kind.example+usualMore && !regular(groups[1:])
}

// regular reports whether all groups are short and of one length, as a long number is
// written.
func regular(groups []sms.Group) bool {
	for _, g := range groups {
		if g.Digits != groups[0].Digits || g.Digits >= longBlock {
			return false
		}
	}
	return true
}
