package campaigns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// A condition says whether a row, as values of the plan's columns, is meant.
type condition func(values [][]byte) (bool, error)

// compileWhere compiles an expression over the columns, each a string. What it
// gets wrong, such as a column that is not there, is an error for people.
func compileWhere(source string, columns []string) (condition, error) {
	return compileGuarded(context.Background(), source, columns)
}

// compileGuarded is compileWhere of a condition that ends with ctx.
func compileGuarded(ctx context.Context, source string, columns []string) (condition, error) {
	heavy, err := checkWhere(source)
	if err != nil {
		return nil, err
	}
	env := make(map[string]any, len(columns))
	for _, c := range columns {
		env[c] = ""
	}
	program, err := expr.Compile(source, whereOptions(env)...)
	if err != nil {
		return nil, whereError(err, columns)
	}
	if tree, err := parser.Parse(source); err == nil {
		if simple := simplify(tree.Node, columns); simple != nil {
			return func(values [][]byte) (bool, error) { return simple(values), nil }, nil
		}
	}
	machine := &vm.VM{MemoryBudget: maxWhereMemory}
	run := func(values [][]byte) (bool, error) {
		for i, c := range columns {
			env[c] = string(values[i])
		}
		out, err := machine.Run(program, env)
		if err != nil {
			return false, errors.New("where cannot be worked out for this row: a cell it compares may be empty, or no number")
		}
		return out.(bool), nil
	}
	if heavy {
		return guarded(ctx, run), nil
	}
	return run, nil
}

func whereError(err error, columns []string) error {
	var e *file.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("where: %w", err)
	}
	if name, ok := strings.CutPrefix(e.Message, "unknown name "); ok {
		return fmt.Errorf("where names the column %q, which is not there%s", name, columnHint(name, columns))
	}
	return fmt.Errorf("where: %s at its character %d", e.Message, e.Column+1)
}

// simplify turns comparisons of columns with texts, and what and, or and not
// make of them, into a function without the library's machine, which costs some
// ten times as much a row. It returns nil for anything else.
func simplify(node ast.Node, columns []string) func([][]byte) bool {
	switch n := node.(type) {
	case *ast.UnaryNode:
		if inner := simplify(n.Node, columns); inner != nil && (n.Operator == "not" || n.Operator == "!") {
			return func(v [][]byte) bool { return !inner(v) }
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			if a, b := simplify(n.Left, columns), simplify(n.Right, columns); a != nil && b != nil {
				return func(v [][]byte) bool { return a(v) && b(v) }
			}
		case "or", "||":
			if a, b := simplify(n.Left, columns), simplify(n.Right, columns); a != nil && b != nil {
				return func(v [][]byte) bool { return a(v) || b(v) }
			}
		case "==", "!=":
			column, text := columnOf(n.Left, columns), n.Right
			if column < 0 {
				column, text = columnOf(n.Right, columns), n.Left
			}
			if s, ok := text.(*ast.StringNode); ok && column >= 0 {
				want, equal := s.Value, n.Operator == "=="
				return func(v [][]byte) bool { return (string(v[column]) == want) == equal }
			}
		case "in":
			column, set := columnOf(n.Left, columns), textsOf(n.Right)
			if column >= 0 && set != nil {
				return func(v [][]byte) bool {
					_, ok := set[string(v[column])]
					return ok
				}
			}
		}
	}
	return nil
}

// columnOf is the index of the column a node names, -1 when it names none.
func columnOf(node ast.Node, columns []string) int {
	if n, ok := node.(*ast.IdentifierNode); ok {
		return slices.Index(columns, n.Value)
	}
	return -1
}

// textsOf is a node's texts, nil when it is no list of texts alone.
func textsOf(node ast.Node) map[string]struct{} {
	list, ok := node.(*ast.ArrayNode)
	if !ok {
		return nil
	}
	set := make(map[string]struct{}, len(list.Nodes))
	for _, item := range list.Nodes {
		s, ok := item.(*ast.StringNode)
		if !ok {
			return nil
		}
		set[s.Value] = struct{}{}
	}
	return set
}

// columnsIn are the columns that an expression names.
func columnsIn(source string, columns []string) []string {
	tree, err := parser.Parse(source)
	if err != nil {
		return nil
	}
	v := &columnVisitor{columns: columns}
	ast.Walk(&tree.Node, v)
	return v.found
}

type columnVisitor struct{ columns, found []string }

// Visit notes the columns among identifiers.
func (v *columnVisitor) Visit(node *ast.Node) {
	if n, ok := (*node).(*ast.IdentifierNode); ok && slices.Contains(v.columns, n.Value) {
		v.found = append(v.found, n.Value)
	}
}
