package ledger

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/klauspost/compress/s2"

	"tocsin/campaigns"
	"tocsin/dispatcher/fault"
	"tocsin/providers/sms"
)

// A Draft is what Plan needs to know of a campaign before it is planned.
type Draft struct {
	Key, Title       string
	Class            sms.Class
	Hash             string
	Path, Definition string
	State            string // Submitted, or Approved when empty
	Who, Why         string // who submits it; it is written down when there is a Who
	Approver         string // who lets it be sent as it is planned; it is kept with an override
	RetryOf          string // the campaign whose failed recipients it is for; "": none
	OccurrenceOf     string // the campaign that it is an occurrence of; "": none
	Due              int64  // when an occurrence starts, milliseconds since 1970; 0: it is none
}

// ErrKnown says that a campaign with this key has been planned, perhaps by another
// process a moment ago.
var ErrKnown = errors.New("the campaign is planned already")

// Plan stores a campaign and its pages in one transaction: whole or not at all.
// make does the planning and gives its batches to the sink; an error of make
// leaves nothing behind and is returned as it is. ErrKnown: there is one with its
// key. Sending by this process waits while the pages are written to a file.
func (l *Ledger) Plan(ctx context.Context, d Draft, make func(sink campaigns.Sink) (*campaigns.Summary, error)) (Campaign, error) {
	if err := d.check(); err != nil {
		return Campaign{}, err
	}
	s := &sink{l: l, ctx: ctx, draft: d, campaign: &Campaign{
		Key: d.Key, Title: d.Title, Class: d.Class, State: cmp.Or(d.State, Approved), Hash: d.Hash, Path: d.Path, Definition: d.Definition,
		Created: fault.Now().UnixMilli(), RetryOf: d.RetryOf, OccurrenceOf: d.OccurrenceOf, Due: d.Due,
	}}
	defer s.rollback()
	summary, err := make(s)
	if err != nil {
		return Campaign{}, err
	}
	if err := s.begin(); err != nil {
		return Campaign{}, err
	}
	if err := s.finish(summary); err != nil {
		return Campaign{}, fmt.Errorf("store plan of %s: %w", d.Key, err)
	}
	return l.Campaign(d.Key) // a copy under the lock: it may be running already
}

// A sink writes a plan's batches. It holds the ledger from the first batch on.
type sink struct {
	l        *Ledger
	ctx      context.Context
	tx       planner // nil: not begun, or over
	draft    Draft
	campaign *Campaign
	pages    []*page
	nextPage int64
	chunks   int
	scratch  []byte
	packed   []byte
}

// begin opens the transaction; other plans wait until it is over.
func (s *sink) begin() error {
	if s.tx != nil {
		return nil
	}
	tx, err := s.l.store.plan(s.ctx)
	if err != nil {
		return fmt.Errorf("begin plan: %w", err)
	}
	s.tx = tx
	var id, page, known int64
	if err := tx.query(s.ctx, `SELECT coalesce((SELECT max(id) FROM campaign), 0), coalesce((SELECT max(id) FROM page), 0),
		(SELECT count(*) FROM campaign WHERE key = $1)`, s.campaign.Key).Scan(&id, &page, &known); err != nil {
		return fmt.Errorf("begin plan: %w", err)
	}
	if known > 0 {
		return fmt.Errorf("%w: %s", ErrKnown, s.campaign.Key)
	}
	if err := s.mayRetry(); err != nil {
		return err
	}
	s.campaign.ID, s.nextPage = id+1, page+1
	return nil
}

// AddBatch stores one batch as a page. It keeps nothing of b.
func (s *sink) AddBatch(b *campaigns.Batch) error {
	if err := checkBatch(b); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	provider, _, _ := strings.Cut(b.Route, ",")
	p := &page{
		id: s.nextPage, campaign: s.campaign, series: b.Series, sequence: b.Sequence, route: b.Route, provider: provider,
		lowest: b.Numbers[0], highest: b.Numbers[len(b.Numbers)-1], size: len(b.Numbers), plannedSegments: b.Segments,
	}
	p.counts[sms.Waiting] = p.size
	s.nextPage++
	s.scratch = encodeNumbers(s.scratch[:0], b.Numbers)
	numbers := len(s.scratch)
	for _, line := range b.Lines {
		s.scratch = binary.AppendUvarint(s.scratch, uint64(line))
	}
	s.scratch = b.Fields.AppendBinary(s.scratch)
	s.packed = s2.Encode(s.packed[:cap(s.packed)], s.scratch[numbers:])
	if err := s.tx.addPage(s.ctx, p, s.scratch[:numbers], s.packed); err != nil {
		return fmt.Errorf("store page: %w", err)
	}
	s.pages = append(s.pages, p)
	return nil
}

// AddExclusions stores rows that are no recipients.
func (s *sink) AddExclusions(ex []campaigns.Exclusion) error {
	if err := s.begin(); err != nil {
		return err
	}
	var b []byte
	for _, e := range ex {
		b = appendUvarints(b, uint64(e.File), uint64(e.Line), uint64(e.Reason))
	}
	s.chunks++
	if err := s.tx.exec(s.ctx, `INSERT INTO exclusion (campaign, chunk, data) VALUES ($1, $2, $3)`,
		s.campaign.ID, s.chunks, s2.Encode(nil, b)); err != nil {
		return fmt.Errorf("store exclusions: %w", err)
	}
	return nil
}

// finish writes the campaign's row and makes the plan visible.
func (s *sink) finish(sum *campaigns.Summary) error {
	c := s.campaign
	c.Columns, c.Rows, c.Planned, c.Excluded = sum.Columns, sum.Rows, sum.Planned, sum.Excluded
	c.Replies, c.Override = sum.Replies, sum.Override
	columns, err := json.Marshal(c.Columns)
	if err != nil {
		return err
	}
	reasons, err := json.Marshal(c.Excluded)
	if err != nil {
		return err
	}
	if c.Summary, err = json.Marshal(sum); err != nil {
		return err
	}
	excluded, planned := 0, 0
	for _, n := range c.Excluded {
		excluded += n
	}
	for _, p := range s.pages {
		planned += p.size
	}
	if planned != c.Planned || c.Rows != planned+excluded || excluded < 0 {
		return fmt.Errorf("%w: %d rows, %d planned, %d excluded, %d in batches: they do not add up", ErrValue, c.Rows, c.Planned, excluded, planned)
	}
	if err := s.tx.exec(s.ctx, `INSERT INTO campaign (`+campaignColumns+`, excluded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, '', $15, $16, $17, 0, 0, $18)`,
		c.ID, c.Key, c.Title, int64(c.Class), c.State, c.Hash, c.Path, c.Definition, string(columns), string(reasons), string(c.Summary),
		c.Rows, c.Planned, c.Created, c.RetryOf, c.OccurrenceOf, c.Due, excluded); err != nil {
		return err
	}
	if d := &s.draft; d.Who != "" {
		if err := s.tx.exec(s.ctx, insertCommand, rand.Int64(), c.Created, c.Key, "submit", d.Who, d.Why, ""); err != nil {
			return err
		}
	}
	if d := &s.draft; c.Override != "" && d.Approver != "" {
		if err := s.tx.exec(s.ctx, insertCommand, rand.Int64(), c.Created, c.Key, "override", d.Approver, c.Override, ""); err != nil {
			return err
		}
	}
	fault.Point("before-plan")
	err = s.tx.end(s.ctx, true)
	fault.Point("after-plan")
	s.tx = nil
	if err == nil {
		c.index(s.pages)
		s.l.adopt(c)
	}
	return err
}

func (s *sink) rollback() {
	if s.tx != nil {
		s.tx.end(s.ctx, false)
	}
}

// adopt makes a campaign that is in the database known here.
func (l *Ledger) adopt(c *Campaign) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.ContainsFunc(l.campaigns, func(k *Campaign) bool { return k.ID == c.ID }) {
		return
	}
	l.campaigns = append(l.campaigns, c)
	for _, p := range c.pages {
		l.pages[p.id] = p
	}
}
