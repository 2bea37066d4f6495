package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/klauspost/compress/s2"

	"tocsin/providers/sms"
)

// A Finding is something that is wrong with a ledger.
type Finding struct {
	Campaign string
	Page     int64 // 0: the campaign as a whole
	What     string
}

// Checked says what Check has read, and what it found.
type Checked struct {
	Campaigns, Pages, Recipients int
	Findings                     []Finding
}

// Check reads the whole ledger, as it is at one instant, and holds everything in it
// against everything else: rows against recipients and exclusions, pages' counts
// against their recipients, numbers against their order and their page's range. The
// error says that it could not be read.
func (r *Reader) Check(ctx context.Context) (*Checked, error) {
	tx, err := r.db.BeginTx(ctx, readOnly)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	defer tx.Rollback()
	all, err := readCampaigns(ctx, tx, "")
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	done := &Checked{}
	q := r.contents.in(ctx, tx)
	for _, c := range all {
		done.campaign(c)
		if err := done.exclusions(ctx, tx, c); err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		for _, p := range c.pages {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("check: %w", err)
			}
			done.page(ctx, q, p)
			p.unload()
		}
	}
	return done, nil
}

// checkUnfinished makes the checks of Check of every campaign that something may still
// happen to, before a process works on it.
func (l *Ledger) checkUnfinished(ctx context.Context) error {
	all, err := readCampaigns(ctx, l.db, `WHERE state NOT IN ('finished', 'cancelled')`)
	if err != nil {
		return err
	}
	done := &Checked{}
	for _, c := range all {
		done.campaign(c)
		for _, p := range c.pages {
			if err := ctx.Err(); err != nil {
				return err
			}
			done.page(ctx, &l.contents, p)
			p.unload()
		}
	}
	if n := len(done.Findings); n > 0 {
		f := done.Findings[0]
		return fmt.Errorf("%w: campaign %s page %d: %s (%d things are wrong; tocsin ledger check lists them)", ErrDamaged, f.Campaign, f.Page, f.What, n)
	}
	return nil
}

func (d *Checked) say(p *page, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{p.campaign.Key, p.id, fmt.Sprintf(format, args...)})
}

func (d *Checked) campaign(c *Campaign) {
	d.Campaigns++
	excluded, planned := 0, 0
	for _, n := range c.Excluded {
		excluded += n
	}
	for _, p := range c.pages {
		planned += p.size
	}
	if c.Rows != c.Planned+excluded || c.Planned != planned {
		d.Findings = append(d.Findings, Finding{Campaign: c.Key, What: fmt.Sprintf(
			"%d rows, %d planned, %d excluded, %d in pages: they do not add up", c.Rows, c.Planned, excluded, planned)})
	}
}

// exclusions holds the rows that are no recipients against their checksums.
func (d *Checked) exclusions(ctx context.Context, q querier, c *Campaign) error {
	rows, err := q.QueryContext(ctx, `SELECT chunk, data FROM exclusion WHERE campaign = $1 ORDER BY chunk`, c.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var chunk int64
		var data sql.RawBytes
		if err := rows.Scan(&chunk, &data); err != nil {
			return err
		}
		packed, err := seal{sealExclusion, c.ID, chunk}.open(data)
		if err == nil {
			_, err = s2.Decode(nil, packed)
		}
		if err != nil {
			d.Findings = append(d.Findings, Finding{Campaign: c.Key, What: fmt.Sprintf("its exclusions cannot be read: %v", err)})
		}
	}
	return rows.Err()
}

func (d *Checked) page(ctx context.Context, q *contents, p *page) {
	d.Pages++
	d.Recipients += p.size
	counts := p.counts
	if err := p.loadPeople(ctx, q); err != nil {
		d.say(p, "it cannot be read: %v", err)
		return
	}
	if p.counts != counts {
		d.say(p, "its row counts %+v, its recipients are %+v", recipientsOf(counts), recipientsOf(p.counts))
	}
	if p.numbers[0] != p.lowest || p.numbers[p.size-1] != p.highest {
		d.say(p, "its numbers are not in its range")
	}
	if _, _, err := p.fieldsOf(ctx, q); err != nil {
		d.say(p, "its fields cannot be read: %v", err)
	}
	optedOut := 0
	for i, s := range p.people.state {
		if s == sms.Cancelled && p.people.reason[i] == sms.OptedOut {
			optedOut++
		}
	}
	if optedOut != p.optedOut {
		d.say(p, "its row counts %d who opted out, of its recipients %d have", p.optedOut, optedOut)
	}
	for i, s := range p.people.state {
		// Single segments may have: what of a long text is in doubt is sent again alone.
		if all := uint16(1)<<max(p.people.parts[i], 1) - 1; s == sms.Waiting && p.people.arrived[i]&all == all {
			d.say(p, "somebody waits whose message has arrived")
			return
		}
	}
}
