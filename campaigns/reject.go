package campaigns

import (
	"fmt"
	"slices"

	"tocsin/campaigns/audience"
)

// malformed excludes a row that could not be split into cells.
func (p *planner) malformed(file int, line uint32, e *audience.RowError) error {
	p.summary.Rows++
	p.exclude(file, line, Malformed)
	return p.rejectRow(file, line, Malformed, e.Error(), nil)
}

func (p *planner) exclude(file int, line uint32, r Reason) {
	p.summary.Excluded[reasonNames[r]]++
	p.out = append(p.out, Exclusion{uint16(file), line, r})
}

// reject writes an excluded row into the rejects file, so that people can correct it.
func (p *planner) reject(file int, line uint32, r Reason, row [][]byte) error {
	if p.rejects == nil || r == NotSelected {
		return nil
	}
	return p.rejectRow(file, line, r, p.problem(r, row), row)
}

// rejectRow writes it under the headings of its own file, and last what is wrong with it. Cells are
// audience.Harmless, so that the audience's reader has them back as they were.
func (p *planner) rejectRow(file int, line uint32, r Reason, problem string, row [][]byte) error {
	if p.rejects == nil {
		return nil
	}
	word := p.o.RejectWord
	if !p.rejected {
		p.rejected = true
		headings := p.headings()
		own := audience.OwnColumns([]string{"file", "line", "reason", "problem"}, headings, word != nil)
		header := append(own[:3:3], audience.UploadersColumns(own, headings)...)
		if err := p.rejects.Write(append(header, own[3])); err != nil {
			return fmt.Errorf("write rejects: %w", err)
		}
	}
	reason := r.String()
	if word != nil {
		reason, problem = word(reason), word(problem)
	}
	record := append(make([]string, 0, 4+len(row)), audience.Harmless(p.files[file].Path()), p.files[file].LineText(int(line)), reason)
	for _, v := range row {
		record = append(record, audience.Harmless(string(v)))
	}
	for len(record) < 3+len(p.summary.Columns) { // of a row that could not be split
		record = append(record, "")
	}
	if err := p.rejects.Write(append(record, problem)); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

// headings are the plan's columns as the uploader calls them.
func (p *planner) headings() []string {
	names := slices.Clone(p.summary.Columns)
	for i, src := range slices.Backward(p.files) {
		for k, at := range src.columns {
			names[at] = p.files[i].Columns()[k]
		}
	}
	return names
}

// flush writes the rest of the rejects: those of a plan that is refused are
// wanted most.
func (p *planner) flush() error {
	if p.rejects == nil {
		return nil
	}
	p.rejects.Flush()
	if err := p.rejects.Error(); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}
