package campaigns

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"tocsin/providers/sms"
)

// road is an audience as a merged cell of a spreadsheet leaves it.
const road = "number,name,road\n13800138000,张三,滨江路\n13800138001,李四,\n13800138002,王五,　\n13800138003,赵六,\u200b\n"

// texts are the texts that a plan's recipients get, by number.
type texts138 struct {
	r    *Renderer
	text map[sms.Number]string
}

func (s *texts138) AddBatch(b *Batch) error {
	for i, n := range b.Numbers {
		c, _, err := s.r.Render(nil, sms.GSM, &b.Fields, i)
		if err != nil {
			return err
		}
		s.text[n] = string(c.AppendText(nil))
	}
	return nil
}

func (s *texts138) AddExclusions([]Exclusion) error { return nil }

// sentTo plans a campaign and is what people get.
func sentTo(t *testing.T, d *Definition, columns ...string) (map[sms.Number]string, *Summary) {
	t.Helper()
	r, err := NewRenderer(d, columns)
	if err != nil {
		t.Fatal(err)
	}
	s := &texts138{r, map[sms.Number]string{}}
	sum, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, s)
	if err != nil {
		t.Fatal(err)
	}
	checkBalance(t, sum)
	return s.text, sum
}

func TestAPlaceholderWithoutAValueRefusesTheCampaign(t *testing.T) { // B13
	for _, missing := range []string{"", ", missing: refuse"} {
		d := campaign(t, "key: k\ntext: ((name))您好，((road))已被淹没。\naudience: {files: [a.csv]"+missing+"}", map[string]string{"a.csv": road})
		var rejects bytes.Buffer
		r := &record{d: d}
		_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Rejects: &rejects}, r)
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			t.Fatalf("got %v, want a refusal", err)
		}
		path := d.Audience.Files[0]
		if refusal.File != path || refusal.Line != 3 {
			t.Errorf("got the place %s:%d, want the first such row", refusal.File, refusal.Line)
		}
		for _, want := range []string{
			"3 of 4 rows have no value", "((road)) 3", fmt.Sprintf("(%s:3, %[1]s:4, %[1]s:5)", path), "((road|DEFAULT))",
			"audience.missing: exclude", "send",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
		if strings.ContainsAny(err.Error(), "张李王赵") || strings.Contains(err.Error(), "1380013800") {
			t.Errorf("got %v, want no row of the file in it", err)
		}
		if r.b.Len() > 0 {
			t.Errorf("the sink got %q of a plan that is refused", r.b.String())
		}
		if want := "a.csv,3,missing,13800138001,李四,,\n"; !strings.Contains(strings.ReplaceAll(rejects.String(), filepath.Dir(path)+"/", ""), want) {
			t.Errorf("got the rejects %q, want %q in it", rejects.String(), want)
		}
	}
}

func TestARefusalNamesTheFirstOfManyRowsWithoutAValue(t *testing.T) { // B13: 2,000 of 20,000
	var file strings.Builder
	file.WriteString("number,road\n")
	for i := range 20_000 {
		value := "A"
		if i%10 == 9 {
			value = ""
		}
		fmt.Fprintf(&file, "%d,%s\n", 13800000000+i, value)
	}
	d := campaign(t, "key: k\ntext: ((road)) is flooded\naudience: {files: [a.csv]}", map[string]string{"a.csv": file.String()})
	_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
	if err == nil || !strings.Contains(err.Error(), "2000 of 20000 rows have no value") || !strings.Contains(err.Error(), "a.csv:51 and 1995 more)") {
		t.Errorf("got %v", err)
	}
}

func TestADefaultStandsWhereThereIsNoValue(t *testing.T) { // B13
	for _, tt := range []struct{ text, want string }{
		{"((road|附近道路))已被淹没", "附近道路已被淹没"},
		{"(( road | 附近道路 ))已被淹没", "附近道路已被淹没"},
		{"((road|))已被淹没", "已被淹没"},
		{"((road|near you)) is flooded", "near you is flooded"},
		{`((road|A\|B))`, "A|B"},
		{"((road|a)b)) is flooded", "a)b is flooded"},
	} {
		d := campaign(t, "key: k\ntext: '"+tt.text+"'\naudience: {files: [a.csv]}", map[string]string{"a.csv": road})
		got, sum := sentTo(t, d, "number", "name", "road")
		for _, n := range []sms.Number{8613800138001, 8613800138002, 8613800138003} {
			if got[n] != tt.want {
				t.Errorf("%s: got %q, want %q", tt.text, got[n], tt.want)
			}
		}
		if !strings.HasPrefix(got[8613800138000], "滨江路") || len(sum.Missing) > 0 || sum.Planned != 4 {
			t.Errorf("%s: got %q for who has a road, %v missing", tt.text, got[8613800138000], sum.Missing)
		}
		if !strings.Contains(sum.Samples[1].Text, tt.want) {
			t.Errorf("%s: got the sample %q", tt.text, sum.Samples[1].Text)
		}
	}
}

// A default that only UCS-2 can write makes nobody else's text UCS-2.
func TestADefaultCountsForThoseWhoGetItAlone(t *testing.T) {
	d := campaign(t, "key: k\ntext: 'Dear ((name|居民)), stay inside'\naudience: {files: [a.csv]}", map[string]string{
		"a.csv": "number,name\n13800138000,Ann\n13800138001,\n",
	})
	_, sum := sentTo(t, d, "number", "name")
	if sum.Encoding != "GSM-7 and UCS-2" || string(sum.ForcingUCS2) != "居民" {
		t.Errorf("got %s, forced by %q", sum.Encoding, string(sum.ForcingUCS2))
	}
}

func TestRowsWithoutAValueAreExcludedOrSentWhereTheDefinitionSaysSo(t *testing.T) { // B13
	source := "key: k\ntext: ((name))您好，((road))已被淹没\naudience: {files: [a.csv], missing: %s}"
	d := campaign(t, fmt.Sprintf(source, "exclude"), map[string]string{"a.csv": road})
	got, sum := sentTo(t, d, "number", "name", "road")
	if len(got) != 1 || sum.Excluded["missing"] != 3 || sum.Missing["road"] != 3 {
		t.Errorf("exclude: got %v, %v excluded, missing %v", got, sum.Excluded, sum.Missing)
	}
	d = campaign(t, fmt.Sprintf(source, "send"), map[string]string{"a.csv": road})
	got, sum = sentTo(t, d, "number", "name", "road")
	if len(got) != 4 || got[8613800138001] != "李四您好，已被淹没" || sum.Missing["road"] != 3 || sum.Excluded["missing"] != 0 {
		t.Errorf("send: got %v, missing %v", got, sum.Missing)
	}
}

func TestOnlyTheColumnsOfARowsOwnTextCount(t *testing.T) { // B13
	d := campaign(t, "key: k\nlanguage: lang\ntexts: {zh: ((name))您好, en: 'Stay inside, ((town))'}\naudience: {files: [a.csv]}", map[string]string{
		"a.csv": "number,name,town,lang,remark\n13800138000,张三,,zh,\n13800138001,,Leeds,en,\n13800138002,李四,,,\n",
	})
	_, sum := sentTo(t, d, "number", "name", "town", "lang", "remark")
	if sum.Planned != 3 {
		t.Errorf("got %d planned, want all", sum.Planned)
	}
	d = campaign(t, "key: k\nlanguage: lang\ntexts: {zh: ((name))您好, en: 'Stay inside, ((town))'}\naudience: {files: [a.csv]}", map[string]string{
		"a.csv": "number,name,town,lang\n13800138000,张三,,zh\n13800138001,Ann,,en\n13800138002,,Leeds,fr\n",
	})
	_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
	if err == nil || !strings.Contains(err.Error(), "2 of 3 rows have no value") || !strings.Contains(err.Error(), "((name)) 1, ((town)) 1") {
		t.Errorf("got %v", err)
	}
}

// A row that is excluded for another reason gets no text; a person whose first row lacks
// a value is reached by a later one.
func TestMissingComesBehindWhatExcludesARowAnyway(t *testing.T) {
	d := campaign(t, "key: k\ntext: ((name))您好\naudience: {files: [a.csv], where: area == 'A', exclude: [x.csv], missing: exclude}", map[string]string{
		"a.csv": "number,name,area\n12,,A\n13800138000,,B\n13800138001,,A\n13800138007,,A\n13800138002,,A\n13800138002,李四,A\n13800138003,王五,A\n13800138003,,A\n",
		"x.csv": "number\n13800138001\n",
	})
	r := &record{d: d, shown: 1}
	sum, err := d.Plan(t.Context(), PlanOptions{
		Router: carriers{}, Country: "CN", Suppressed: func(n sms.Number) bool { return n == 8613800138007 },
	}, r)
	if err != nil {
		t.Fatal(err)
	}
	checkBalance(t, sum)
	want := `batch 0 series 0 route mobile: 8613800138002 line 7 "李四", 8613800138003 line 8 "王五"; 2 segments
a.csv:2 invalid
a.csv:3 not_selected
a.csv:4 excluded
a.csv:5 suppressed
a.csv:6 missing
a.csv:9 missing
`
	if d := gocmp.Diff(want, r.b.String()); d != "" {
		t.Error(d)
	}
}

func TestFillersStayAsTheyAreAndAreCounted(t *testing.T) { // B13, B14
	d := campaign(t, "key: k\ntext: ((name))您好\naudience: {files: [a.csv]}", map[string]string{
		"a.csv": "number,name,remark\n13800138000,NULL,nan\n13800138001,nan,\n13800138002,#N/A,\n13800138003,NULL,\n13800138004,-,\n13800138005,张三,NULL\n",
	})
	got, sum := sentTo(t, d, "number", "name", "remark")
	if got[8613800138000] != "NULL您好" || got[8613800138004] != "-您好" {
		t.Errorf("got %v", got)
	}
	if diff := gocmp.Diff(map[string]int{"NULL": 2, "nan": 1, "#N/A": 1}, sum.Fillers); diff != "" {
		t.Error(diff)
	}
}

func TestAPlaceholdersGrammar(t *testing.T) {
	columns := []string{"number", "name", "a|b", "x", "x|y"}
	f := fieldsFor([]string{"1", "", "bar", "", "xy"})
	for _, tt := range []struct{ text, want, refused string }{
		{text: `((a\|b))`, want: "bar"},
		{text: `((a|b))`, want: "bar"}, // as it was before defaults: no column is called a
		{text: `((name|you))`, want: "you"},
		{text: `((x|y))`, want: "xy"}, // of a plan that was made before there were defaults: now a plan refuses it
		{text: `((x\|y))`, want: "xy"},
		{text: `((name|a|b))`, refused: "has more than one default"},
		{text: `((|you))`, refused: "a placeholder is empty"},
		{text: `(())`, refused: "a placeholder is empty"},
		{text: `((name|(you)))`, refused: "a placeholder is not closed"},
		{text: `((nane|you))`, refused: `did you mean "name"?`},
	} {
		r, err := NewRenderer(&Definition{Texts: []Text{{Text: tt.text}}}, columns)
		if tt.refused != "" {
			if err == nil || !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%s: got %v, want %q", tt.text, err, tt.refused)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		c, _, err := r.Render(nil, sms.GSM, f, 0)
		if got := string(c.AppendText(nil)); got != tt.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
}

func TestWhatPeopleCannotSeeIsNoValue(t *testing.T) { // B13: white space of all kinds, characters without a width
	for _, r := range "\t\n\v\f\r \u0085\u00a0\u00ad\u034f\u061c\u115f\u1680\u180e\u2000\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202f\u205f\u2060\u2064\u2069\u2800\u3000\u3164\ufe0f\ufeff\uffa0" {
		if !blank([]byte(string(r))) || !blank([]byte("  "+string(r)+string(r))) {
			t.Errorf("U+%04X counts as a value", r)
		}
		if blank([]byte(string(r)+"x")) || blank([]byte(string(r)+"张")) {
			t.Errorf("U+%04X hides what stands behind it", r)
		}
	}
	for _, value := range []string{"0", "-", ".", "张", "é", "１", "😀", "\xff"} {
		if blank([]byte(value)) {
			t.Errorf("%q is a value", value)
		}
	}
}

// Retries and times of campaigns that are sent again and again send what the first plan
// has let pass, also that of a version before.
func TestAPlanAgainSendsWhatWasPlanned(t *testing.T) {
	d := campaign(t, "key: k\ntext: ((name))您好\naudience: {files: [a.csv], missing: send}", map[string]string{"a.csv": "number,name\n13800138000,张三\n13800138001,\n"})
	k := &keeper{some: everybody}
	sum, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, k)
	if err != nil {
		t.Fatal(err)
	}
	d.Audience.Missing = MissingRefuse
	again, err := d.PlanAgain(t.Context(), PlanOptions{Router: carriers{}}, Earlier{Columns: sum.Columns, Batches: k.batches}, discard{})
	if err != nil || again.Planned != 2 || again.Missing["name"] != 1 {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestADefaultCostsNoMemory(t *testing.T) {
	r := renderer(t, "((name|居民))您好", "name")
	f := fieldsFor([]string{"张三"}, []string{""})
	octets := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		for i := range 2 {
			if _, _, err := r.Render(octets, sms.GSM, f, i); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("got %v allocations", n)
	}
}

func TestARowOfAnExcludeFileThatCannotBeReadRefusesTheCampaign(t *testing.T) { // B5
	list := "number\n13800138000\nabc\n\"\"\n\u200b\n1380013800\n"
	d := campaign(t, "key: k\ntext: t\naudience: {files: [a.csv], exclude: [x.csv, y.csv]}", map[string]string{
		"a.csv": "number\n13800138001\n", "x.csv": "number\n13800138000\n", "y.csv": list,
	})
	_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
	var r *Refusal
	if !errors.As(err, &r) || r.File != d.Audience.Exclude[1] || r.Line != 3 || !strings.Contains(err.Error(), "2 rows whose number cannot be read") ||
		!strings.Contains(err.Error(), "y.csv:6)") || strings.Contains(err.Error(), "abc") {
		t.Errorf("got %v", err)
	}
}
