package ledger

import (
	"context"
	"fmt"
	"slices"

	"tocsin/providers/sms"
)

// doReroute carries out a command to give recipients that wait for a provider to another
// one, or to the fall-backs of the routes. Recipients that are offered or in doubt stay
// where they are. The rest of a page at work goes when the worker gives it back, which it
// does before it offers more.
func (l *Ledger) doReroute(ctx context.Context, d Command) (Effect, error) {
	if d.To == d.Key {
		return Effect{}, fmt.Errorf("%w: it is to go from %s to another provider", ErrIncomplete, d.Key)
	}
	if d.To != "" && !sms.MayBeOnRoute(d.To) {
		return Effect{}, fmt.Errorf("%w: %q", ErrNoProvider, d.To)
	}
	if err := l.Sync(ctx); err != nil {
		return Effect{}, err
	}
	var e Effect
	err := l.commit(func(c *commit) (err error) {
		e, err = l.rerouteAll(c, d)
		return err
	})
	return e, err
}

// rerouteAll is doReroute in a transaction.
func (l *Ledger) rerouteAll(c *commit, d Command) (Effect, error) {
	e := Effect{State: l.provider(d.Key).State}
	usable := func(name string) bool {
		return l.provider(name).State == Enabled && (d.Among == nil || slices.Contains(d.Among, name))
	}
	if d.To != "" && d.Among != nil && !slices.Contains(d.Among, d.To) {
		return e, fmt.Errorf("%w: %s", ErrNoProvider, d.To)
	}
	if d.To != "" && !usable(d.To) {
		return e, fmt.Errorf("%w: %s is %s, and only one that is enabled is given anything", ErrNotAllowed, d.To, l.provider(d.To).State)
	}
	pages, err := l.waitingFor(d)
	if err != nil {
		return e, err
	}
	if len(pages) == 0 && d.Among != nil && !slices.Contains(d.Among, d.Key) {
		return e, fmt.Errorf("%w: %s, and nobody waits for it", ErrNoProvider, d.Key)
	}
	for _, p := range pages {
		to := d.To
		if to == "" {
			to = p.route.Next(d.Key, usable)
		}
		switch n := p.counts[sms.Waiting]; {
		case to == "":
			e.Stay += n
		case p.owner != "":
			c.sendOn(p, to)
			e.Later += n
		default:
			c.give(p, to)
			e.Moved += n
		}
	}
	if e.Stay > 0 && e.Moved+e.Later == 0 {
		return e, fmt.Errorf("%w: no route of the %d who wait for %s has another provider that is enabled: name one", ErrNotAllowed, e.Stay, d.Key)
	}
	c.note("reroute", d.Campaign, d.Key, d.Who, d.Why)
	return e, nil
}

// waitingFor are the pages, loaded, with recipients that wait for a command's provider in
// its campaign, or in all campaigns that are not over.
func (l *Ledger) waitingFor(d Command) ([]*page, error) {
	known := false
	var pages []*page
	for _, k := range l.campaigns {
		over := k.State == Finished || k.State == Cancelled
		if d.Campaign == k.Key {
			known = true
			if over {
				return nil, fmt.Errorf("%w: %s is %s, and nobody waits in it", ErrNotAllowed, k.Key, k.State)
			}
		}
		if over || d.Campaign != "" && d.Campaign != k.Key {
			continue
		}
		for _, p := range k.pages { // all are read before one is changed
			if p.provider != d.Key || p.counts[sms.Waiting] == 0 {
				continue
			}
			if p.owner == "" {
				if err := l.load(p); err != nil {
					return nil, err
				}
			}
			if p.provider == d.Key && p.counts[sms.Waiting] > 0 { // reading it may have changed it
				pages = append(pages, p)
			}
		}
	}
	if d.Campaign != "" && !known {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, d.Campaign)
	}
	return pages, nil
}
