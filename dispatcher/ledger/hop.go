package ledger

import (
	"context"

	"tocsin/providers/sms"
)

// A Hop is what went from one provider to a fall-back in a campaign.
type Hop struct {
	From       string `json:"from"`
	To         string `json:"to"`
	Recipients int    `json:"recipients"` // that waited, and went over
	Stayed     int    `json:"stayed"`     // of the same pages: those that were sent through From before
}

// hop writes down that the waiting recipients of a page go over to another provider.
func (c *commit) hop(p *page, next string) {
	waiting := p.counts[sms.Waiting]
	c.do(`INSERT INTO hop (page, epoch, provider, fallback, moved, stayed, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		p.id, p.epoch, p.provider, next, int64(waiting), int64(p.size-waiting-p.counts[sms.Expired]-p.counts[sms.Cancelled]), c.at)
}

// readHops are a campaign's moves, summed up.
func readHops(ctx context.Context, q querier, key string) ([]Hop, error) {
	rows, err := q.QueryContext(ctx, `SELECT h.provider, h.fallback, sum(h.moved), sum(h.stayed) FROM hop h JOIN page p ON p.id = h.page
		WHERE p.campaign = (SELECT id FROM campaign WHERE key = $1) GROUP BY h.provider, h.fallback ORDER BY h.provider, h.fallback`, key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Hop
	for rows.Next() {
		var m Hop
		if err := rows.Scan(&m.From, &m.To, &m.Recipients, &m.Stayed); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, rows.Err()
}
