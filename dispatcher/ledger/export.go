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
	if !known(key) {
		return ErrNotFound
	}
	// One transaction: everybody as of one instant.
	tx, err := r.db.BeginTx(ctx, readOnly)
	if err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	defer tx.Rollback()
	all, err := readCampaigns(ctx, tx, "WHERE key = $1", key)
	if err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	if len(all) == 0 {
		return fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	c := all[0]
	buffered := bufio.NewWriterSize(w, 1<<16)
	out := csv.NewWriter(buffered)
	if err := out.Write(append(append([]string(nil), exportColumns...), c.Columns...)); err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	q := r.contents.in(ctx, tx)
	for _, p := range c.pages {
		if err := exportPage(ctx, p, q, out); err != nil {
			return fmt.Errorf("export %s: %w", key, err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	return buffered.Flush()
}

func exportPage(ctx context.Context, p *page, q *contents, out *csv.Writer) error {
	if err := p.loadPeople(ctx, q); err != nil {
		return err
	}
	defer p.unload()
	lines, fields, err := p.fieldsOf(ctx, q)
	if err != nil {
		return err
	}
	h := &p.people
	record := make([]string, 0, len(exportColumns)+len(p.campaign.Columns))
	for i, n := range p.numbers {
		record = append(record[:0],
			n.Digits(), h.state[i].String(), h.reason[i].String(), number(int(h.code[i])), p.through(i), number(int(h.parts[i])),
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
