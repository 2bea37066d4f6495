package campaigns

import (
	"context"
	"errors"
	"fmt"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// Earlier are recipients of an earlier plan of a definition, as that has kept them.
type Earlier struct {
	Columns []string // Summary.Columns of that plan
	Batches []EarlierBatch
}

// An EarlierBatch is some recipients of one batch.
type EarlierBatch struct {
	Numbers []sms.Number
	Lines   []uint32 // where each stood in its file
	Fields  *Fields  // of the whole batch
	At      []int    // where in Fields each one's values are
}

// PlanAgain plans recipients of an earlier plan anew. Each is checked against where, the
// suppression list and the routes as they are now, and the segments of its text are
// counted anew. The audience's and the exclude files are not read again: their content is
// in the earlier plan. expect is not checked, because it was meant for all recipients. The
// errors are those of Plan.
func (d *Definition) PlanAgain(ctx context.Context, o PlanOptions, e Earlier, sink Sink) (*Summary, error) {
	p := &planner{d: d, o: o, ctx: ctx, sink: sink}
	defer func() { p.spill.close() }()
	if err := p.openEarlier(e); err != nil {
		return nil, err
	}
	for _, b := range e.Batches {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := p.readEarlier(&b); err != nil {
			return nil, err
		}
	}
	p.summary.FileRows = []int{p.summary.Rows}
	for _, step := range []func() error{p.sort, p.left, p.write, p.left} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &p.summary, nil
}

// openEarlier settles the columns.
func (p *planner) openEarlier(e Earlier) (err error) {
	if p.o.Router == nil {
		return errors.New("plan: no router")
	}
	s := &p.summary
	s.Replies, s.Override = p.d.Replies, p.d.Override
	s.Excluded, s.Routes, s.SegmentsPerRoute = map[string]int{}, map[sms.Route]int{}, map[sms.Route]int{}
	for _, name := range reasonNames {
		s.Excluded[name] = 0
	}
	s.Columns, s.Encodings = e.Columns, []string{"UTF-8"}
	if p.renderer, err = NewRenderer(p.d, s.Columns); err != nil {
		return err
	}
	if p.d.Audience.Where != "" {
		if p.where, err = compileGuarded(p.ctx, p.d.Audience.Where, s.Columns); err != nil {
			return p.d.refuse("$.audience.where", "%w", err)
		}
	}
	for _, v := range p.renderer.variants {
		p.forced = p.forced || !v.in[sms.GSM].plain
	}
	p.files = []*source{{File: &audience.File{}}} // they are not read again
	p.decided = true
	p.kept.number, p.kept.columns = -1, len(s.Columns)
	p.late.number, p.late.columns = -1, len(s.Columns)
	return nil
}

func (p *planner) readEarlier(b *EarlierBatch) error {
	values := make([][]byte, len(p.summary.Columns))
	route := 0
	for i, n := range b.Numbers {
		p.summary.Rows++
		for c := range values {
			values[c] = b.Fields.Value(c, b.At[i])
		}
		_, reason, err := p.admit(n, values, &route)
		if err != nil {
			return p.d.refuse("$.audience.where", "line %d: %w", b.Lines[i], err)
		}
		if reason < Reasons {
			p.exclude(0, b.Lines[i], reason)
			continue
		}
		if err := p.keep(0, b.Lines[i], route, n, values); err != nil {
			return fmt.Errorf("plan again: %w", err)
		}
	}
	return nil
}

// left refuses a plan that reaches nobody.
func (p *planner) left() error {
	if s := &p.summary; s.Planned == 0 {
		return p.d.refuse("$.audience.files", "nobody is left to send to: of %d who have failed %s", s.Rows, s.reasons())
	}
	return nil
}
