package main

import (
	"fmt"
	"strings"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/web"
	"tocsin/providers"
	"tocsin/providers/sms"
)

// routerFor is the configuration's routes, or the campaign's own when it has any, with
// what the files of numbers say now: a plan has them from its start to its end.
func routerFor(c *configs.Config, d *campaigns.Definition) (*providers.Routes, error) {
	own := *c
	if len(d.Routes) > 0 {
		own.Routes = ownRoutes(d)
		for i, r := range own.Routes {
			if _, ok := providers.ParseRuleCarrier(r.Carrier); r.Carrier != "" && !ok {
				return nil, d.RefuseRoute(i, "carrier", fmt.Errorf("carrier %q is not known: there are %s, %s, %s and %s, and %s for Chinese numbers that nobody is known to serve", r.Carrier,
					providers.ChinaMobile, providers.ChinaUnicom, providers.ChinaTelecom, providers.ChinaBroadnet, providers.UnknownCarrier))
			}
			for _, name := range r.To {
				if !hasProvider(c, name) {
					return nil, d.RefuseRoute(i, "to", unknownProvider(name, c))
				}
			}
		}
	}
	router, err := configs.Routes(&own)
	if err != nil && len(d.Routes) > 0 {
		return nil, &campaigns.Refusal{File: d.Path, Err: err}
	}
	return router, err
}

// planOptions are what every plan by a configuration has.
func planOptions(c *configs.Config, router *providers.Routes, suppressed func(sms.Number) bool) campaigns.PlanOptions {
	o := campaigns.PlanOptions{Router: router, Alphabet: c.Alphabets(), Signed: c.Signed(), Suppressed: suppressed, Country: c.Country}
	o.Scratch, o.Room = web.SpoolFolder(c.Data, c.Spool.Folder), roomOf(c).Check
	return o
}

// roomOf is how much room there is beside the ledger of a configuration.
func roomOf(c *configs.Config) *web.Room {
	reserve, ok := c.Spool.KeepFree()
	if !ok {
		reserve = -1
	}
	return &web.Room{Ledger: c.Data, Reserve: reserve}
}

// ownRoutes are a campaign's own.
func ownRoutes(d *campaigns.Definition) []configs.RouteConfig {
	own := make([]configs.RouteConfig, len(d.Routes))
	for i, r := range d.Routes {
		own[i] = configs.RouteConfig{Carrier: r.Carrier, Prefix: r.Prefix, To: r.To}
	}
	return own
}

func hasProvider(c *configs.Config, name string) bool {
	for _, p := range c.Providers {
		if p.Name == name {
			return true
		}
	}
	return false
}

type unknownProviderError struct{ name, known string }

func unknownProvider(name string, c *configs.Config) error {
	return &unknownProviderError{name, strings.Join(providerNames(c), ", ")}
}

func (e *unknownProviderError) Error() string {
	return "routes name the provider " + e.name + ", which is not configured (configured: " + e.known + ")"
}

var _ campaigns.Router = (*providers.Routes)(nil)
