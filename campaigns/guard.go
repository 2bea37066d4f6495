package campaigns

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// What where may be. An expression is worked out for each row: what one takes is bounded
// by its form, and what all take together by a time.
const (
	maxWhere       = 16 << 10 // octets: a list of a thousand districts
	maxWhereNodes  = 5000
	maxWhereDepth  = 1000
	maxWhereRange  = 1000
	maxWhereMemory = 100_000         // the library's units, of one row: an element of a list is one
	maxWhereSlow   = 5 * time.Second // of rows that take more than slowRow each
	slowRow        = time.Millisecond
)

// whereFunctions are those that where may call: none makes much out of little.
var whereFunctions = []string{
	"all", "none", "any", "one", "filter", "map", "find", "count", "sum", "len", "abs", "ceil", "floor", "round", "int", "float", "string",
	"trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix",
	"max", "min", "now", "duration", "date", "first", "last",
}

// whereOptions are what the library is told of them.
func whereOptions(env map[string]any) []expr.Option {
	options := []expr.Option{expr.Env(env), expr.AsBool(), expr.MaxNodes(maxWhereNodes), expr.DisableAllBuiltins()}
	for _, name := range whereFunctions {
		options = append(options, expr.EnableBuiltin(name))
	}
	return options
}

// checkWhere refuses expressions that might burn the machine. heavy is one that goes
// over lists.
func checkWhere(source string) (heavy bool, err error) {
	if len(source) > maxWhere {
		return false, fmt.Errorf("where has %d octets: at most %d; put what is selected into a column of the files", len(source), maxWhere)
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return false, nil // the compiler says it better
	}
	g := &guard{}
	g.walk(tree.Node, 0, 0)
	return g.heavy, g.err
}

// A guard looks at each node of an expression once.
type guard struct {
	heavy bool
	err   error
}

func (g *guard) refuse(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
}

// walk looks at a node; inside is how many predicates it stands in.
func (g *guard) walk(n ast.Node, depth, inside int) {
	if depth > maxWhereDepth {
		g.refuse("where is nested more than %d deep: write it plainly", maxWhereDepth)
	}
	if n == nil || g.err != nil {
		return
	}
	all := func(nodes ...ast.Node) {
		for _, node := range nodes {
			g.walk(node, depth+1, inside)
		}
	}
	switch n := n.(type) {
	case *ast.UnaryNode:
		all(n.Node)
	case *ast.BinaryNode:
		if n.Operator == ".." {
			g.ranged(n)
		}
		all(n.Left, n.Right)
	case *ast.ChainNode:
		all(n.Node)
	case *ast.MemberNode:
		all(n.Node, n.Property)
	case *ast.SliceNode:
		all(n.Node, n.From, n.To)
	case *ast.CallNode:
		all(n.Callee)
		all(n.Arguments...)
	case *ast.BuiltinNode:
		if !slices.Contains(whereFunctions, n.Name) {
			g.refuse("where calls %s, which is not for conditions on rows: there are %s", n.Name, strings.Join(whereFunctions, ", "))
		}
		all(n.Arguments...)
	case *ast.PredicateNode:
		g.heavy = true
		if inside > 0 {
			g.refuse("where goes over a list inside of a list, which may take for ever: write one condition {…} that holds no other")
		}
		g.walk(n.Node, depth+1, inside+1)
	case *ast.ConditionalNode:
		all(n.Cond, n.Exp1, n.Exp2)
	case *ast.VariableDeclaratorNode:
		g.refuse("where has let, which is not for conditions on rows: write out what it stands for")
	case *ast.SequenceNode:
		all(n.Nodes...)
	case *ast.ArrayNode:
		all(n.Nodes...)
	case *ast.MapNode:
		all(n.Pairs...)
	case *ast.PairNode:
		all(n.Key, n.Value)
	}
}

// ranged refuses ranges whose size is not known, or is large.
func (g *guard) ranged(n *ast.BinaryNode) {
	g.heavy = true
	from, ok := n.Left.(*ast.IntegerNode)
	to, also := n.Right.(*ast.IntegerNode)
	if !ok || !also || to.Value-from.Value > maxWhereRange || to.Value < from.Value {
		g.refuse("where has a range that is not from one whole number to another, at most %d apart: compare with >= and <= instead", maxWhereRange)
	}
}

// quotedNumber is a text that people mean as a number.
var quotedNumber = regexp.MustCompile(`^\s*[-+]?[0-9０-９]+([.,][0-9]+)?\s*%?\s*$`)

// checkOrder refuses an ordering between a text and a number in quotation marks: texts
// are ordered letter by letter, so that "7" is above "60", and "100" below.
func checkOrder(source string) error {
	tree, err := parser.Parse(source)
	if err != nil {
		return nil // the compiler has said it
	}
	v := &orderVisitor{}
	ast.Walk(&tree.Node, v)
	return v.err
}

type orderVisitor struct{ err error }

// Visit looks at orderings.
func (v *orderVisitor) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.BinaryNode)
	if !ok || v.err != nil {
		return
	}
	switch n.Operator {
	case "<", "<=", ">", ">=":
	default:
		return
	}
	text, other, left := n.Right, n.Left, false
	if _, ok := text.(*ast.StringNode); !ok {
		text, other, left = n.Left, n.Right, true
	}
	s, ok := text.(*ast.StringNode)
	if !ok || !quotedNumber.MatchString(s.Value) {
		return
	}
	right := "int(" + other.String() + ") " + n.Operator + " " + s.Value
	if left {
		right = s.Value + " " + n.Operator + " int(" + other.String() + ")"
	}
	v.err = fmt.Errorf("where compares a text with %q letter by letter, so that 7 is above 60 and 100 is below: write the number without quotation marks, %s (float() for one with decimals)", s.Value, right)
}

// guarded ends a condition that goes over lists with the plan's context, and when its
// rows take too long.
func guarded(ctx context.Context, c condition) condition {
	slow, start := time.Duration(0), time.Time{}
	return func(values [][]byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		start = time.Now()
		meant, err := c(values)
		if took := time.Since(start); took > slowRow {
			if slow += took; slow > maxWhereSlow {
				return false, errWhereSlow
			}
		}
		return meant, err
	}
}

var errWhereSlow = errors.New("where takes too long for each row: write it more simply, or put what is selected into a column of the files")
