package ledger

import (
	"context"

	"tocsin/providers/sms"
)

// attribute counts the recipients of pages that have moved by the provider each was
// offered through: a page's row counts all by the one it is with now.
func (r *Report) attribute(ctx context.Context, q querier, contents *contents) error {
	moved, err := movedPages(ctx, q, r.id)
	if err != nil {
		return err
	}
	for _, p := range moved {
		if err := p.loadPeople(ctx, contents); err != nil {
			return err
		}
		for place, n := range p.elsewhere() {
			r.shift(p.provider, p.named(place), n)
		}
		p.unload()
	}
	return nil
}

// movedPages are the pages of a campaign that have moved to another provider.
func movedPages(ctx context.Context, q querier, campaign int64) (moved []*page, err error) {
	rows, err := q.QueryContext(ctx, `SELECT `+pageColumns+` FROM page WHERE campaign = $1 AND id IN (SELECT page FROM hop)`, campaign)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		p, _, err := scanPage(rows)
		if err != nil {
			return nil, err
		}
		moved = append(moved, p)
	}
	return moved, rows.Err()
}

// elsewhere counts the recipients that were offered through another provider than the
// page's, by state, under that provider's place in the route.
func (p *page) elsewhere() map[int]*[sms.States]int {
	all := map[int]*[sms.States]int{}
	for i, state := range p.people.state {
		place := p.place(i)
		if place == 0 {
			continue
		}
		if all[place] == nil {
			all[place] = new([sms.States]int)
		}
		all[place][state]++
	}
	return all
}

// shift counts recipients by another provider.
func (r *Report) shift(from, to string, n *[sms.States]int) {
	left, came := r.Providers[from].states(), r.Providers[to].states()
	for s := range n {
		left[s] -= n[s]
		came[s] += n[s]
	}
	r.Providers[from], r.Providers[to] = recipientsOf(left), recipientsOf(came)
}
