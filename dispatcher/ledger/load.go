package ledger

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

const pageColumns = `id, campaign, series, sequence, route, provider, lowest, highest, size, planned_segments, epoch, owner, version, folded,
	waiting, offered, in_doubt, accepted, delivered, failed, expired, cancelled, resent, segments, next, opted_out`

func scanPage(r row) (*page, int64, error) {
	p := &page{}
	c := &p.counts
	var campaign, lowest, highest int64
	err := r.Scan(&p.id, &campaign, &p.series, &p.sequence, &p.route, &p.provider, &lowest, &highest, &p.size,
		&p.plannedSegments, &p.epoch, &p.owner, &p.version, &p.folded, &c[sms.Waiting], &c[sms.Offered], &c[sms.InDoubt], &c[sms.Accepted],
		&c[sms.Delivered], &c[sms.Failed], &c[sms.Expired], &c[sms.Cancelled], &p.resent, &p.segments, &p.next, &p.optedOut)
	p.lowest, p.highest = sms.Number(lowest), sms.Number(highest)
	return p, campaign, err
}

// querier is a database or a connection to it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readCampaigns reads all campaigns and the rows of their pages.
func readCampaigns(ctx context.Context, q querier, where string, args ...any) ([]*Campaign, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+campaignColumns+` FROM campaign `+where+` ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*Campaign
	for rows.Next() {
		c, err := scanCampaign(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, c := range all {
		pages, err := readPages(ctx, q, c)
		if err != nil {
			return nil, err
		}
		c.index(pages)
	}
	return all, nil
}

func readPages(ctx context.Context, q querier, c *Campaign) ([]*page, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+pageColumns+` FROM page WHERE campaign = $1 ORDER BY sequence`, c.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var pages []*page
	for rows.Next() {
		p, _, err := scanPage(rows)
		if err != nil {
			return nil, err
		}
		p.campaign = c
		pages = append(pages, p)
	}
	return pages, rows.Err()
}

// loadPeople reads a page's recipients: as they were when it was last folded, and
// what the journal says has happened since. Its counts become what they say.
func (p *page) loadPeople(ctx context.Context, q *contents) error {
	var raw sql.RawBytes
	if err := scanRaw(ctx, q.numbers, p.id, func() error { return p.takeNumbers(0, raw) }, &raw); err != nil {
		return fmt.Errorf("read numbers of page %d: %w", p.id, err)
	}
	if p.folded == 0 {
		p.fresh()
	} else if err := scanRaw(ctx, q.status, p.id, func() error { return p.takeStatus(0, raw) }, &raw); err != nil {
		return fmt.Errorf("read status of page %d: %w", p.id, err)
	}
	if p.version == p.folded {
		return nil
	}
	// resent and segments are totals of the row, and replay must not add to them again.
	resent, segments := p.resent, p.segments
	defer func() { p.resent, p.segments = resent, segments }()
	var version int64
	err := scanRaw(ctx, q.journal, p.id, func() error { return p.takeJournal(version, raw) }, &raw, &version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read journal of page %d: %w", p.id, err)
	}
	return nil
}

// takeNumbers, takeStatus and takeJournal take what a row of content, status or journal
// holds, which is of a version in the journal alone.
func (p *page) takeNumbers(_ int64, data []byte) error {
	numbers, err := seal{kind: sealNumbers, row: p.id}.open(data)
	if err == nil {
		p.numbers, err = decodeNumbers(numbers, p.size)
	}
	return err
}

func (p *page) takeStatus(_ int64, data []byte) error {
	status, err := seal{kind: sealStatus, row: p.id}.open(data)
	if err == nil {
		err = p.decode(status)
	}
	return err
}

func (p *page) takeJournal(version int64, data []byte) error {
	records, err := seal{sealJournal, p.id, version}.open(data)
	if err == nil {
		err = p.replay(records)
	}
	return err
}

// scanRaw reads the columns of each row into columns, raw octets without a copy, and
// calls use while they are valid. No row is sql.ErrNoRows.
func scanRaw(ctx context.Context, stmt *sql.Stmt, page int64, use func() error, columns ...any) error {
	rows, err := stmt.QueryContext(ctx, page)
	if err != nil {
		return err
	}
	defer rows.Close()
	found := false
	for rows.Next() {
		found = true
		if err := rows.Scan(columns...); err != nil {
			return err
		}
		if err := use(); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil || found {
		return err
	}
	return sql.ErrNoRows
}

// errTorn says that a page's row and its recipients, read in one instant, differ.
var errTorn = errors.New("its row and its recipients differ")

// load makes a page's recipients present. If other processes work on the ledger too, the
// page's row is read again in the same instant: what the caller knew of the row may be
// over afterwards. Under l.mu.
func (l *Ledger) load(p *page) error {
	if p.numbers != nil {
		return nil
	}
	l.loaded++
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	if l.shared {
		return l.readAnew(ctx, []*page{p})
	}
	counts := p.counts
	if err := p.loadPeople(ctx, &l.contents); err != nil {
		p.unload()
		return err
	}
	if p.counts != counts {
		p.unload()
		p.counts = counts
		return fmt.Errorf("page %d does not balance: %w", p.id, errTorn)
	}
	return nil
}

// unloadIdle lets go of the recipients of every page that no worker has and that
// is folded; they are read again when a receipt asks for them. Under l.mu.
func (l *Ledger) unloadIdle() {
	for _, p := range l.pages {
		if _, open := l.unfolded[p]; !open && p.owner == "" {
			p.unload()
		}
	}
}

// fieldsOf reads a page's line numbers and fields.
func (p *page) fieldsOf(ctx context.Context, q *contents) ([]uint32, *campaigns.Fields, error) {
	var packed sql.RawBytes
	var raw []byte
	if err := scanRaw(ctx, q.fields, p.id, func() error {
		content, err := seal{kind: sealFields, row: p.id}.open(packed)
		if err == nil {
			raw, err = s2.Decode(nil, content)
		}
		return err
	}, &packed); err != nil {
		return nil, nil, fmt.Errorf("read fields of page %d: %w", p.id, err)
	}
	lines := make([]uint32, p.size)
	for i := range lines {
		v, n := binary.Uvarint(raw)
		if n <= 0 {
			return nil, nil, fmt.Errorf("read fields of page %d: %w", p.id, errImage)
		}
		lines[i], raw = uint32(v), raw[n:]
	}
	fields, err := campaigns.ParseFields(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read fields of page %d: %w", p.id, err)
	}
	return lines, fields, nil
}
