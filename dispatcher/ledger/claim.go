package ledger

import (
	"context"
	"errors"
	"time"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// A Task names a page that has waiting recipients and no worker.
type Task struct {
	Page, Epoch int64
	Campaign    int64
	Class       sms.Class
	Provider    string
	Waiting     int
}

// Ready are up to limit pages of one provider and class that wait for a worker,
// in order of campaign and sequence. Only running campaigns have any, and only for a
// provider that is enabled.
func (l *Ledger) Ready(provider string, class sms.Class, limit int) []Task {
	l.mu.Lock()
	defer l.mu.Unlock()
	var tasks []Task
	if l.provider(provider).State != Enabled {
		return nil
	}
	for _, c := range l.campaigns {
		if c.State != Running || c.Class != class {
			continue
		}
		for _, p := range c.pages {
			if len(tasks) == limit {
				return tasks
			}
			if p.provider == provider && p.open() {
				tasks = append(tasks, Task{p.id, p.epoch, c.ID, class, provider, p.counts[sms.Waiting]})
			}
		}
	}
	return tasks
}

// ErrOptedOut says that a recipient that was to be offered has opted out meanwhile.
var ErrOptedOut = errors.New("somebody among them has opted out")

// A Claim is one worker's hold on one page, for one epoch.
type Claim struct {
	Page, Epoch int64
	Provider    string
	Campaign    Campaign
	Numbers     []sms.Number      // all recipients of the page
	Fields      *campaigns.Fields // nil until Read
	Waiting     []uint16          // indexes of those to be offered
	Done        []uint16          // by recipient: segments the carrier has already

	turn int64 // of the list of people who have opted out, when the page was last compared with it
}

// ErrTaken says that a page is not to be had: it is claimed, its epoch has moved
// on, nothing waits on it, its campaign does not run, or its provider is not enabled.
var ErrTaken = errors.New("this page is not to be had")

// Claim takes a page for this process if it is still as the task said; it
// returns ErrTaken otherwise.
func (l *Ledger) Claim(ctx context.Context, id, epoch int64) (*Claim, error) {
	var k *Claim
	if err := l.meet(ctx, id, epoch); err != nil {
		return nil, err
	}
	err := l.commit(func(c *commit) error {
		p := l.pages[id]
		if !l.free(p, epoch) {
			return ErrTaken
		}
		if err := l.load(p); err != nil {
			return err
		}
		if !l.free(p, epoch) {
			return ErrTaken // by another process, which the row told that load has read
		}
		c.claim(p, l.owner)
		l.prevent(c, p)
		k = &Claim{turn: l.unwanted.turn, Page: id, Epoch: p.epoch, Provider: p.provider, Campaign: *p.campaign, Numbers: p.numbers}
		for i, s := range p.people.state {
			if s == sms.Waiting {
				k.Waiting = append(k.Waiting, uint16(i))
			}
		}
		k.Done = append(k.Done, p.people.done...)
		return nil
	})
	return k, err
}

// free reports whether a page can be claimed in this epoch. Under l.mu.
func (l *Ledger) free(p *page, epoch int64) bool {
	return p != nil && p.epoch == epoch && p.open() && p.campaign.State == Running && l.provider(p.provider).State == Enabled
}

// Read brings the fields of a claim's recipients, for texts that are written from them.
func (l *Ledger) Read(ctx context.Context, k *Claim) (err error) {
	_, k.Fields, err = (&page{id: k.Page, size: len(k.Numbers)}).fieldsOf(ctx, &l.contents)
	return err
}

// meet looks what others have written when a task speaks of what is not known here yet.
func (l *Ledger) meet(ctx context.Context, id, epoch int64) error {
	if !l.shared {
		return nil
	}
	l.mu.Lock()
	p := l.pages[id]
	known := p != nil && p.epoch >= epoch // a task of an epoch that is over needs no look
	l.mu.Unlock()
	if known {
		return nil
	}
	return l.Sync(ctx)
}

// held is the page of a claim whose epoch is not over, its recipients present.
// Under l.mu.
func (l *Ledger) held(k *Claim) (*page, error) {
	p := l.pages[k.Page]
	if !l.holds(k, p) {
		return nil, ErrStale
	}
	if err := l.load(p); err != nil {
		return nil, err
	}
	if !l.holds(k, p) {
		return nil, ErrStale // load has read a newer row
	}
	return p, nil
}

// holds reports whether a claim on page p still holds. Under l.mu.
func (l *Ledger) holds(k *Claim, p *page) bool {
	return p != nil && p.epoch == k.Epoch && p.owner == l.owner
}

// Offer puts the intent to send to some waiting recipients on disk; indexes
// ascend, and parts says of how many segments each one's text is. Bytes may
// leave only after it returned nil. ErrStale: the claim is over, ErrTaken: the
// campaign does not run any more, the provider is not enabled, or the waiting recipients
// go to another one; nothing may be sent. ErrOptedOut: some of them have opted out and
// are cancelled; Waits returns those that still may be offered.
func (l *Ledger) Offer(k *Claim, indexes []uint16, parts []uint8) error {
	if len(indexes) == 0 {
		return nil
	}
	spared := false
	err := l.commit(func(c *commit) error {
		p, err := l.held(k)
		if err != nil {
			return err
		}
		spared = false
		if p.campaign.State != Running || p.next != "" || l.provider(p.provider).State != Enabled {
			return ErrTaken
		}
		if k.turn != l.unwanted.turn {
			if l.prevent(c, p) > 0 {
				spared = true
				return nil
			}
			k.turn = l.unwanted.turn
		}
		if err := p.checkOffer(indexes, parts); err != nil {
			return err
		}
		for _, i := range indexes {
			if p.people.state[i] != sms.Waiting {
				if p.people.reason[i] == sms.OptedOut {
					spared = true // another chunk of the page has found it
					return nil
				}
				return ErrStale
			}
		}
		c.offer(p, indexes, parts)
		return nil
	})
	if err == nil && spared {
		return ErrOptedOut
	}
	if err == nil && l.silent() { // the process was stopped meanwhile
		l.fail(errSilent)
		return l.Err()
	}
	return err
}

// Settle puts the carrier's answers on disk: acks[i] is for recipient
// indexes[i]. It may be said once for each offer. It goes on until they are there, the
// claim is over (ErrStale), or the ledger is broken.
func (l *Ledger) Settle(k *Claim, indexes []uint16, acks []sms.Ack) error {
	if len(indexes) == 0 {
		return nil
	}
	return l.insist(func(c *commit) error {
		p, err := l.held(k)
		if err != nil {
			return err
		}
		if err := p.checkAnswer(indexes, acks); err != nil {
			return err
		}
		c.answer(p, indexes, acks)
		return nil
	})
}

// Release gives the page back. What is still offered on it is in doubt. Like Settle it
// goes on until that is on disk.
func (l *Ledger) Release(k *Claim) error {
	return l.insist(func(c *commit) error {
		p, err := l.held(k)
		if err != nil {
			return err
		}
		if p.counts[sms.Offered] > 0 {
			c.shift(p, sms.Offered, sms.InDoubt, nil)
		}
		c.release(p)
		return nil
	})
}

// How often insist asks again, and for how long in all.
const (
	insistEvery = 50 * time.Millisecond
	insistFor   = silentFor
)

// insist commits what cannot be learnt again later: what the carrier has answered, and that
// a page is free. A page that cannot be read just now is read again; one that cannot be
// read for long breaks the ledger, so that other processes, or the next start, take it.
func (l *Ledger) insist(fn func(c *commit) error) error {
	for began := time.Now(); ; l.nap(insistEvery) {
		err := l.commit(fn)
		if err == nil || errors.Is(err, ErrStale) || errors.Is(err, ErrRefused) || l.Err() != nil {
			return err
		}
		if time.Since(began) >= insistFor {
			l.fail(err)
			return l.Err()
		}
	}
}

// Reroute gives the waiting recipients of provider from's unclaimed pages to the next
// provider of their route that usable says can send, if allowed says that the route's
// policy lets this class go; neither may ask the ledger. Whoever was offered, or is in
// doubt, stays with the provider that has them, though on the same page. It reports how
// many pages and recipients moved.
func (l *Ledger) Reroute(from string, allowed func(route sms.Route, class sms.Class) bool, usable func(provider string) bool) (pages, people int, err error) {
	err = l.commit(func(c *commit) error {
		pages, people = 0, 0
		for _, k := range l.campaigns {
			if k.State != Running {
				continue
			}
			for _, p := range k.pages {
				if p.provider != from || !p.open() || !allowed(p.route, k.Class) {
					continue
				}
				if next := p.route.Next(from, usable); next != "" {
					if err := l.load(p); err != nil {
						return err
					}
					if p.provider != from || !p.open() {
						continue // another process has taken it
					}
					pages++
					people += p.counts[sms.Waiting]
					c.give(p, next)
				}
			}
		}
		return nil
	})
	return pages, people, err
}
