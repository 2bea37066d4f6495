package ledger

import (
	"bytes"
	"math/big"

	"tocsin/providers/sms"
)

// match finds the recipient and the segment a receipt speaks of: first by
// number, over the pages of all campaigns, then by reference. A receipt whose
// reference is not known here (its answer never came, or the batch had another)
// belongs to the only recipient it can mean, refOpen, or to none: refSoon when an
// answer that is still on its way may name the recipient.
func (l *Ledger) match(provider string, r *sms.Receipt) (p *page, s said, how int, err error) {
	var only *page
	var onlyIs said
	onlyHow := refOpen
	candidates, soon := 0, false
	for k := len(l.campaigns) - 1; k >= 0; k-- {
		for _, series := range l.campaigns[k].series {
			p := pageOf(series, r.To)
			if p == nil || p.counts[sms.Waiting] == p.size && p.resent == 0 {
				continue
			}
			if p.provider != provider && !p.route.Has(provider) {
				continue
			}
			if err := l.load(p); err != nil {
				return nil, said{}, refOther, err
			}
			i := p.find(r.To)
			if i < 0 || p.people.sent[i] == 0 && p.people.flags[i]&wasResent == 0 {
				continue
			}
			segment, how := p.segmentOf(i, r)
			switch how {
			case refKnown:
				return p, said{index: i, segment: segment}, refKnown, nil
			case refOpen, refOneOf:
				candidates++
				only, onlyIs, onlyHow = p, said{index: i, segment: segment}, how
				soon = soon || p.people.state[i] == sms.Offered
			case refSoon:
				soon = true
			case refPast:
				candidates++
			}
		}
	}
	if candidates == 1 && only != nil {
		return only, onlyIs, onlyHow, nil
	}
	if soon {
		return nil, said{}, refSoon, nil
	}
	return nil, said{}, refOther, nil
}

// How a reference relates to a recipient.
const (
	refOther = iota // it has another one
	refKnown        // it is this segment's
	refOpen         // the recipient's is not known, or may differ from receipt to receipt
	refOneOf        // it is of one of several segments whose references are not known
	refSoon         // an answer that is on its way will say
	refPast         // it may be of an earlier sending, or said again: the answer to that never came
)

// segmentOf says which of recipient i's segments a receipt speaks of.
func (p *page) segmentOf(i int, r *sms.Receipt) (segment, how int) {
	h, ref := &p.people, r.Ref
	refs := p.refsOf(i)
	missing := false
	for k := 0; k < sms.MaxSegments && (k < max(int(h.parts[i]), 1) || len(refs) > 0); k++ {
		var one []byte
		one, refs = refs.Next()
		if len(one) == 0 {
			missing = true
		} else if SameRef(one, ref) {
			return k, refKnown
		}
	}
	state := h.state[i]
	open := missing && (state == sms.Offered || state == sms.InDoubt || state == sms.Accepted)
	if !open && h.flags[i]&batchRef == 0 && len(ref) > 0 {
		if h.flags[i]&wasResent != 0 || missing && (state == sms.Delivered || state == sms.Failed) {
			return 0, refPast
		}
		return 0, refOther
	}
	if h.parts[i] > 1 && state == sms.Offered && len(ref) > 0 {
		return 0, refSoon // which segment it is
	}
	if h.parts[i] > 1 && h.flags[i]&wasResent != 0 {
		return 0, refPast // it may be a second receipt of a segment that was sent twice
	}
	if h.parts[i] <= 1 {
		return 0, refOpen
	}
	free := p.openSegments(i)
	switch {
	case len(free) == 0:
		return 0, refOther // every segment is spoken for
	case len(free) > 1 && state == sms.InDoubt && !r.Whole:
		return free[0], refOneOf
	}
	return free[0], refOpen
}

// SameRef reports whether two references are one, as carriers write them: equal
// but for case and leading zeros, or one hexadecimal and the other decimal.
func SameRef(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	a, b = bytes.TrimLeft(a, "0"), bytes.TrimLeft(b, "0")
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return foldEqual(a, b) || hexIsDecimal(a, b) || hexIsDecimal(b, a)
}

// foldEqual compares ASCII without regard to case; any other octet only equals itself.
func foldEqual(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if d := b[i]; c != d && (c|0x20 != d|0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// hexIsDecimal reports whether h, read as hexadecimal, is the decimal d.
func hexIsDecimal(h, d []byte) bool {
	// n hexadecimal digits, no zero in front, are (n-1)·log₁₀16 to n·log₁₀16 decimal ones,
	// 1.2041: most strangers are told apart by their lengths alone.
	if n := len(h); len(d) < (n-1)*1204/1000+1 || len(d) > n*1205/1000+1 {
		return false
	}
	if len(h) <= 15 {
		v, ok := parseBase(h, 16)
		w, ok2 := parseBase(d, 10)
		return ok && ok2 && v == w
	}
	x, ok := new(big.Int).SetString(string(h), 16)
	if !ok {
		return false
	}
	y, ok := new(big.Int).SetString(string(d), 10)
	return ok && x.Cmp(y) == 0
}

// parseBase reads at most 19 digits, which fit into 64 bits in base 10, and 15 of base 16, without allocating.
func parseBase(s []byte, base uint64) (uint64, bool) {
	if len(s) > 19 {
		return 0, false
	}
	var v uint64
	for _, c := range s {
		var d uint64
		switch {
		case c >= '0' && c <= '9':
			d = uint64(c - '0')
		case c >= 'a' && c <= 'f':
			d = uint64(c-'a') + 10
		case c >= 'A' && c <= 'F':
			d = uint64(c-'A') + 10
		default:
			return 0, false
		}
		if d >= base {
			return 0, false
		}
		v = v*base + d
	}
	return v, true
}
