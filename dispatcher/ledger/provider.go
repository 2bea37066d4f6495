package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// States of a provider.
const (
	Enabled  = "enabled"
	Draining = "draining" // what is offered is finished, nothing new is
	Disabled = "disabled" // the same, and its pages go to their fall-backs
)

// A Provider is what people have told one of the configured providers.
type Provider struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Rate  int    `json:"rate"` // segments per second; 0: the configured one
	Who   string `json:"by,omitempty"`
	Why   string `json:"reason,omitempty"`
	At    int64  `json:"at,omitempty"` // milliseconds since 1970
}

// test is written down alone: who sent one message through the provider, or is about to.
var providerVerbs = []string{"rate", "enable", "drain", "disable", "reroute", "test"}

// ToProvider reports whether a verb is a command to a provider.
func ToProvider(verb string) bool { return slices.Contains(providerVerbs, verb) }

// maxRate is the highest rate, in segments per second: far above any contract.
const maxRate = 1_000_000

// doProvider carries out a command to a provider. The ledger takes any name: it
// does not know the configuration.
func (l *Ledger) doProvider(ctx context.Context, d Command) (Effect, error) {
	switch {
	case d.Key == "":
		return Effect{}, fmt.Errorf("%w: no provider is named", ErrIncomplete)
	case d.Verb == "rate" && (d.Rate < 1 || d.Rate > maxRate):
		return Effect{}, fmt.Errorf("%w: a rate is 1 to %d segments per second", ErrIncomplete, maxRate)
	}
	switch d.Verb {
	case "reroute":
		return l.doReroute(ctx, d)
	case "test":
		err := l.commit(func(c *commit) error {
			c.note(d.Verb, "", d.Key, d.Who, d.Why)
			return nil
		})
		return Effect{State: l.Provider(d.Key).State}, err
	}
	var e Effect
	err := l.commit(func(c *commit) error {
		p := l.provider(d.Key)
		p.told(d, c.at)
		// Each command changes its own column alone: others may be given at once.
		own := "state = excluded.state"
		if d.Verb == "rate" {
			own = "rate = excluded.rate"
		}
		c.do(`INSERT INTO provider (name, state, rate, who, why, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO UPDATE SET `+
			own+`, who = excluded.who, why = excluded.why, at = excluded.at`, p.Name, p.State, int64(p.Rate), p.Who, p.Why, p.At)
		c.note(d.Verb, "", d.Key, d.Who, d.Why)
		at := c.at
		c.then = append(c.then, func() {
			p := l.provider(d.Key)
			p.told(d, at)
			l.providers[d.Key] = p
		})
		e.State = p.State
		return nil
	})
	return e, err
}

// told takes over what a command says.
func (p *Provider) told(d Command, at int64) {
	switch d.Verb {
	case "rate":
		p.Rate = d.Rate
	case "enable":
		p.State = Enabled
	case "drain":
		p.State = Draining
	case "disable":
		p.State = Disabled
	}
	p.Who, p.Why, p.At = d.Who, d.Why, at
}

// Provider is what people have told a provider: enabled at its configured rate, if
// nothing.
func (l *Ledger) Provider(name string) Provider {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.provider(name)
}

// provider is Provider under l.mu.
func (l *Ledger) provider(name string) Provider {
	if p, ok := l.providers[name]; ok {
		return p
	}
	return Provider{Name: name, State: Enabled}
}

// syncProviders reads what others have told the providers.
func (l *Ledger) syncProviders(ctx context.Context) error {
	all, err := readProviders(ctx, l.db)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.providers = make(map[string]Provider, len(all))
	for _, p := range all {
		l.providers[p.Name] = p
	}
	return nil
}

func readProviders(ctx context.Context, q querier) ([]Provider, error) {
	rows, err := q.QueryContext(ctx, `SELECT name, state, rate, who, why, at FROM provider ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("read the providers: %w", err)
	}
	defer rows.Close()
	var all []Provider
	for rows.Next() {
		var p Provider
		if err := rows.Scan(&p.Name, &p.State, &p.Rate, &p.Who, &p.Why, &p.At); err != nil {
			return nil, fmt.Errorf("read the providers: %w", err)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// Providers are the providers that people have told something, and those named that
// they have not, in order of their names.
func (r *Reader) Providers(ctx context.Context, names []string) ([]Provider, error) {
	all, err := readProviders(ctx, r.db)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(p Provider) bool { return p.Name == name }) {
			all = append(all, Provider{Name: name, State: Enabled})
		}
	}
	slices.SortFunc(all, func(a, b Provider) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}
