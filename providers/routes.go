package providers

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tocsin/providers/sms"
)

// A Rule names the providers for some numbers. Exactly one of Carrier and
// Prefix is set.
type Rule struct {
	// Carrier is a carrier's name as in ParseCarrier: the rule is for the numbers
	// it serves, ported ones included. UnknownCarrier: for Chinese mobile numbers that
	// nobody is known to serve.
	Carrier string
	// Prefix is the first digits of a number, country code first, without plus:
	// 86, 1, 44. "*" is every number.
	Prefix string
	// To are providers by name: the first choice, then its fall-backs in order.
	To []string
	// Fallback says when recipients go from one of them to the next; nil: Always.
	Fallback *Fallback
}

// Routes choose the providers for a number. They never change once made and may
// be asked from many goroutines.
type Routes struct {
	rules     []Rule
	numbering *Numbering
	byCarrier [Carriers]sms.Route // NoCarrier's is for Chinese mobile numbers alone
	// from are where a prefix's numbers begin or end, each number padded with
	// zeros to maxDigits; to[i] is for numbers from from[i] to before from[i+1].
	from []uint64
	to   []sms.Route
}

// ErrRule says that a rule of the routes cannot be used; it is wrapped with
// which and why.
var ErrRule = errors.New("rule of the routes")

const maxDigits = 15 // ITU-T E.164, section 6.2.1

// NewRoutes makes routes of rules. A carrier's rule beats every prefix, a longer
// prefix beats a shorter one; the order of the rules does not matter, so the
// same carrier or prefix twice is an error, as are a rule without a provider and
// a provider's name with a comma. numbering may be nil: what is built in. Errors wrap
// ErrRule.
func NewRoutes(rules []Rule, numbering *Numbering) (*Routes, error) {
	if numbering == nil {
		numbering = BuiltInNumbering()
	}
	r := &Routes{rules: rules, numbering: numbering}
	prefixes := make(map[string]sms.Route)
	for i, rule := range rules {
		to, err := joinProviders(rule.To)
		if err == nil {
			err = r.add(rule, to, prefixes)
		}
		if err != nil {
			return nil, fmt.Errorf("%w %d: %w", ErrRule, i+1, err)
		}
	}
	r.layOut(prefixes)
	return r, nil
}

func joinProviders(names []string) (sms.Route, error) {
	if len(names) == 0 {
		return "", errors.New("names no provider")
	}
	for i, name := range names {
		if !sms.MayBeOnRoute(name) {
			return "", fmt.Errorf("%q cannot be a provider's name", name)
		}
		if slices.Contains(names[:i], name) {
			return "", fmt.Errorf("names %q twice", name)
		}
	}
	return sms.NewRoute(names...), nil
}

func (r *Routes) add(rule Rule, to sms.Route, prefixes map[string]sms.Route) error {
	switch {
	case (rule.Carrier == "") == (rule.Prefix == ""):
		return errors.New("wants a carrier or a prefix, and not both")
	case rule.Carrier != "":
		c, ok := ParseRuleCarrier(rule.Carrier)
		if !ok {
			return fmt.Errorf("%q is not a carrier", rule.Carrier)
		}
		if r.byCarrier[c] != "" {
			return fmt.Errorf("carrier %s has a rule already", rule.Carrier)
		}
		r.byCarrier[c] = to
		return nil
	}
	prefix := rule.Prefix
	if prefix == "*" {
		prefix = ""
	}
	if len(prefix) > maxDigits || strings.Trim(prefix, "0123456789") != "" || strings.HasPrefix(prefix, "0") {
		return fmt.Errorf("%q is not the beginning of a number with its country code", rule.Prefix)
	}
	if prefixes[prefix] != "" {
		return fmt.Errorf("prefix %s has a rule already", rule.Prefix)
	}
	prefixes[prefix] = to
	return nil
}

// layOut turns nested prefixes into ranges that follow each other: every place
// where a prefix begins or ends starts a range, which belongs to the longest
// prefix around it.
func (r *Routes) layOut(prefixes map[string]sms.Route) {
	if len(prefixes) == 0 {
		return
	}
	type span struct {
		lo, hi uint64
		to     sms.Route
	}
	var spans []span
	edges := []uint64{0}
	for prefix, to := range prefixes {
		s := span{hi: 1, to: to}
		for i := range maxDigits {
			s.lo, s.hi = s.lo*10, s.hi*10
			if i < len(prefix) {
				s.lo += uint64(prefix[i] - '0')
				s.hi = s.lo + 1
			}
		}
		spans = append(spans, s)
		edges = append(edges, s.lo, s.hi)
	}
	slices.SortFunc(spans, func(a, b span) int { // the widest first, so that narrower ones paint over
		return int(int64(b.hi-b.lo) - int64(a.hi-a.lo))
	})
	slices.Sort(edges)
	r.from = slices.Compact(edges)
	r.to = make([]sms.Route, len(r.from))
	for _, s := range spans {
		for i, edge := range r.from {
			if edge >= s.lo && edge < s.hi {
				r.to[i] = s.to
			}
		}
	}
}

// Numbering is what the routes know of China's numbers.
func (r *Routes) Numbering() *Numbering { return r.numbering }

// Route is the providers for n: the first choice, then its fall-backs; "" when no rule
// fits. It does not allocate.
func (r *Routes) Route(n sms.Number) sms.Route {
	if c := r.numbering.CarrierOf(n); c != NoCarrier || ChineseMobile(n) {
		if to := r.byCarrier[c]; to != "" {
			return to
		}
	}
	if n == 0 || len(r.from) == 0 {
		return ""
	}
	key := uint64(n)
	for key < 1e11 { // the short first: most numbers have 11 to 13 digits
		key *= 10000
	}
	for key < 1e14 {
		key *= 10
	}
	if key >= 1e15 {
		return ""
	}
	lo, hi := 0, len(r.from)
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if r.from[mid] <= key {
			lo = mid
		} else {
			hi = mid
		}
	}
	return r.to[lo]
}
