package configs

import (
	"fmt"
	"slices"

	"tocsin/providers"
	"tocsin/providers/sms"
)

func validateRoutes(c *Config, d *document) (all []error) {
	if len(c.Providers) > 0 && len(c.Routes) == 0 {
		return []error{d.at("$.providers", "there are providers and no routes, so no number would go anywhere: write routes, for example\n"+
			"routes:\n  - {prefix: \"86\", to: [%s]}", c.Providers[0].Name)}
	}
	seen := map[string]int{} // numbers a route is for: its index
	for i := range c.Routes {
		if err := validateRoute(c, i, seen, d); err != nil {
			all = append(all, err)
		}
	}
	return all
}

// validateRoute looks at one route; seen are the numbers of those before it.
func validateRoute(c *Config, i int, seen map[string]int, d *document) error {
	r, path := &c.Routes[i], fmt.Sprintf("$.routes[%d]", i)
	switch {
	case (r.Carrier == "") == (r.Prefix == ""):
		return d.at(path, "route %d must have either carrier or prefix: it says which numbers take it", i+1)
	case r.Carrier != "" && !isCarrier(r.Carrier):
		return d.at(path+".carrier", "carrier %q is not known: there are %s, %s, %s and %s, and %s for Chinese numbers that nobody is known to serve", r.Carrier,
			providers.ChinaMobile, providers.ChinaUnicom, providers.ChinaTelecom, providers.ChinaBroadnet, providers.UnknownCarrier)
	case r.Prefix != "" && !prefixForm.MatchString(r.Prefix):
		return d.at(path+".prefix", "prefix %q will not do: digits after the plus sign, country code first, for example \"86\", or \"*\" for every number", r.Prefix)
	case len(r.To) == 0:
		return d.at(path, "route %d leads nowhere: write to: [NAME], the first provider that is up is taken", i+1)
	}
	numbers := r.Prefix
	if r.Prefix == "" { // a carrier has a name in each language
		c, _ := providers.ParseRuleCarrier(r.Carrier)
		numbers = "carrier " + c.String()
	}
	if j, twice := seen[numbers]; twice {
		return d.at(path, "route %d is for the same numbers as route %d: join their providers in one list", i+1, j+1)
	}
	seen[numbers] = i
	for j, name := range r.To {
		step := fmt.Sprintf("%s.to[%d]", path, j)
		if err := c.known(name, step, d); err != nil {
			return err
		}
		if slices.Contains(r.To[:j], name) {
			return d.at(step, "provider %s stands twice in this route: remove one", name)
		}
	}
	if err := validateFallback(c, i, d); err != nil {
		return err
	}
	return nil
}

// validateFallback looks at the fallback of route i, and at those before it with the
// same providers: their recipients wait together.
func validateFallback(c *Config, i int, d *document) error {
	r := &c.Routes[i]
	path := fmt.Sprintf("$.routes[%d].fallback", i)
	if f := r.Fallback; f != nil {
		for j, name := range f.For {
			if f.After < 0 && len(f.For) == 1 && !d.has(path+".after") {
				return d.at(path, "fallback %q of route %d is not known: write never, or for example {after: 10s, for: [urgent, emergency]}", name, i+1)
			}
			if _, ok := sms.ParseClass(name); !ok {
				return d.at(fmt.Sprintf("%s.for[%d]", path, j), "%q in the fallback of route %d is not a class: there are routine, urgent and emergency", name, i+1)
			}
			if slices.Contains(f.For[:j], name) {
				return d.at(fmt.Sprintf("%s.for[%d]", path, j), "%s stands twice in the fallback of route %d: remove one", name, i+1)
			}
		}
		switch {
		case !f.Never && (f.After < 0 || f.After > maxFallback):
			return d.at(path+".after", "after in the fallback of route %d is %v: it must be 0s to %v", i+1, f.After, maxFallback)
		case d.has(path+".for") && len(f.For) == 0:
			return d.at(path+".for", "for in the fallback of route %d is empty: name classes, or write fallback: never", i+1)
		case !f.Never && len(r.To) < 2:
			return d.at(path, "route %d has a fallback and one provider: write a second one into to, or remove fallback", i+1)
		}
	}
	for j := range c.Routes[:i] {
		if slices.Equal(c.Routes[j].To, r.To) && *orAlways(c.Routes[j].Fallback.policy()) != *orAlways(r.Fallback.policy()) {
			return d.at(path, "route %d has the same providers as route %d and another fallback: who waits for them waits together, so write the same in both", i+1, j+1)
		}
	}
	return nil
}

func orAlways(f *providers.Fallback) *providers.Fallback {
	if f == nil {
		return &providers.Always
	}
	return f
}

func isCarrier(name string) bool {
	_, ok := providers.ParseRuleCarrier(name)
	return ok
}
