package ledger

import (
	"context"
	"fmt"
	"time"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// Occur plans an occurrence of a campaign that is sent again and again: a campaign of its
// own, approved as that one is, to all who wait in it. make plans them into the sink; its
// error is returned as it is. ErrKnown: somebody has planned it already.
func (l *Ledger) Occur(ctx context.Context, parent Campaign, key string, due time.Time, make func(all campaigns.Earlier, sink campaigns.Sink) (*campaigns.Summary, error)) (Campaign, error) {
	draft := Draft{
		Key: key, Title: parent.Title, Class: parent.Class, Hash: parent.Hash, Path: parent.Path, Definition: parent.Definition,
		State: Approved, Who: "schedule", Why: "its time has come", OccurrenceOf: parent.Key, Due: due.UnixMilli(),
	}
	return l.Plan(ctx, draft, func(s campaigns.Sink) (*campaigns.Summary, error) {
		all, err := l.waiting(ctx, parent)
		if err != nil {
			return nil, err
		}
		return make(all, s)
	})
}

// waiting are the recipients of a campaign who wait, as of one instant.
func (l *Ledger) waiting(ctx context.Context, parent Campaign) (campaigns.Earlier, error) {
	tx, err := l.db.BeginTx(ctx, readOnly)
	if err != nil {
		return campaigns.Earlier{}, fmt.Errorf("read who waits in %s: %w", parent.Key, err)
	}
	defer tx.Rollback()
	q := l.contents.in(ctx, tx)
	e := campaigns.Earlier{Columns: parent.Columns}
	err = eachIn(ctx, tx, q, parent.Key, func(p *page) bool { return p.counts[sms.Waiting] > 0 }, func(p *page) error {
		lines, fields, err := p.fieldsOf(ctx, q)
		if err != nil {
			return err
		}
		some := campaigns.EarlierBatch{Fields: fields}
		for i, s := range p.people.state {
			if s == sms.Waiting {
				some.Numbers, some.Lines, some.At = append(some.Numbers, p.numbers[i]), append(some.Lines, lines[i]), append(some.At, i)
			}
		}
		e.Batches = append(e.Batches, some)
		return nil
	})
	return e, err
}

// Occurred notes that a time of a campaign has been made, or was missed, and says how it
// stands.
func (l *Ledger) Occurred(id int64, at time.Time, missed bool, note string) error {
	return l.commit(func(c *commit) error {
		k := l.campaignOf(id)
		if k == nil {
			return ErrNotFound
		}
		k.Occurred, k.Note = min(max(at.UnixMilli(), 0), latest), storable(note, maxWhy)
		if missed {
			k.Missed++
		}
		c.must(k, `UPDATE campaign SET occurred = $1, missed = $2, note = $3 WHERE id = $4`, k.Occurred, k.Missed, k.Note, id)
		return nil
	})
}
