package campaigns

import (
	"fmt"
	"io"
	"slices"

	"tocsin/campaigns/audience"
)

// exclusions reads the exclude files.
func (p *planner) exclusions() error {
	for i, path := range p.d.Audience.Exclude {
		f, err := audience.OpenContext(p.ctx, path, p.d.Audience.ExcludeReading[i])
		if err != nil {
			return p.fileError(fmt.Sprintf("$.audience.exclude[%d]", i), path, err)
		}
		err = p.excludeFile(f)
		f.Close()
		if err != nil {
			return err
		}
		p.summary.addBook(f, i, true)
	}
	slices.Sort(p.excluded)
	return p.refuseUnread()
}

func (p *planner) excludeFile(f *audience.File) error {
	names := slices.Clone(f.Columns())
	if column := p.d.Audience.Columns["number"]; column != "" {
		same := func(name string) bool { return audience.SameColumn(name, column) }
		if at := slices.IndexFunc(names, same); at >= 0 {
			names[at] = "number"
		}
	}
	column, err := p.numberColumn(f, names, true)
	if err != nil {
		return err
	}
	f.Watch(column, p.isNumber)
	f.Use(column, nil)
	for rows := 0; ; rows++ {
		cells, line, err := f.Next()
		if err == io.EOF {
			return nil
		}
		if e, ok := err.(*audience.RowError); ok { // the row may hold a number that must not be reached
			return p.fileError("", f.Path(), f.At(line, fmt.Errorf("%w: correct this row, as everybody in an exclude file must be read", e)))
		}
		if err != nil {
			return p.fileError("", f.Path(), err)
		}
		if rows%askEvery == 0 && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		if n, ok := p.numbers.parse(cells[column]); ok {
			p.excluded = append(p.excluded, n)
		} else if !blank(cells[column]) {
			p.unread.add(f, line)
		}
	}
}
