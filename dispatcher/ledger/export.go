package ledger

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// exportColumns come before the uploader's own.
var exportColumns = []string{
	"number", "state", "reason", "code", "provider", "segments", "offered", "settled", "reference", "resent", "line",
}

// Export writes one CSV row for each recipient of a campaign: what became of it,
// then the uploader's own columns. Times are RFC 3339. A cell that a spreadsheet
// would take for a formula gets an apostrophe in front.
func (r *Reader) Export(ctx context.Context, key string, w io.Writer) error {
	all, err := readCampaigns(ctx, r.db, "WHERE key = $1", key)
	if err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	if len(all) == 0 {
		return fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	c := all[0]
	if err := r.catchUp(ctx, c); err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	buffered := bufio.NewWriterSize(w, 1<<16)
	out := csv.NewWriter(buffered)
	if err := out.Write(append(append([]string(nil), exportColumns...), c.Columns...)); err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	for _, p := range c.pages {
		if err := r.exportPage(ctx, p, out); err != nil {
			return fmt.Errorf("export %s: %w", key, err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	return buffered.Flush()
}

// catchUp loads the pages that the journal speaks of and applies it to them.
func (r *Reader) catchUp(ctx context.Context, c *Campaign) error {
	mine := map[int64]*page{}
	for _, p := range c.pages {
		mine[p.id] = p
	}
	rows, err := r.db.QueryContext(ctx, `SELECT seq, data FROM journal ORDER BY seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	others := map[int64]*page{}
	load := func(id int64) (*page, error) {
		if p := mine[id]; p != nil {
			if p.numbers == nil {
				return p, p.loadPeople(ctx, &r.contents)
			}
			return p, nil
		}
		if others[id] == nil { // skipped over, but its records must be read
			others[id] = &page{id: id, campaign: &Campaign{}, size: 1 << 16, folded: 1<<63 - 1}
		}
		return others[id], nil
	}
	for rows.Next() {
		var seq int64
		var data []byte
		if err := rows.Scan(&seq, &data); err != nil {
			return err
		}
		if err := replay(seq, data, load); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r *Reader) exportPage(ctx context.Context, p *page, out *csv.Writer) error {
	if p.numbers == nil {
		if err := p.loadPeople(ctx, &r.contents); err != nil {
			return err
		}
	}
	defer p.unload()
	lines, fields, err := p.fieldsOf(ctx, &r.contents)
	if err != nil {
		return err
	}
	h := &p.people
	record := make([]string, 0, len(exportColumns)+len(p.campaign.Columns))
	for i, n := range p.numbers {
		record = append(record[:0],
			n.Digits(), h.state[i].String(), h.reason[i].String(), number(int(h.code[i])), p.provider, number(int(h.parts[i])),
			p.clock(h.sent[i]), p.clock(h.settled[i]), p.reference(i), strconv.FormatBool(h.flags[i]&wasResent != 0), number(int(lines[i])))
		for k := range p.campaign.Columns {
			record = append(record, harmless(string(fields.Value(k, i))))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	return nil
}

// number is empty for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (p *page) clock(t uint32) string {
	if t == 0 {
		return ""
	}
	return time.UnixMilli(p.millis(t)).Format("2006-01-02T15:04:05.00Z07:00")
}

// reference joins a recipient's references with spaces.
func (p *page) reference(i int) string {
	var words []string
	for refs := p.refsOf(i); len(refs) > 0; {
		var one []byte
		one, refs = refs.Next()
		words = append(words, string(one))
	}
	return harmless(strings.Join(words, " "))
}

// harmless keeps a spreadsheet from running a cell as a formula (OWASP, CSV injection).
func harmless(cell string) string {
	trimmed := strings.TrimLeft(cell, " \u00a0\n")
	if trimmed != "" && strings.ContainsRune("=+-@\t\r\x00", rune(trimmed[0])) {
		return "'" + cell
	}
	return cell
}
