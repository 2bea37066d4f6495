package campaigns

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"tocsin/providers/sms"
)

var errLongRow = fmt.Errorf("this row has more than %d octets: leave out columns that no text needs", maxKept)

// keep keeps a recipient until all are sorted.
func (p *planner) keep(file int, line uint32, route int, n sms.Number, row [][]byte) error {
	ref, ok := p.kept.add(file, n, row)
	if !ok {
		return errLongRow
	}
	p.entries = append(p.entries, entry{uint64(route)<<numberBits | uint64(n), ref, line})
	if len(p.entries)*entrySize+len(p.kept.chunks)<<chunkBits <= p.memory() {
		return nil
	}
	return p.spillRun()
}

// memory is how many octets of recipients are kept at once.
func (p *planner) memory() int {
	if p.o.Memory > 0 {
		return p.o.Memory
	}
	return maxMemory
}

// sort orders the entries by series and number, each number once.
func (p *planner) sort() error {
	arrange := p.order
	if p.spill != nil {
		arrange = p.merge
	}
	if err := arrange(); err != nil {
		return err
	}
	return p.drop(p.again, Duplicate)
}

// order sorts what is all in memory.
func (p *planner) order() error {
	sortEntries(p.entries)
	if err := p.unique(); err != nil {
		return err
	}
	p.summary.Planned = len(p.entries)
	if p.renderer.language < 0 {
		return nil
	}
	// A number has one route but its rows may have several languages: the series
	// are known only now.
	for i, e := range p.entries {
		p.entries[i].key = p.series(&p.kept, e)<<numberBits | e.key&numberMask
	}
	sortEntries(p.entries)
	return nil
}

// series is the series of a recipient whose key has the route, in a campaign of several
// languages.
func (p *planner) series(k *kept, e entry) uint64 {
	var digits [16]byte
	p.values = grown(p.values, len(p.summary.Columns))
	k.values(p.values, 1, e, digits[:0])
	text, _ := p.renderer.speaks(p.values[p.renderer.language])
	return e.key>>numberBits*uint64(len(p.renderer.variants)) + uint64(text)
}

// unique keeps of each number the row that came first.
func (p *planner) unique() error {
	to := 0
	for i, e := range p.entries {
		if i > 0 && p.entries[to-1].key == e.key {
			first := &p.entries[to-1]
			if e.ref < first.ref {
				e, *first = *first, e
			}
			if err := p.setAside(&p.again, e, p.kept.row(e.ref)); err != nil {
				return err
			}
			continue
		}
		p.entries[to] = e
		to++
	}
	p.entries = p.entries[:to]
	return nil
}

// spillRun writes what is in memory to disk.
func (p *planner) spillRun() (err error) {
	if p.spill == nil {
		if p.o.Room != nil && p.o.Scratch != "" {
			if err := p.o.Room(p.o.Scratch, 0); err != nil {
				return fmt.Errorf("sort the audience on disk: %w", err)
			}
		}
		if p.spill, err = newSpill(p.o.Scratch); err != nil {
			return err
		}
		p.spill.room = p.o.Room
	}
	sortEntries(p.entries)
	if err := p.unique(); err != nil {
		return err
	}
	err = p.spill.addRun(&p.kept, p.entries)
	p.entries = p.entries[:0]
	p.kept.reset()
	return err
}

// merge makes batches of what is on disk.
func (p *planner) merge() error {
	if err := p.spillRun(); err != nil {
		return err
	}
	p.kept.spare, p.entries = nil, nil // what follows wants little
	one := kept{number: p.kept.number, columns: p.kept.columns}
	var last uint64
	rows := 0
	if err := p.spill.merge(func(e entry, row []byte) error {
		if rows%askEvery == 0 && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		if rows++; rows > 1 && e.key == last {
			return p.setAside(&p.again, e, row)
		}
		last = e.key
		series := e.key >> numberBits
		if p.renderer.language >= 0 {
			one.reset()
			e.ref, _ = one.addRow(row)
			series = p.series(&one, e)
		}
		p.summary.Planned++
		e.key = series<<numberBits | e.key&numberMask
		return p.spill.put(int(series), e, row)
	}); err != nil {
		return err
	}
	return p.spill.closeAll()
}

// setAside keeps one for later that is excluded when all have been read.
func (p *planner) setAside(later *[]entry, e entry, row []byte) (err error) {
	var ok bool
	if e.ref, ok = p.late.addRow(row); !ok {
		return errors.New("the rows whose numbers stand twice, or whose texts are too long, have more than 4 GiB: put the audience right")
	}
	*later = append(*later, e)
	return nil
}

// drop excludes entries that were set aside, in order of their rows.
func (p *planner) drop(entries []entry, r Reason) error {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(p.late.file(a.ref), p.late.file(b.ref)), cmp.Compare(a.line, b.line))
	})
	values := make([][]byte, len(p.summary.Columns))
	var digits [16]byte
	for _, e := range entries {
		file := p.late.file(e.ref)
		p.exclude(file, e.line, r)
		if p.rejects == nil {
			continue
		}
		p.late.values(values, 1, e, digits[:0])
		if err := p.reject(file, e.line, r, values); err != nil {
			return err
		}
	}
	return nil
}
