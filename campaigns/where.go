package campaigns

import (
	"fmt"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// A selection is a compiled where.
type selection struct {
	program *vm.Program
	machine vm.VM
	names   map[string]int
	row     map[string]any
}

// newSelection compiles where over the columns, by our names and the file's; nil
// when everybody is meant.
func newSelection(d *Definition, columns []string) (*selection, error) {
	if d.Audience.Where == "" {
		return nil, nil
	}
	s := &selection{names: map[string]int{}, row: map[string]any{}}
	for i, c := range columns {
		s.names[c] = i
	}
	for name := range d.Audience.Columns {
		if i := d.column(name, columns); i >= 0 {
			s.names[name] = i
		}
	}
	for name := range s.names {
		s.row[name] = ""
	}
	var err error
	if s.program, err = expr.Compile(d.Audience.Where, expr.Env(s.row), expr.AsBool()); err != nil {
		return nil, &Refusal{File: d.Path, Line: lineOf([]byte(d.Source), wrong("where", "")), Err: fmt.Errorf(
			"where: %w; the columns are %q", err, columns)}
	}
	return s, nil
}

func (s *selection) selects(cell func(int) []byte) (bool, error) {
	for name, i := range s.names {
		s.row[name] = string(cell(i))
	}
	out, err := s.machine.Run(s.program, s.row)
	if err != nil {
		return false, fmt.Errorf("where: %w", err)
	}
	return out.(bool), nil
}
