package campaigns

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"tocsin/providers/sms"
)

// settle sorts the people, leaves out who is no recipient, and gives the rest to
// the sink in batches.
func (p *planner) settle(sink Sink) error {
	slices.SortFunc(p.people, func(a, b person) int {
		if c := cmp.Compare(a.number, b.number); c != 0 {
			return c
		}
		return cmp.Compare(a.at, b.at)
	})
	p.one.reset(len(p.sum.Columns))
	var open []*Batch // by series, being filled
	var last sms.Number
	var octets []byte
	for _, one := range p.people {
		file, line := p.arena.open(one.at)
		why, out := Reason(0), true
		_, listed := slices.BinarySearch(p.exclude, one.number)
		route := ""
		switch {
		case one.number == last:
			why = Duplicate
		case p.o.Suppressed != nil && p.o.Suppressed(one.number):
			why = Suppressed
		case listed:
			why = Excluded
		default:
			if route = p.o.Router.Route(one.number); route == "" {
				why = Unroutable
				break
			}
			out = false
		}
		last = one.number
		p.load()
		var content sms.Content
		if !out {
			var err error
			content, octets, err = p.renderer.Render(octets[:0], &p.one, 0)
			switch {
			case errors.Is(err, sms.ErrTooLong):
				why, out = TooLong, true
			case errors.Is(err, ErrLanguage):
				return &Refusal{File: p.d.Audience.Files[file], Line: line, Err: fmt.Errorf(
					"the language %q has no text: add it to texts, or leave the row out with where", p.one.Value(p.renderer.language, 0))}
			case err != nil:
				return err
			}
		}
		if out {
			p.leaveOut(file, line, why, func(c int) []byte { return p.one.Value(c, 0) })
			continue
		}
		p.count(route, line, content)
		k := p.seriesOf(route)
		if k == len(open) {
			open = append(open, p.newBatch(k))
		}
		p.add(open[k], one.number, line, int(content.Segments))
		if len(open[k].Numbers) == BatchSize {
			if err := p.give(open[k], sink); err != nil {
				return err
			}
		}
	}
	for _, b := range open {
		if len(b.Numbers) > 0 {
			if err := p.give(b, sink); err != nil {
				return err
			}
		}
	}
	p.people = nil
	if p.sum.Planned == 0 {
		return p.verdict()
	}
	p.finish()
	for at := 0; at < len(p.excluded); at += 1 << 16 {
		if err := sink.AddExclusions(p.excluded[at:min(at+1<<16, len(p.excluded))]); err != nil {
			return err
		}
	}
	return nil
}

// load reads the arena's row at hand into one.
func (p *planner) load() {
	p.one.reset(len(p.sum.Columns))
	p.one.rows = 1
	for c := range p.sum.Columns {
		p.one.cells[c] = append(p.one.cells[c], p.arena.next()...)
		p.one.ends[c] = append(p.one.ends[c], uint32(len(p.one.cells[c])))
	}
}

// seriesOf is the series of a route and the language of the row at hand.
func (p *planner) seriesOf(route string) int {
	key := seriesKey{route: route}
	if p.renderer.language >= 0 {
		key.language = string(p.one.Value(p.renderer.language, 0))
	}
	k, ok := p.series[key]
	if !ok {
		k = len(p.keys)
		p.series[key] = k
		p.keys = append(p.keys, key)
	}
	return k
}

// count adds a recipient to the summary.
func (p *planner) count(route string, line int, c sms.Content) {
	s := p.sum
	s.Planned++
	s.Routes[route]++
	s.Segments += int(c.Segments)
	s.SegmentsPerRoute[route] += int(c.Segments)
	length := len(c.Octets)
	if c.Coding == sms.UCS2 {
		length /= 2
		p.coded[1]++
	} else {
		p.coded[0]++
	}
	if length > s.Longest.Characters {
		s.Longest = Sample{Line: line, Characters: length, Segments: int(c.Segments)}
	}
	if len(s.Samples) < 3 {
		text := string(c.AppendText(nil))
		s.Samples = append(s.Samples, Sample{line, length, int(c.Segments), text})
		for _, r := range sms.ForcingUCS2(text) {
			if !slices.Contains(s.ForcingUCS2, r) {
				s.ForcingUCS2 = append(s.ForcingUCS2, r)
			}
		}
	}
}

func (p *planner) finish() {
	switch {
	case p.coded[0] == 0:
		p.sum.Encoding = sms.UCS2.String()
	case p.coded[1] == 0:
		p.sum.Encoding = sms.GSM7.String()
	default:
		p.sum.Encoding = fmt.Sprintf("%s for %d, %s for %d", sms.GSM7, p.coded[0], sms.UCS2, p.coded[1])
	}
	p.sum.Forcing = string(p.sum.ForcingUCS2)
}

// newBatch is an empty batch of a series.
func (p *planner) newBatch(series int) *Batch {
	b := &Batch{Series: series, Route: p.keys[series].route}
	b.Fields.reset(len(p.sum.Columns))
	return b
}

// add puts the row at hand into a batch.
func (p *planner) add(b *Batch, n sms.Number, line, segments int) {
	b.Numbers = append(b.Numbers, n)
	b.Lines = append(b.Lines, uint32(line))
	b.Segments += segments
	b.Fields.rows++
	for c := range b.Fields.cells {
		b.Fields.cells[c] = append(b.Fields.cells[c], p.one.Value(c, 0)...)
		b.Fields.ends[c] = append(b.Fields.ends[c], uint32(len(b.Fields.cells[c])))
	}
}

// give gives a batch to the sink and empties it.
func (p *planner) give(b *Batch, sink Sink) error {
	b.Sequence = p.sequence
	p.sequence++
	if err := sink.AddBatch(b); err != nil {
		return err
	}
	b.Numbers, b.Lines, b.Segments = b.Numbers[:0], b.Lines[:0], 0
	b.Fields.reset(len(p.sum.Columns))
	return nil
}
