package campaigns

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// A Mark tells a file from what it becomes when it is changed.
type Mark struct {
	Size int64  `json:"size"`
	Sum  uint32 `json:"crc32c"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// markOf reads a file.
func markOf(ctx context.Context, path string) (m Mark, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer f.Close()
	piece := make([]byte, 1<<18)
	for {
		n, err := f.Read(piece)
		m.Size += int64(n)
		m.Sum = crc32.Update(m.Sum, castagnoli, piece[:n])
		if err == io.EOF {
			return m, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return m, err
		}
	}
}

// marks are those of the audience's files and of the exclude files, in this order.
func (d *Definition) marks(ctx context.Context) (all []Mark, err error) {
	for _, list := range [][]string{d.Audience.Files, d.Audience.Exclude} {
		for _, path := range list {
			m, err := markOf(ctx, path)
			if err != nil {
				return nil, err
			}
			all = append(all, m)
		}
	}
	return all, nil
}

// mark notes what the files are, so that a later run can tell that they have changed.
func (p *planner) mark() (err error) {
	if p.summary.Marks, err = p.d.marks(p.ctx); err != nil {
		return fmt.Errorf("read the audience: %w", err)
	}
	return nil
}

// Changed are the files of the definition that are others than those of a plan. What is
// not there any more, or was planned by a version that did not note it, is none of them.
func (d *Definition) Changed(ctx context.Context, plan *Summary) (paths []string) {
	i := 0
	for _, list := range [][]string{d.Audience.Files, d.Audience.Exclude} {
		for _, path := range list {
			if i < len(plan.Marks) {
				if m, err := markOf(ctx, path); err == nil && m != plan.Marks[i] {
					paths = append(paths, path)
				}
			}
			i++
		}
	}
	return paths
}
