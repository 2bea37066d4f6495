package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// table is who may import whom: for each room, the rooms of this module its code
// may use. A room ending in /... stands for what is below it as well. The first
// room that fits holds, so the narrower stand first.
var table = []struct {
	room string
	may  []string
}{
	{"providers/sms", nil},
	{"providers/sms/smstest", nil},
	{"providers/wire", []string{"providers/sms"}},
	{"providers/wire/wiretest", []string{"providers/wire"}},
	{"providers/link", []string{"providers/sms", "providers/wire", "providers"}},
	{"providers/link/linktest", []string{"providers/sms", "providers/wire", "providers", "providers/link"}},
	{"providers/smpp", []string{"providers/sms", "providers/wire", "providers/link", "providers"}},
	{"providers/cmpp", []string{"providers/sms", "providers/wire", "providers/link", "providers"}},
	{"providers/sgip", []string{"providers/sms", "providers/wire", "providers/link", "providers"}},
	{"providers/smgp", []string{"providers/sms", "providers/wire", "providers/link", "providers"}},
	{"providers/httpgw", []string{"providers/sms", "providers"}},
	{"providers/stub", []string{"providers/sms", "providers/wire", "providers/link", "providers"}},
	{"providers/simulator/...", []string{"providers/sms", "providers/wire", "providers/smpp", "providers/cmpp", "providers/sgip", "providers/smgp"}},
	{"providers/providertest", []string{"providers/..."}},
	{"providers", []string{"providers/sms"}},
	{"configs", []string{
		"providers/sms", "providers", "providers/smpp", "providers/cmpp", "providers/sgip", "providers/smgp", "providers/httpgw", "providers/stub",
	}},
	{"configs/campaigns", nil},
	{"campaigns/...", []string{"providers/sms", "campaigns/audience"}},
	{"dispatcher/fault", nil},
	{"dispatcher/ledger/...", []string{"providers/sms", "campaigns", "campaigns/audience", "dispatcher/fault"}},
	{"dispatcher/queue/...", []string{"providers/sms", "campaigns", "campaigns/audience"}},
	{"dispatcher/pace/...", []string{"providers/sms", "campaigns", "campaigns/audience"}},
	{"dispatcher/web/...", []string{"providers/sms", "campaigns", "dispatcher", "dispatcher/ledger"}},
	{"dispatcher", []string{"providers/sms", "providers", "campaigns", "campaigns/audience", "dispatcher/ledger", "dispatcher/queue", "dispatcher/pace", "dispatcher/fault"}},
	{"cmd/...", []string{"..."}},
	{"deploy/...", nil},
}

// forbidden names modules that the providers' side does without, tests included:
// no protocol knows databases, metrics, queues or rates. The wrappers in
// providers itself may count.
var forbidden = []string{
	"database/sql", "modernc.org/sqlite", "github.com/jackc/pgx", "github.com/prometheus/", "github.com/hibiken/asynq",
	"github.com/redis/", "github.com/alicebob/", "golang.org/x/time/rate", "github.com/spf13/",
}

var forbiddenNames = []string{"util", "utils", "common", "helper", "helpers", "models", "types", "base"}

// topLevel is the whole of the repository's first level besides dot files.
var topLevel = []string{
	"cmd", "dispatcher", "campaigns", "providers", "configs", "deploy", "go.mod", "go.sum",
	"README*", "CONTRIBUTING.md", "LICENSE", "Makefile", "tools.*",
}

// local are folders and files that .gitignore names: nobody commits them.
var local = []string{"bin", "data", "tocsin", "*.prof", "*.test"}

const root, module = "../..", "tocsin"

func fits(pattern, room string) bool {
	if pattern == "..." {
		return true
	}
	if up, ok := strings.CutSuffix(pattern, "/..."); ok {
		return room == up || strings.HasPrefix(room, up+"/")
	}
	return room == pattern
}

// breach says what is wrong with a file of room that imports target; "" when
// nothing is. Both are paths below the module, target "" for another module's.
func breach(room, target, imported string, test bool) string {
	protocols := strings.HasPrefix(room, "providers/") || room == "providers"
	counts := room == "providers" && strings.HasPrefix(imported, "github.com/prometheus/")
	if protocols && !counts && slices.ContainsFunc(forbidden, func(f string) bool { return strings.HasPrefix(imported, f) }) {
		return "the providers' side knows no databases, metrics, queues or rates"
	}
	if target == "" || target == room {
		return ""
	}
	if test {
		if protocols && !fits("providers/...", target) {
			return "tests of providers stay with providers"
		}
		if fits("campaigns/...", room) && !fits("campaigns/...", target) && target != "providers/sms" {
			return "tests of campaigns stay with campaigns"
		}
		return ""
	}
	for _, row := range table {
		if fits(row.room, room) {
			if slices.ContainsFunc(row.may, func(m string) bool { return fits(m, target) }) {
				return ""
			}
			return row.room + " may import " + strings.Join(row.may, ", ") + " of this module and nothing else"
		}
	}
	return "the room has no row in the table of imports"
}

func TestImportsKeepToTheTable(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		below = filepath.ToSlash(below)
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") && below != "." || d.Name() == "testdata" || d.Name() == "node_modules" {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && below != "." {
				return fs.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		checkFile(t, name, below)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Errorf("got %d files, want the whole tree", files)
	}
}

func checkFile(t *testing.T, name, below string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Errorf("%s: %v", below, err)
		return
	}
	room, test := path.Dir(below), strings.HasSuffix(below, "_test.go")
	if slices.Contains(forbiddenNames, strings.TrimSuffix(f.Name.Name, "_test")) {
		t.Errorf("%s: package %s is named for nothing it knows", below, f.Name.Name)
	}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		target, own := strings.CutPrefix(imported, module+"/")
		if !own {
			target = ""
		}
		if why := breach(room, target, imported, test); why != "" {
			t.Errorf("%s imports %s: %s", below, imported, why)
		}
	}
	for _, decl := range f.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			t.Errorf("%s has an init function: call what it does from main", below)
		}
	}
}

func TestTheTableRefusesWhatItShould(t *testing.T) {
	for _, c := range []struct {
		room, imported string
		test, refused  bool
	}{
		{"providers/sms", "tocsin/providers", false, true},
		{"providers/smpp", "tocsin/providers/link", false, false},
		{"providers/smpp", "tocsin/campaigns", false, true},
		{"providers/smpp", "tocsin/campaigns", true, true},
		{"providers/smpp", "github.com/prometheus/client_golang/prometheus", true, true},
		{"providers/smpp", "tocsin/providers/simulator", true, false},
		{"providers", "golang.org/x/time/rate", false, true},
		{"providers", "github.com/prometheus/client_golang/prometheus", false, false},
		{"campaigns", "tocsin/providers", false, true},
		{"campaigns", "tocsin/campaigns/audience", false, false},
		{"dispatcher/ledger", "tocsin/dispatcher", false, true},
		{"dispatcher", "tocsin/dispatcher/ledger", false, false},
		{"dispatcher", "tocsin/providers/smpp", false, true},
		{"configs", "tocsin/campaigns", false, true},
		{"cmd/tocsin", "tocsin/dispatcher", false, false},
		{"elsewhere", "tocsin/providers/sms", false, true},
	} {
		target, own := strings.CutPrefix(c.imported, module+"/")
		if !own {
			target = ""
		}
		if got := breach(c.room, target, c.imported, c.test) != ""; got != c.refused {
			t.Errorf("%s imports %s (test %v): got refused %v, want %v", c.room, c.imported, c.test, got, c.refused)
		}
	}
}

func TestTheTopLevelIsFixed(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		known := func(pattern string) bool {
			ok, _ := path.Match(pattern, e.Name())
			return ok
		}
		if !strings.HasPrefix(e.Name(), ".") && !slices.ContainsFunc(topLevel, known) && !slices.ContainsFunc(local, known) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}
