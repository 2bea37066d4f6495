package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// over are the states of a campaign that nothing is sent for any more.
var over = []string{Finished, Cancelled}

// Retry plans a campaign that sends the message of campaign d.Key once more to those of its
// recipients that have failed: a child, with a key of its own. A recipient that an earlier
// child of the same family was sent to is left out, unless it has failed there too.
// make plans the recipients it is given into the sink; its error is returned as it
// is. The campaign must be over, and so must be all its children and parents:
// ErrNotAllowed. Nothing is left behind by an error.
func (l *Ledger) Retry(ctx context.Context, d Command, make func(parent Campaign, failed campaigns.Earlier, sink campaigns.Sink) (*campaigns.Summary, error)) (Campaign, error) {
	if d.Who == "" || d.Why == "" {
		return Campaign{}, fmt.Errorf("%w: who gives it and why are kept with it", ErrIncomplete)
	}
	if err := d.check(); err != nil {
		return Campaign{}, err
	}
	for {
		if err := l.Sync(ctx); err != nil {
			return Campaign{}, err
		}
		parent, err := l.Campaign(d.Key)
		if err != nil {
			return Campaign{}, err
		}
		if !slices.Contains(over, parent.State) {
			return Campaign{}, fmt.Errorf("%w: %s is %s, and who fails is known when it is over: wait until it is finished, or cancel it", ErrNotAllowed, d.Key, parent.State)
		}
		draft := Draft{
			Key: l.childKey(d.Key), Title: parent.Title, Class: parent.Class, Hash: parent.Hash, Path: parent.Path, Definition: parent.Definition,
			State: Submitted, Who: d.Who, Why: d.Why, RetryOf: d.Key, Due: parent.Due,
		}
		child, err := l.Plan(ctx, draft, func(s campaigns.Sink) (*campaigns.Summary, error) {
			failed, err := l.failed(ctx, parent)
			if err != nil {
				return nil, err
			}
			return make(parent, failed, s)
		})
		if !errors.Is(err, ErrKnown) {
			return child, err
		}
	}
}

// childKey is the first key for a child of a campaign that is not taken.
func (l *Ledger) childKey(parent string) string {
	for n := 1; ; n++ {
		key := fmt.Sprintf("%s-retry-%d", parent, n)
		if _, err := l.Campaign(key); errors.Is(err, ErrNotFound) {
			return key
		}
	}
}

// mayRetry says, when all other plans wait, whether a child may be planned: all of
// its family must be over.
func (s *sink) mayRetry() error {
	if s.draft.RetryOf == "" {
		return nil
	}
	var open string
	err := s.tx.query(s.ctx, `WITH RECURSIVE up(key, parent) AS (
			SELECT key, retry_of FROM campaign WHERE key = $1
			UNION ALL SELECT c.key, c.retry_of FROM campaign c JOIN up ON c.key = up.parent),
		family(key, state) AS (
			SELECT key, state FROM campaign WHERE key = (SELECT key FROM up WHERE parent = '')
			UNION ALL SELECT c.key, c.state FROM campaign c JOIN family f ON c.retry_of = f.key)
		SELECT coalesce(min(key), '') FROM family WHERE state NOT IN ('finished', 'cancelled')`, s.draft.RetryOf).Scan(&open)
	if err != nil {
		return fmt.Errorf("begin plan: %w", err)
	}
	if open != "" {
		return fmt.Errorf("%w: %s, of the same family, is not over: wait until it is finished, or cancel it", ErrNotAllowed, open)
	}
	return nil
}

// ErrNobodyFailed says that a campaign has nobody to be retried.
var ErrNobodyFailed = fmt.Errorf("%w: nobody of it has failed whom no retry has reached since", ErrNotAllowed)

// failed are the recipients of a campaign that have failed, without those that another
// campaign of its family has reached since, as of one instant.
func (l *Ledger) failed(ctx context.Context, parent Campaign) (campaigns.Earlier, error) {
	tx, err := l.db.BeginTx(ctx, readOnly)
	if err != nil {
		return campaigns.Earlier{}, fmt.Errorf("read who failed of %s: %w", parent.Key, err)
	}
	defer tx.Rollback()
	q := l.contents.in(ctx, tx)
	var reached []sms.Number
	for _, key := range l.family(parent.Key) {
		if err := eachIn(ctx, tx, q, key, hasReached, func(p *page) error {
			for i, s := range p.people.state {
				if s == sms.Offered || s == sms.InDoubt || s == sms.Accepted || s == sms.Delivered {
					reached = append(reached, p.numbers[i])
				}
			}
			return nil
		}); err != nil {
			return campaigns.Earlier{}, err
		}
	}
	slices.Sort(reached)
	e := campaigns.Earlier{Columns: parent.Columns}
	err = eachIn(ctx, tx, q, parent.Key, func(p *page) bool { return p.counts[sms.Failed] > 0 }, func(p *page) error {
		lines, fields, err := p.fieldsOf(ctx, q)
		if err != nil {
			return err
		}
		var some campaigns.EarlierBatch
		for i, s := range p.people.state {
			if s != sms.Failed {
				continue
			}
			if _, done := slices.BinarySearch(reached, p.numbers[i]); !done {
				some.Numbers, some.Lines, some.At = append(some.Numbers, p.numbers[i]), append(some.Lines, lines[i]), append(some.At, i)
			}
		}
		if len(some.Numbers) > 0 {
			some.Fields = fields
			e.Batches = append(e.Batches, some)
		}
		return nil
	})
	if err == nil && len(e.Batches) == 0 {
		err = ErrNobodyFailed
	}
	return e, err
}

// hasReached reports whether somebody of a page has the message, or may have it.
func hasReached(p *page) bool {
	c := &p.counts
	return c[sms.Offered]+c[sms.InDoubt]+c[sms.Accepted]+c[sms.Delivered] > 0
}

// family are the keys of all campaigns that are retries of the same one, without key
// itself and those it is a retry of: in these everybody of it has failed for good.
func (l *Ledger) family(key string) []string {
	parents := map[string]string{}
	for _, c := range l.Campaigns() {
		parents[c.Key] = c.RetryOf
	}
	root := func(k string) string {
		for parents[k] != "" {
			k = parents[k]
		}
		return k
	}
	own := map[string]bool{}
	for k := key; k != ""; k = parents[k] {
		own[k] = true
	}
	var all []string
	for k := range parents {
		if !own[k] && root(k) == root(key) {
			all = append(all, k)
		}
	}
	return all
}

// eachIn calls fn for the pages of a campaign that are wanted, recipients present.
func eachIn(ctx context.Context, q querier, contents *contents, key string, wanted func(p *page) bool, fn func(p *page) error) error {
	all, err := readCampaigns(ctx, q, "WHERE key = $1", key)
	if err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	for _, c := range all {
		for _, p := range c.pages {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !wanted(p) {
				continue
			}
			if err := p.loadPeople(ctx, contents); err != nil {
				return fmt.Errorf("read %s: %w", key, err)
			}
			if err := fn(p); err != nil {
				return err
			}
			p.unload()
		}
	}
	return nil
}
