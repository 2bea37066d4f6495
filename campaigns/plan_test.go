package campaigns

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// carriers routes Chinese numbers beginning with 130 to unicom and the rest of
// them to mobile.
type carriers struct{}

func (carriers) Route(n sms.Number) sms.Route {
	switch {
	case n/1e8 == 86130:
		return "unicom"
	case n/1e11 == 86:
		return "mobile"
	}
	return ""
}

// A record is a sink that writes down what it gets.
type record struct {
	d     *Definition
	b     strings.Builder
	shown int // the column to show
	fail  error
}

func (r *record) AddBatch(b *Batch) error {
	fmt.Fprintf(&r.b, "batch %d series %d route %s", b.Sequence, b.Series, b.Route)
	if b.Language != "" {
		r.b.WriteString(" " + b.Language)
	}
	for i, n := range b.Numbers {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&r.b, "%s%s line %d %q", sep, n.Digits(), b.Lines[i], b.Fields.Value(r.shown, i))
	}
	fmt.Fprintf(&r.b, "; %d segments\n", b.Segments)
	return r.fail
}

func (r *record) AddExclusions(e []Exclusion) error {
	for _, x := range e {
		fmt.Fprintf(&r.b, "%s:%d %s\n", filepath.Base(r.d.Audience.Files[x.File]), x.Line, x.Reason)
	}
	return r.fail
}

func TestPlans(t *testing.T) {
	paths, err := filepath.Glob("testdata/plans/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got no plans (%v)", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir, files := t.TempDir(), map[string]string{}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
				if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d, err := Load(filepath.Join(dir, "campaign.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			r := &record{d: d, shown: 1}
			if strings.Contains(files["a.csv"], "lang,") {
				r.shown = 2
			}
			var rejects bytes.Buffer
			s, err := d.Plan(t.Context(), PlanOptions{
				Router: carriers{}, Country: "CN", Rejects: &rejects,
				Suppressed: func(n sms.Number) bool { return n == 8613800000007 },
			}, r)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&r.b, "rows %d planned %d segments %d encoding %s\n", s.Rows, s.Planned, s.Segments, s.Encoding)
			if diff := gocmp.Diff(files["want"], r.b.String()); diff != "" {
				t.Error(diff)
			}
			if want, ok := files["rejects"]; ok {
				if diff := gocmp.Diff(want, strings.ReplaceAll(rejects.String(), dir+"/", "")); diff != "" {
					t.Error(diff)
				}
			}
			checkBalance(t, s)
		})
	}
}

// Where the carrier puts the signature in front itself, a text without one would be
// counted wrong.
func TestATextForACarrierThatSignsHasASignature(t *testing.T) {
	for _, tt := range []struct {
		name, signature, text string
		refused               bool
	}{
		{"of its own", "县防汛办", "洪水：离开河岸", false},
		{"written into it", "", "【县防汛办】洪水：离开河岸", false},
		{"or is refused", "", "洪水：离开河岸", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			campaign := "key: flood\nclass: urgent\ntext: " + tt.text + "\naudience:\n  files: [a.csv]\n"
			if tt.signature != "" {
				campaign += "signature: " + tt.signature + "\n"
			}
			for name, data := range map[string]string{"campaign.yaml": campaign, "a.csv": "number\n13800138000\n"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d, err := Load(filepath.Join(dir, "campaign.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Signed: func(sms.Route) bool { return true }}, discard{})
			var refusal *Refusal
			if errors.As(err, &refusal) != tt.refused || err == nil && s.Planned != 1 {
				t.Errorf("got %v, refused: want %v", err, tt.refused)
			}
			if tt.refused && !strings.Contains(err.Error(), "write signature: NAME") {
				t.Errorf("got %v", err)
			}
			if _, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Signed: func(sms.Route) bool { return false }}, discard{}); err != nil {
				t.Errorf("where none does: %v", err)
			}
		})
	}
}

func checkBalance(t testing.TB, s *Summary) {
	t.Helper()
	excluded, routed, segments := 0, 0, 0
	for _, n := range s.Excluded {
		excluded += n
	}
	for _, n := range s.Routes {
		routed += n
	}
	for _, n := range s.SegmentsPerRoute {
		segments += n
	}
	texts, sent := 0, 0
	for k, n := range s.BySegments {
		texts, sent = texts+n, sent+k*n
	}
	if texts != s.Planned || sent != s.Segments {
		t.Errorf("got %v, want %d segments of %d texts", s.BySegments, s.Segments, s.Planned)
	}
	if s.Rows != s.Planned+excluded || routed != s.Planned || segments != s.Segments || len(s.Excluded) != Reasons {
		t.Errorf("got %d rows, %d planned, %d excluded, %d routed, %d of %d segments, %d reasons: they do not balance",
			s.Rows, s.Planned, excluded, routed, segments, s.Segments, len(s.Excluded))
	}
}

// campaign writes a definition and files, and loads it.
func campaign(t testing.TB, definition string, files map[string]string) *Definition {
	t.Helper()
	dir := t.TempDir()
	files["campaign.yaml"] = definition
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPlanRefuses(t *testing.T) {
	const ok = "number,name,district\n13800000001,A,north\n13800000002,B,south\n"
	tests := []struct {
		name, definition, file, want string
	}{
		{"a file that is not there", "key: k\ntext: t\naudience: {files: [none.csv]}", ok, "campaign.yaml:3:20: there is no file"},
		{"an exclude file that is not there", "key: k\ntext: t\naudience: {files: [a.csv], exclude: [none.csv]}", ok, "there is no file"},
		{"a placeholder without a column", "key: k\ntext: t ((nane))\naudience: {files: [a.csv]}", ok, `campaign.yaml:2:7: the text has the placeholder ((nane)), but the audience has no such column: did you mean "name"?`},
		{"a language without a column", "key: k\nlanguage: lang\ntexts: {en: t}\naudience: {files: [a.csv]}", ok, `campaign.yaml:2:11: language is the column "lang"`},
		{"a column that is called something but not there", "key: k\ntext: t\naudience: {files: [a.csv], columns: {name: 姓名}}", ok, `a.csv:1: there is no column "姓名"`},
		{"where with a column that is not there", "key: k\ntext: t\naudience: {files: [a.csv], where: distrikt == 'x'}", ok, `where names the column "distrikt", which is not there: did you mean "district"? (there are: number, name, district)`},
		{"where that is no condition", "key: k\ntext: t\naudience: {files: [a.csv], where: district}", ok, "where: "},
		{"an area with nobody in it", "key: k\ntext: t\naudience: {files: [a.csv], where: district == 'west'}", ok, "where means none of the 2 rows"},
		{"too few recipients", "key: k\ntext: t\naudience: {files: [a.csv], expect: {min: 3}}", ok, "the plan has 2 recipients, at least 3 are expected"},
		{"too many recipients", "key: k\ntext: t\naudience: {files: [a.csv], expect: {max: 1}}", ok, "the plan has 2 recipients, at most 1 are expected"},
		{"no rows", "key: k\ntext: t\naudience: {files: [a.csv]}", "number\n", "the audience has no rows"},
		{"nobody left", "key: k\ntext: t\naudience: {files: [a.csv]}", "number\n1\n2\n", "nobody is left to send to: of 2 rows 2 are invalid"},
		{"a first row of data", "key: k\ntext: t\naudience: {files: [a.csv]}", "13800000001,A\n", "a.csv:1: the first row must name the columns"},
		{"no column of numbers", "key: k\ntext: t\naudience: {files: [a.csv]}", "name,town\nA,B\n", "no column holds telephone numbers by its name"},
		{"a quotation mark that is not closed", "key: k\ntext: t\naudience: {files: [a.csv]}", "number,name\n13800000001,\"A\n", "a.csv:2: a quotation mark is not closed"},
		{"a file twice", "key: k\ntext: t\naudience: {files: [a.csv, a.csv]}", ok, "is there twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := campaign(t, tt.definition, map[string]string{"a.csv": tt.file})
			r := &record{d: d}
			_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, r)
			var refusal *Refusal
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a refusal with %q", err, tt.want)
			}
			if r.b.Len() > 0 {
				t.Errorf("the sink got %q of a plan that is refused", r.b.String())
			}
		})
	}
}

func TestPlanNeedsUsedColumnsInEveryFile(t *testing.T) {
	d := campaign(t, "key: k\ntext: t ((name))\naudience: {files: [a.csv, b.csv]}", map[string]string{
		"a.csv": "number,name\n13800000001,A\n", "b.csv": "mobile,town\n13800000002,B\n",
	})
	_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, &record{d: d})
	if err == nil || !strings.Contains(err.Error(), `b.csv:1: there is no column "name", which the campaign uses`) {
		t.Errorf("got %v", err)
	}
}

func TestPlanReturnsTheErrorsOfOthers(t *testing.T) {
	d := campaign(t, "key: k\ntext: t\naudience: {files: [a.csv]}", map[string]string{"a.csv": "number\n13800000001\n"})
	broken := errors.New("broken")
	if _, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, &record{d: d, fail: broken}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the sink's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Plan(ctx, PlanOptions{Router: carriers{}, Country: "CN"}, &record{d: d}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestConditions(t *testing.T) {
	columns := []string{"district", "age", "区"}
	row := [][]byte{[]byte("north"), []byte("61"), []byte("浦东新区")}
	tests := []struct {
		source string
		want   bool
	}{
		{`district == "north"`, true},
		{`"south" == district`, false},
		{`district != 'north'`, false},
		{`district in ["south", "north"]`, true},
		{`not (district in ["south"])`, true},
		{`district not in ["north"]`, false},
		{`district == "north" and 区 == "浦东新区"`, true},
		{`district == "x" || 区 in ["浦东新区"]`, true},
		{`int(age) >= 60`, true},
		{`district startsWith "so"`, false},
		{`区 contains "浦东"`, true},
	}
	for _, tt := range tests {
		where, err := compileWhere(tt.source, columns)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := where(row); got != tt.want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", tt.source, got, err, tt.want)
		}
	}
	where, err := compileWhere(`int(age) > 1`, columns)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := where([][]byte{nil, []byte("secret"), nil}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error that does not quote the value", err)
	}
}

func TestNumbersAreReadByTheLibraryToo(t *testing.T) {
	china, america := newNumbers("CN"), newNumbers("US")
	tests := []struct {
		p    *numbers
		text string
		want sms.Number
	}{
		{china, "13800138000", 8613800138000},
		{china, "138/0013/8000", 8613800138000},
		{china, "138–0013–8000", 8613800138000},
		{china, "010-62345678", 0},
		{china, "10086", 0},
		{china, "none", 0},
		{china, "+44 (0) 7700 900123", 0}, // of films, and nobody's
		{china, "+44 (0) 7723 456789", 447723456789},
		{america, "(650) 253-0000", 16502530000},
		{america, "253-0000", 0},
		{america, "+86 138 0013 8000", 8613800138000},
	}
	for range 2 { // the second time from memory
		for _, tt := range tests {
			if got, ok := tt.p.parse([]byte(tt.text)); got != tt.want || ok != (tt.want != 0) {
				t.Errorf("%s: got %s, want %s", tt.text, got.Digits(), tt.want.Digits())
			}
		}
	}
}

func TestSortEntries(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 33, 1000, 50_000} {
		for name, key := range map[string]func() uint64{
			"any keys":          r.Uint64,
			"few keys":          func() uint64 { return r.Uint64N(3) },
			"numbers of routes": func() uint64 { return r.Uint64N(4)<<numberBits | 8613000000000 + r.Uint64N(7e9) },
			"one key":           func() uint64 { return 7 },
		} {
			e := make([]entry, n)
			for i := range e {
				e[i] = entry{key: key(), ref: uint32(i)}
			}
			want := slices.Clone(e)
			sortEntries(e)
			if !slices.IsSortedFunc(e, func(a, b entry) int { return cmp.Compare(a.key, b.key) }) {
				t.Errorf("%d entries, %s: not sorted", n, name)
			}
			slices.SortFunc(e, func(a, b entry) int { return cmp.Compare(a.ref, b.ref) })
			if !slices.Equal(e, want) {
				t.Errorf("%d entries, %s: entries were lost", n, name)
			}
		}
	}
}

// checking is a sink that holds batches to what Batch promises.
type checking struct {
	t       testing.TB
	highest map[int]sms.Number
	next    int
	n, segs int
	out     int
}

func (c *checking) AddBatch(b *Batch) error {
	if b.Sequence != c.next || len(b.Numbers) == 0 || len(b.Numbers) > BatchSize || len(b.Lines) != len(b.Numbers) || b.Fields.Rows() != len(b.Numbers) {
		c.t.Fatalf("got batch %d, want %d, of %d numbers, %d lines, %d rows", b.Sequence, c.next, len(b.Numbers), len(b.Lines), b.Fields.Rows())
	}
	c.next++
	last := c.highest[b.Series]
	for i, n := range b.Numbers {
		if n <= last {
			c.t.Fatalf("batch %d: numbers do not ascend", b.Sequence)
		}
		last = n
		if got, err := sms.ParseNumber(b.Fields.Value(0, i), true); err != nil || got != n {
			c.t.Fatalf("batch %d: recipient %d has the fields of another", b.Sequence, i)
		}
	}
	c.highest[b.Series] = last
	c.n += len(b.Numbers)
	c.segs += b.Segments
	return nil
}

func (c *checking) AddExclusions(e []Exclusion) error { c.out += len(e); return nil }

func TestPlanOfManyDirtyRows(t *testing.T) {
	var file bytes.Buffer
	if err := audience.Generate(&file, audience.GenerateOptions{Count: 60_000, Dirty: 0.3, Encoding: "gb18030"}); err != nil {
		t.Fatal(err)
	}
	d := campaign(t, "key: k\ntext: ((name))你好\naudience: {files: [a.csv]}", map[string]string{"a.csv": file.String()})
	sink := &checking{t: t, highest: map[int]sms.Number{}}
	s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, sink)
	if err != nil {
		t.Fatal(err)
	}
	checkBalance(t, s)
	if s.Rows != 60_000 || sink.n != s.Planned || sink.segs != s.Segments || sink.out != s.Rows-s.Planned {
		t.Errorf("got %d rows, %d of %d planned, %d excluded", s.Rows, sink.n, s.Planned, sink.out)
	}
	if n := s.Excluded["duplicate"]; n < 1500 || len(s.Samples) != 3 || s.Encoding != "UCS-2" || s.Encodings[0] != "GB18030" {
		t.Errorf("got %d duplicates, samples %v, %s of %s", n, s.Samples, s.Encoding, s.Encodings)
	}
}

type discard struct{}

func (discard) AddBatch(*Batch) error           { return nil }
func (discard) AddExclusions([]Exclusion) error { return nil }

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// abroad makes a file of numbers of Hong Kong and of the United Kingdom.
func abroad(b *testing.B, path string) {
	text := []byte("number,name\n")
	for i := range 450_000 {
		text = fmt.Appendf(text, "+852 9%07d,A\n+447723%06d,B\n", i, i)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, bb := range []struct {
		name, text string
		o          audience.GenerateOptions
	}{
		{"900000 UTF-8", "贷款前先交保证金的都是诈骗", audience.GenerateOptions{Count: 900_000}},
		{"900000 GB18030, dirty", "贷款前先交保证金的都是诈骗", audience.GenerateOptions{Count: 900_000, Dirty: 0.05, Encoding: "gb18030"}},
		{"900000 foreign", "There is a flood", audience.GenerateOptions{Count: 1}},
		{"900000 UTF-8, personal", "((name))您好，贷款前先交保证金的都是诈骗", audience.GenerateOptions{Count: 900_000}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			d := campaign(b, "key: k\nsignature: S\ntext: "+bb.text+"\naudience: {files: [a.csv]}", map[string]string{})
			f, err := os.Create(d.Audience.Files[0])
			if err != nil {
				b.Fatal(err)
			}
			if err := errors.Join(audience.Generate(f, bb.o), f.Close()); err != nil {
				b.Fatal(err)
			}
			router := Router(carriers{})
			if bb.name == "900000 foreign" {
				abroad(b, d.Audience.Files[0])
				router = everywhere{}
			}
			runtime.GC()
			for b.Loop() {
				start := cpu()
				if _, err := d.Plan(b.Context(), PlanOptions{Router: router, Country: "CN"}, discard{}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64((cpu() - start).Milliseconds()), "cpu-ms")
			}
		})
	}
}

func ExampleDefinition_Plan() {
	dir, err := os.MkdirTemp("", "tocsin")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(file, []byte("number,name\n13800138000,Ann\n138,Bob\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	d, err := Parse(filepath.Join(dir, "hello.yaml"), []byte("key: hello\ntext: Hello ((name))\naudience: {files: [people.csv]}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := d.Plan(context.Background(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Rows, s.Planned, s.Excluded["invalid"], s.Samples[0].Text)
	// Output: 2 1 1 Hello Ann
}
