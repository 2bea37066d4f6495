package campaigns

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"tocsin/providers/sms"
)

var update = flag.Bool("update", false, "write the committed schema again")

const samples = "../configs/campaigns"

func TestSchemaIsTheCommittedOne(t *testing.T) {
	got, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(samples, "campaign.schema.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("run go test ./campaigns -run Schema -update:\n%s", d)
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("campaign.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("campaign.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSamples(t *testing.T) {
	s := schema(t)
	paths, err := filepath.Glob(samples + "/*.yaml")
	if err != nil || len(paths) != 5 {
		t.Fatalf("got %d samples (%v), want 5", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(source, []byte("# yaml-language-server: $schema=campaign.schema.json\n")) {
				t.Error("the first line does not name the schema")
			}
			var value any
			if err := yaml.Unmarshal(source, &value); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(instance); err != nil {
				t.Error(err)
			}
			d, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(path) == "fraud-loan-officer.yaml" {
				c, err := sms.Encode(nil, d.whole(d.Texts[0].Text))
				if err != nil || c.Segments != 1 || c.Coding != sms.UCS2 || strings.Contains(d.Texts[0].Text, "((") {
					t.Errorf("got %d segments of %v (%v), want one of UCS-2 without placeholders", c.Segments, c.Coding, err)
				}
				return // its audience is made up when it is needed
			}
			sum, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
			if err != nil {
				t.Fatal(err)
			}
			checkBalance(t, sum)
			for _, x := range sum.Samples {
				t.Logf("%d segments: %s", x.Segments, x.Text)
			}
		})
	}
}

// refused are definitions that Parse refuses.
var refused = []struct{ name, source, want string }{
	{"an unknown key", "key: k\ntext: t\naudiense: {files: [a]}", `c.yaml:3:1: there is no key "audiense" here: did you mean "audience"?`},
	{"an unknown key inside", "key: k\ntext: t\naudience: {files: [a], wheer: x}", `c.yaml:3:24: there is no key "wheer" here: did you mean "where"?`},
	{"a key twice", "key: k\nkey: j\ntext: t", "c.yaml:2:1: "},
	{"a tab", "key: k\n\ttext: t", "c.yaml:2:1: "},
	{"a wrong type", "key: k\ntext: t\naudience: {files: [a], expect: {min: many}}", "c.yaml:3:"},
	{"brackets without end", "key: k\ntext: t\naudience: " + strings.Repeat("[", 200_000), "c.yaml:3:43: more than 32 lists stand inside each other: write it plainly"},
	{"keys without end", "key: k\ntext: t\naudience: " + strings.Repeat("{a: ", 50_000), "more than 32 lists"},
	{"dashes without end", "key: k\ntext: t\naudience:\n  - " + strings.Repeat("- ", 100_000), "more than 32 lists"},
	{"a table", "key: k\n" + strings.Repeat("# 13800138000\n", 20_000), "a campaign has at most 262144 octets: is this the audience?"},
	{"aliases of aliases", "key: k\ntext: t\nroutes:\n- &a [x, x]\n" + strings.Repeat("- &a [*a, *a, *a]\n", 20), "c.yaml:15:15: there are more than 32 aliases (*name): write it plainly"},
	{"two documents", "key: k\n---\nkey: j\n", "one YAML document, this file has 2"},
	{"nothing", "", "c.yaml: is empty: a campaign needs key, text and audience at least"},
	{"a list", "- key: k", "c.yaml:1:1: this must be keys and values"},
	{"yes for true", "key: k\ntext: t\naudience: {files: [a]}\nreceipts: {wanted: yes}", "c.yaml:4:20: this must be true or false"},
	{"a file without a list", "key: k\ntext: t\naudience: {files: a.csv}", "c.yaml:3:19: this must be a list"},
	{"files without their key", "key: k\ntext: t\naudience: a.csv", "c.yaml:3:11: this must be keys and values"},
	{"a number for keys", "key: k\ntext: t\naudience: {files: [a], expect: 5}", "this must be keys and values"},
	{"a list for a text", "key: [k]\ntext: t", "c.yaml:1:6: this must be a text"},
	{"a language twice", "key: k\nlanguage: l\ntexts: {zh: a, ZH: b}\naudience: {files: [a]}", "there are two texts of language ZH"},
	{"a signature twice", "key: k\nsignature: S\ntext: 【S】t\naudience: {files: [a]}", "c.yaml:3:7: the text begins with 【S】"},
	{"a signature that is two", "key: k\nsignature: 【A】【B】\ntext: t\naudience: {files: [a]}", "c.yaml:2:12: signature is a name alone"},
	{"a sender that no carrier takes", "key: k\nsender: 反诈中心\ntext: t\naudience: {files: [a]}", "c.yaml:2:9: sender is a number or a name of at most 20 ASCII"},
	{"a text with a NUL", "key: k\ntext: \"a\\0b\"\naudience: {files: [a]}", "the text holds the control character U+0000"},
	{"a prefix with a plus sign", "key: k\ntext: t\naudience: {files: [a]}\nroutes: [{prefix: '+86', to: [a]}]", `c.yaml:4:19: prefix "+86" will not do`},
	{"no key", "text: t\naudience: {files: [a]}", "c.yaml: key must be"},
	{"a key with spaces", "key: a b\ntext: t", "c.yaml:1:6: key must be"},
	{"an unknown class", "key: k\nclass: fast\ntext: t", "c.yaml:2:8: class is \"fast\": it must be routine, urgent or emergency"},
	{"no text", "key: k\naudience: {files: [a]}", "there is no text"},
	{"text and texts", "key: k\ntext: t\ntexts: {en: t}\nlanguage: l", "both text and texts"},
	{"texts without language", "key: k\ntexts: {en: t}", "c.yaml:2:8: texts need language"},
	{"a text that is no text", "key: k\nlanguage: l\ntexts: {en: [1]}", "the text of language en is no text"},
	{"an open placeholder", "key: k\ntext: hello ((name)", "c.yaml:2:7: the text: a placeholder is not closed"},
	{"an empty placeholder", "key: k\ntext: hello (( ))", "a placeholder is empty"},
	{"a text that is too long", "key: k\ntext: " + strings.Repeat("警", 1073), "the text: text is too long: it needs 17 segments"},
	{"no audience", "key: k\ntext: t", "there is no audience"},
	{"an impossible expectation", "key: k\ntext: t\naudience: {files: [a], expect: {min: 5, max: 2}}", "expect is from 5 to 2"},
	{"half a window", "key: k\ntext: t\naudience: {files: [a]}\nschedule: {window: {from: '08:00'}}", "a window needs both"},
	{"a window that is no time", "key: k\ntext: t\naudience: {files: [a]}\nschedule: {window: {from: '8', to: '09:00'}}", `c.yaml:4:27: "8" is no time of day`},
	{"a zone that is none", "key: k\ntext: t\naudience: {files: [a]}\nschedule: {window: {from: '08:00', to: '09:00', zone: Mars}}", `there is no time zone "Mars"`},
	{"a start that is no time", "key: k\ntext: t\naudience: {files: [a]}\nschedule: {start: tomorrow}", `"tomorrow" is no time`},
	{"an end before the start", "key: k\ntext: t\naudience: {files: [a]}\nschedule: {start: 2026-01-02 08:00, expires: 2026-01-02 07:00}", "expires before it starts"},
	{"a wait that is no time", "key: k\ntext: t\naudience: {files: [a]}\nreceipts: {wait: long}", `"long" is no length of time`},
	{"an unknown policy", "key: k\ntext: t\naudience: {files: [a]}\nin_doubt: maybe", "in_doubt is \"maybe\""},
	{"a route for nothing", "key: k\ntext: t\naudience: {files: [a]}\nroutes: [{to: [a]}]", "a route is for a carrier or for a prefix"},
	{"a route to nowhere", "key: k\ntext: t\naudience: {files: [a]}\nroutes: [{prefix: '86'}]", "a route leads nowhere"},
	{"a reply that is punctuation", "key: k\ntext: t\naudience: {files: [a]}\nreplies: {'?': puzzled}", `c.yaml:4:10: the reply "?" cannot be told from others`},
	{"a reply twice", "key: k\ntext: t\naudience: {files: [a]}\nreplies: {a: safe, Ａ: hurt}", `the replies "a" and "Ａ" are one`},
	{"a reply that opts out", "key: k\ntext: t\naudience: {files: [a]}\nreplies: {td: safe}", `the reply "td" is how people opt out, or in again`},
	{"a reply that says nothing", "key: k\ntext: t\naudience: {files: [a]}\nreplies: {1: ''}", `the reply "1" wants 1 to 40 characters`},
	{"a reply that is no text", "key: k\ntext: t\naudience: {files: [a]}\nreplies: {1: [safe]}", "what the reply 1 says of a person is no text"},
	{"an override that is no emergency", "key: k\nclass: urgent\ntext: t\naudience: {files: [a]}\noverride_suppression: true\noverride_reason: flood", "c.yaml:5:23: override_suppression sends to people who opted out, and is for class emergency alone: this one is urgent"},
	{"an override without a reason", "key: k\nclass: emergency\ntext: t\naudience: {files: [a]}\noverride_suppression: true", "override_suppression wants override_reason"},
	{"a reason for no override", "key: k\ntext: t\naudience: {files: [a]}\noverride_reason: flood", "override_reason is for override_suppression: true, which is not there"},
	{"another encoding", "key: k\ntext: \xb7\xb4", "is not UTF-8"},
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("c.yaml", []byte(tt.source))
			var r *Refusal
			if !errors.As(err, &r) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a refusal with %q", err, tt.want)
			}
		})
	}
}

func TestParseFillsInDefaults(t *testing.T) {
	d, err := Parse("/x/c.yaml", []byte("key: k\nsignature: 【S】\ntext: t\naudience: {files: [a.csv, /b.csv]}"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Title != "k" || d.Class != sms.Routine || d.Signature != "S" || d.Resends() || !d.Receipts.Wanted || d.Receipts.Wait != time.Hour {
		t.Errorf("got %+v", d)
	}
	if diff := cmp.Diff([]string{"/x/a.csv", "/b.csv"}, d.Audience.Files); diff != "" {
		t.Error(diff)
	}
	e, err := Parse("/x/c.yaml", []byte(`{key: k, class: emergency, text: t, receipts: {wanted: false, wait: 5m},
		audience: {files: [a]}, schedule: {start: "2026-07-01 08:00", expires: "2026-07-01T03:00:00Z", window: {from: "22:00", to: "06:00", zone: Asia/Shanghai}}}`))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	if !e.Resends() || e.Receipts.Wanted || e.Receipts.Wait != 5*time.Minute || !e.Schedule.Start.Equal(start) || !e.Schedule.Expires.Equal(start.Add(3*time.Hour)) {
		t.Errorf("got %+v", e)
	}
	marked, err := Parse("c.yaml", []byte("\ufeffkey: k\r\ntext: t\r\naudience: {files: [a]}\r\nschedule: {window: {from: '20:00', to: '24:00', zone: UTC}}\r\n"))
	if err != nil || marked.Key != "k" || marked.Texts[0].Text != "t" {
		t.Fatalf("got %+v, %v", marked, err)
	}
	if w := marked.Schedule.Window; !w.Contains(time.Date(2026, 7, 1, 23, 59, 59, 0, time.UTC)) || w.Contains(time.Date(2026, 7, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got the window %+v, want the last four hours of the day", w)
	}
	for hour, want := range map[int]bool{13: false, 14: true, 21: true, 22: false} { // UTC; Shanghai is eight hours ahead
		if got := e.Schedule.Window.Contains(time.Date(2026, 7, 1, hour, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("%d:00 UTC: got %v, want %v", hour, got, want)
		}
	}
}

func TestHash(t *testing.T) {
	const source = "key: k\ntext: t\naudience: {files: [a.csv]}\n"
	hash := func(path, s string) string {
		d, err := Parse(path, []byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return d.Hash()
	}
	was := hash("c.yaml", source)
	if hash("elsewhere/c.yaml", source+"title: T\nin_doubt: resend\n") != was {
		t.Error("the folder, title and policy change the hash")
	}
	for _, s := range []string{source + "sender: x\n", source + "signature: s\n", strings.Replace(source, "text: t", "text: u", 1), strings.Replace(source, "a.csv]", "a.csv], where: x", 1)} {
		if hash("c.yaml", s) == was {
			t.Errorf("the hash does not change with %q", s)
		}
	}
}

func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob(samples + "/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		d, err := Parse("c.yaml", source)
		if err != nil {
			var r *Refusal
			if !errors.As(err, &r) {
				t.Fatalf("got %v, want a refusal", err)
			}
			return
		}
		again, err := Parse("c.yaml", []byte(d.Source))
		if err != nil || again.Hash() != d.Hash() {
			t.Fatalf("got another campaign from its own source (%v)", err)
		}
	})
}

// fieldsFor makes fields of rows.
func fieldsFor(rows ...[]string) *Fields {
	f := &Fields{rows: len(rows), columns: len(rows[0])}
	for c := range f.columns {
		for _, row := range rows {
			f.data = append(f.data, row[c]...)
			f.ends = append(f.ends, uint32(len(f.data)))
		}
	}
	return f
}

func TestFields(t *testing.T) {
	f := fieldsFor([]string{"1", "Ann", ""}, []string{"22", "", strings.Repeat("x", 300)})
	got, err := ParseFields(f.AppendBinary(nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f, got, cmp.AllowUnexported(Fields{})); d != "" {
		t.Error(d)
	}
	if v := got.Value(1, 0); string(v) != "Ann" || len(got.Value(2, 1)) != 300 || got.Value(3, 0) != nil || got.Value(0, 2) != nil || got.Value(-1, 0) != nil {
		t.Errorf("got %q", v)
	}
	if _, err := ParseFields((&Fields{}).AppendBinary(nil)); err != nil {
		t.Errorf("no fields: got %v", err)
	}
}

func FuzzParseFields(f *testing.F) {
	f.Add(fieldsFor([]string{"1", "Ann"}, []string{"2", ""}).AppendBinary(nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 7, 0xff, 0xff, 0xff, 0xff, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := ParseFields(data)
		if err != nil {
			return
		}
		for c := range fields.Columns() {
			for i := range fields.Rows() {
				fields.Value(c, i)
			}
		}
		again, err := ParseFields(fields.AppendBinary(nil))
		if err != nil || !cmp.Equal(fields, again, cmp.AllowUnexported(Fields{})) {
			t.Fatalf("got %+v, want %+v (%v)", again, fields, err)
		}
	})
}

func renderer(t testing.TB, text string, columns ...string) *Renderer {
	t.Helper()
	d := &Definition{Texts: []Text{{Text: text}}}
	r, err := NewRenderer(d, columns)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRender(t *testing.T) {
	f := fieldsFor([]string{"Ann", "north"}, []string{"张三", "浦东"}, []string{"", ""}, []string{strings.Repeat("x", 3000), ""})
	r := renderer(t, "((name)), ((town)): go [now]", "name", "town")
	want := []string{"Ann, north: go [now]", "张三, 浦东: go [now]", ", : go [now]"}
	octets := make([]byte, 0, 16)
	var contents []sms.Content
	for i := range want {
		c, rest, err := r.Render(octets, sms.GSM, f, i)
		if err != nil {
			t.Fatal(err)
		}
		octets, contents = rest, append(contents, c)
	}
	for i, c := range contents {
		if got := string(c.AppendText(nil)); got != want[i] || (c.Coding == sms.UCS2) != (i == 1) || c.Segments != 1 {
			t.Errorf("got %q in %v, want %q", got, c.Coding, want[i])
		}
	}
	if _, rest, err := r.Render(octets, sms.GSM, f, 3); !errors.Is(err, sms.ErrTooLong) || len(rest) != len(octets) {
		t.Errorf("got %v, want %v", err, sms.ErrTooLong)
	}
	same := renderer(t, "for all", "name")
	a, _, _ := same.Render(nil, sms.GSM, f, 0)
	b, rest, err := same.Render(octets, sms.GSM, f, 1)
	if err != nil || !a.Same(b) || !slices.Equal(rest, octets) {
		t.Error("a text without placeholders is not the same memory each time")
	}
}

func TestRenderAllocatesNothing(t *testing.T) {
	f := fieldsFor([]string{"张三", "浦东"})
	r := renderer(t, "((name))您好，((town))道路积水", "name", "town")
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { r.Render(dst, sms.GSM, f, 0) }); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func BenchmarkRender(b *testing.B) {
	f := fieldsFor([]string{"13800138000", "张三丰", "浦东新区"})
	r := renderer(b, "【反诈中心】((name))您好，((town))近期多发贷款诈骗，凡是放款前要求先交钱的都是诈骗，请勿转账。", "number", "name", "town")
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		r.Render(dst, sms.GSM, f, 0)
	}
}

func TestOnlyTextsThatDependOnFieldsReadThem(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Definition
		want bool
	}{
		{"one text for all", Definition{Texts: []Text{{Text: "for all"}}}, false},
		{"a placeholder", Definition{Texts: []Text{{Text: "((name)), go"}}}, true},
		{"a placeholder in the second", Definition{Language: "town", Texts: []Text{{Language: "en", Text: "go"}, {Language: "fr", Text: "((name))"}}}, true},
		{"the language of each", Definition{Language: "town", Texts: []Text{{Language: "en", Text: "go"}, {Language: "fr", Text: "partez"}}}, true},
	} {
		r, err := NewRenderer(&c.d, []string{"name", "town"})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Reads(); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if !c.want {
			if _, _, err := r.Render(nil, sms.GSM, nil, 7); err != nil {
				t.Errorf("%s: got %v without fields, want none needed", c.name, err)
			}
		}
	}
}
