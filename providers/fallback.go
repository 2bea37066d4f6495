package providers

import (
	"fmt"
	"time"

	"tocsin/providers/sms"
)

// DefaultFallback is how long a provider is down before its waiting recipients go to
// the next one of their route, where the route does not say.
const DefaultFallback = 10 * time.Second

// A Fallback says when the recipients of a route that wait for a provider that is
// down go to the next one. Recipients that were offered, or are in doubt, never do.
type Fallback struct {
	// Never: they wait until it is back, or their campaign's time is over.
	Never bool
	// After is how long the provider has to be down.
	After time.Duration
	// For are the classes it holds for, by sms.Class; the others wait.
	For [sms.Classes]bool
}

// Always is what holds where nothing is said: after DefaultFallback, every class.
var Always = Fallback{After: DefaultFallback, For: [sms.Classes]bool{true, true, true}}

// Fallbacks are the policies of the routes.
type Fallbacks map[sms.Route]Fallback

// NewFallbacks gathers what the rules say. Two rules with the same providers share
// what they wait for, so they must not differ.
func NewFallbacks(rules []Rule) (Fallbacks, error) {
	said := Fallbacks{}
	for i, r := range rules {
		route := sms.NewRoute(r.To...)
		f := Always
		if r.Fallback != nil {
			f = *r.Fallback
		}
		if before, ok := said[route]; ok && before != f {
			return nil, fmt.Errorf("%w %d: another rule with the same providers has another fallback", ErrRule, i+1)
		}
		said[route] = f
	}
	return said, nil
}

// Allows reports whether recipients of a class on a route may go to its next provider
// when theirs has been down for so long. disabled: a person has taken it out
// of service, so there is no reason to wait.
func (f Fallbacks) Allows(route sms.Route, class sms.Class, down time.Duration, disabled bool) bool {
	p, ok := f[route]
	if !ok { // planned with routes that are no more
		p = Always
	}
	return !p.Never && class < sms.Classes && p.For[class] && (disabled || down >= p.After)
}
