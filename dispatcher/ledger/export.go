package ledger

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// exportColumns come before the uploader's own.
var exportColumns = []string{
	"number", "state", "reason", "code", "provider", "segments", "offered", "settled", "reference", "resent", "line",
}

// ExportOptions are how an export, or a list of replies, is written; the zero ExportOptions
// are in English, for everybody.
type ExportOptions struct {
	// States are those of the recipients to write; nil: all. A list of replies has all.
	States []sms.State
	// Chinese names the columns in Chinese, and writes times as a spreadsheet reads them,
	// in the machine's zone as it is now, which the column names.
	Chinese bool
	// Word says a state, a reason, a meaning, true or false in the reader's language; nil: as
	// it is.
	Word func(name string) string
}

// An export is one that is being written.
type export struct {
	ExportOptions
	out    *csv.Writer
	zone   *time.Location
	layout string
	record []string
}

func newExport(w io.Writer, o ExportOptions) *export {
	e := &export{ExportOptions: o, out: csv.NewWriter(w), zone: time.Local, layout: "2006-01-02T15:04:05.00Z07:00"}
	if o.Word == nil {
		e.Word = func(name string) string { return name }
	}
	if o.Chinese {
		_, offset := time.Now().Zone()
		e.zone, e.layout = time.FixedZone("", offset), "2006-01-02 15:04:05"
	}
	return e
}

// columns are the names of our columns in front of the uploader's; in Chinese those of
// times name the zone.
func (e *export) columns(names, uploaders []string) []string {
	own := audience.OwnColumns(names, uploaders, e.Chinese)
	for i, name := range names {
		if e.Chinese && (name == "offered" || name == "settled" || name == "at") {
			own[i] += time.Now().In(e.zone).Format(" (UTC-07:00)")
		}
	}
	return own
}

// Export is ExportWith without options.
func (r *Reader) Export(ctx context.Context, key string, w io.Writer) error {
	return r.ExportWith(ctx, key, w, ExportOptions{})
}

// ExportWith writes one CSV row for each recipient of a campaign: what became of it,
// then the uploader's own columns. Times are RFC 3339 unless they are in Chinese. Cells are
// audience.Harmless, so that the audience's reader has them back as they were.
func (r *Reader) ExportWith(ctx context.Context, key string, w io.Writer, o ExportOptions) error {
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
	e := newExport(buffered, o)
	if err := e.out.Write(e.header(c.Columns)); err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	q := r.contents.in(ctx, tx)
	for _, p := range c.pages {
		if err := e.page(ctx, p, q); err != nil {
			return fmt.Errorf("export %s: %w", key, err)
		}
	}
	e.out.Flush()
	if err := e.out.Error(); err != nil {
		return fmt.Errorf("export %s: %w", key, err)
	}
	return buffered.Flush()
}

// header names the columns of an export.
func (e *export) header(uploaders []string) []string {
	own := e.columns(exportColumns, uploaders)
	return append(own, audience.UploadersColumns(own, uploaders)...)
}

func (e *export) page(ctx context.Context, p *page, q *contents) error {
	if err := p.loadPeople(ctx, q); err != nil {
		return err
	}
	defer p.unload()
	lines, fields, err := p.fieldsOf(ctx, q)
	if err != nil {
		return err
	}
	h := &p.people
	for i, n := range p.numbers {
		if e.States != nil && !slices.Contains(e.States, h.state[i]) {
			continue
		}
		e.record = append(e.record[:0],
			n.Digits(), e.Word(h.state[i].String()), e.Word(h.reason[i].String()), number(int(h.code[i])), p.through(i), number(int(h.parts[i])),
			e.clock(p, h.sent[i]), e.clock(p, h.settled[i]), p.reference(i), e.Word(strconv.FormatBool(h.flags[i]&wasResent != 0)), number(int(lines[i])))
		for k := range p.campaign.Columns {
			e.record = append(e.record, audience.Harmless(string(fields.Value(k, i))))
		}
		if err := e.out.Write(e.record); err != nil {
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

func (e *export) clock(p *page, t uint32) string {
	if t == 0 {
		return ""
	}
	return e.time(p.millis(t))
}

// time is a time in ms since 1970.
func (e *export) time(at int64) string { return time.UnixMilli(at).In(e.zone).Format(e.layout) }

// reference joins a recipient's references with spaces.
func (p *page) reference(i int) string {
	var words []string
	for refs := p.refsOf(i); len(refs) > 0; {
		var one []byte
		one, refs = refs.Next()
		words = append(words, string(one))
	}
	return audience.Harmless(strings.Join(words, " "))
}
