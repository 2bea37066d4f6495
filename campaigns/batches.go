package campaigns

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tocsin/providers/sms"
)

// exclusionsAtOnce is how many exclusions a sink gets in one call.
const exclusionsAtOnce = 4096

// write gives everything to the sink.
func (p *planner) write() error {
	if err := p.batches(); err != nil {
		return err
	}
	for out := range slices.Chunk(p.out, exclusionsAtOnce) {
		if err := p.sink.AddExclusions(out); err != nil {
			return err
		}
	}
	return nil
}

// batches cuts the series into batches, one of each in turn.
func (p *planner) batches() error {
	all := p.queues()
	w := &batchWriter{p: p}
	for open := len(all); open > 0; {
		open = 0
		for i := range all {
			entries, err := p.next(&all[i])
			if err != nil {
				return err
			}
			if len(entries) == 0 {
				continue
			}
			if err := p.ctx.Err(); err != nil {
				return err
			}
			if err := w.write(i, entries); err != nil {
				return err
			}
			open++
		}
	}
	s := &p.summary
	s.Planned -= len(w.long)
	s.BySegments = map[int]int{}
	for k, n := range w.bySegments {
		if n > 0 {
			s.BySegments[k] = n
		}
	}
	s.Samples = append(s.Samples, w.spare...)
	s.Samples = s.Samples[:min(len(s.Samples), maxSamples)]
	var codings []string
	for coding, used := range w.coded {
		if used {
			codings = append(codings, sms.Coding(coding).String())
		}
	}
	s.Encoding = strings.Join(codings, " and ")
	return p.drop(w.long, TextTooLong)
}

// A queue holds the recipients of a series that are in no batch yet: in memory, or on disk.
type queue struct {
	entries []entry
	batches []span
}

// queues are those of all series that have anybody.
func (p *planner) queues() (all []queue) {
	if p.spill != nil {
		for _, s := range p.spill.series {
			if len(s.batches) > 0 {
				all = append(all, queue{batches: s.batches})
			}
		}
		return all
	}
	for rest := p.entries; len(rest) > 0; {
		n, _ := slices.BinarySearchFunc(rest, rest[0].key>>numberBits+1, func(e entry, s uint64) int {
			return cmp.Compare(e.key>>numberBits, s)
		})
		all, rest = append(all, queue{entries: rest[:n]}), rest[n:]
	}
	return all
}

// next takes the next batch's recipients off q, with their rows in kept; none: it is
// empty.
func (p *planner) next(q *queue) (entries []entry, err error) {
	if len(q.batches) > 0 {
		p.entries, err = p.spill.load(q.batches[0], &p.kept, p.entries[:0])
		q.batches = q.batches[1:]
		return p.entries, err
	}
	n := min(BatchSize, len(q.entries))
	entries, q.entries = q.entries[:n], q.entries[n:]
	return entries, nil
}

// A batchWriter makes batches, using its memory again.
type batchWriter struct {
	p       *planner
	batch   Batch
	scratch scratch
	octets  []byte
	// bySegments is how many texts have so many segments.
	bySegments [sms.MaxSegments + 1]int
	coded      [sms.GB + 1]bool // some text is in this coding
	sampled    bool             // this batch has given a sample
	long       []entry          // whose text is too long
	spare      []Sample         // of the first batch, for plans of fewer than three
}

func (w *batchWriter) write(series int, entries []entry) error {
	p, b := w.p, &w.batch
	texts := uint64(1)
	if p.renderer.language >= 0 {
		texts = uint64(len(p.renderer.variants))
	}
	id := entries[0].key >> numberBits
	b.Series, b.Route, b.Language = series, p.routes[id/texts], p.d.Texts[id%texts].Language
	if p.o.Signed != nil && p.o.Signed(b.Route) && !strings.HasPrefix(p.d.whole(p.d.Texts[id%texts].Text), "【") {
		return p.d.refuse("$.signature", "a carrier of route %s puts its signature in front of texts (carrier_signs), and %s has none, so that its segments "+
			"would be counted wrong: write signature: NAME, as the carrier knows it", b.Route, textIn(b.Language))
	}
	variant := &p.renderer.variants[id%texts].in[p.alphabet(b.Route)]
	p.kept.fields(&b.Fields, entries, &w.scratch)
	bad, err := w.render(variant, entries)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		good := make([]entry, 0, len(entries))
		for i, e := range entries {
			if len(bad) > 0 && bad[0] == i {
				bad = bad[1:]
				if err := p.setAside(&w.long, e, p.kept.row(e.ref)); err != nil {
					return err
				}
				continue
			}
			good = append(good, e)
		}
		if entries = good; len(entries) == 0 {
			return nil
		}
		p.kept.fields(&b.Fields, entries, &w.scratch)
	}
	b.Numbers, b.Lines = b.Numbers[:0], b.Lines[:0]
	for _, e := range entries {
		b.Numbers = append(b.Numbers, sms.Number(e.key&numberMask))
		b.Lines = append(b.Lines, e.line)
	}
	s := &p.summary
	s.Routes[b.Route] += len(entries)
	s.Segments += b.Segments
	s.SegmentsPerRoute[b.Route] += b.Segments
	if b.Language != "" {
		if s.Languages == nil {
			s.Languages = map[string]int{}
		}
		s.Languages[b.Language] += len(entries)
		if id%texts == 0 {
			for i := range entries {
				if _, known := p.renderer.speaks(b.Fields.Value(p.renderer.language, i)); !known {
					s.OtherLanguages++
				}
			}
		}
	}
	if p.d.Override != "" && p.o.Suppressed != nil {
		for _, n := range b.Numbers {
			if p.o.Suppressed(n) {
				s.Overridden++
			}
		}
	}
	if err := p.sink.AddBatch(b); err != nil {
		return err
	}
	b.Sequence++
	w.sampled = false
	return nil
}

// textIn names the text in a language.
func textIn(language string) string {
	if language == "" {
		return "the text"
	}
	return "the text in " + language
}

// alphabet is what the first provider of a route takes texts in.
func (p *planner) alphabet(route sms.Route) sms.Alphabet {
	if p.o.Alphabet == nil {
		return sms.GSM
	}
	return p.o.Alphabet(route)
}

// render counts the batch's segments. It returns the entries whose text is too long.
func (w *batchWriter) render(v *written, entries []entry) (bad []int, err error) {
	p, b := w.p, &w.batch
	b.Segments = 0
	if v.shared.Segments > 0 {
		b.Segments = len(entries) * int(v.shared.Segments)
		w.bySegments[v.shared.Segments] += len(entries)
		for _, e := range entries[:min(maxSamples, len(entries))] {
			w.look(v.shared, e)
		}
		return nil, nil
	}
	for i, e := range entries {
		var c sms.Content
		if c, w.octets, err = v.render(w.octets[:0], &b.Fields, i); err != nil {
			if errors.Is(err, sms.ErrTooLong) {
				bad = append(bad, i)
				continue
			}
			return nil, &Refusal{File: p.files[p.kept.file(e.ref)].Path(), Line: int(e.line), Err: fmt.Errorf("the text of this row: %w", err)}
		}
		b.Segments += int(c.Segments)
		w.bySegments[c.Segments]++
		w.look(c, e)
	}
	return bad, nil
}

// look counts one text for everything that is not a sum.
func (w *batchWriter) look(c sms.Content, e entry) {
	s := &w.p.summary
	n := len(c.Octets)
	w.coded[c.Coding] = true
	if c.Coding == sms.UCS2 {
		n /= 2
	}
	if c.Coding == sms.UCS2 || c.Coding == sms.GB {
		if !w.p.forced && len(s.ForcingUCS2) < maxForcing {
			s.forcing(string(c.AppendText(nil)))
		}
	}
	l := &s.Longest
	if int(c.Segments) > l.Segments || int(c.Segments) == l.Segments && n > l.Characters {
		*l = Longest{n, int(c.Segments), over(c.Coding, n, int(c.Segments)), w.p.kept.file(e.ref), e.line}
	}
	switch {
	case !w.sampled && len(s.Samples) < maxSamples:
		w.sampled = true
		s.Samples = append(s.Samples, w.sample(c, e))
	case w.batch.Sequence == 0 && len(w.spare) < maxSamples-1:
		w.spare = append(w.spare, w.sample(c, e))
	}
}

func (w *batchWriter) sample(c sms.Content, e entry) Sample {
	return Sample{w.p.kept.file(e.ref), e.line, w.batch.Language, int(c.Segments), string(c.AppendText(nil))}
}
