package campaigns

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"tocsin/campaigns/audience"
)

// reached keeps who gets what.
type reached struct{ numbers []string }

func (s *reached) AddBatch(b *Batch) error {
	for _, n := range b.Numbers {
		s.numbers = append(s.numbers, n.Digits())
	}
	return nil
}

func (s *reached) AddExclusions([]Exclusion) error { return nil }

func TestAStrayQuotationMarkCostsItsOwnRowAlone(t *testing.T) { // B1
	tests := []struct {
		name, file string
		planned    string
		malformed  string // lines
		lines      audience.Lines
	}{
		{
			"a mark that is closed in a later row", "number,name\n13800138000,\"张三\n13800138001,李四\n13800138002,\"王五\"\n13800138003,赵六\n",
			"8613800138001 8613800138002 8613800138003", "2",
			audience.Lines{Header: 1, Rows: 4},
		},
		{
			"text behind the closing mark", "number,name\n13800138000,\"张三\" 户主\n13800138001,李四\n13800138002,\"王五\"\n",
			"8613800138001 8613800138002", "2",
			audience.Lines{Header: 1, Rows: 3},
		},
		{
			"a remark that no text uses", "number,name,remark\n13800138000,张三,\"12栋\" 3单元\n13800138001,李四,x\n13800138002,王五,\"y\"\n",
			"8613800138001 8613800138002", "2",
			audience.Lines{Header: 1, Rows: 3},
		},
		{
			"windows", "number,name\r\n13800138000,\"张三\r\n13800138001,李四\r\n13800138002,\"王五\"\r\n\r\n13800138003,\"赵\r\n六\"\r\n",
			"8613800138001 8613800138002 8613800138003", "2",
			audience.Lines{Header: 1, Rows: 4, Parts: 1, Blank: 1},
		},
		{
			"tabs", "number\tname\n13800138000\t\"张三\n13800138001\t李四\n13800138002\t\"王五\"\n",
			"8613800138001 8613800138002", "2",
			audience.Lines{Header: 1, Rows: 3},
		},
		{
			"B30: one lone carriage return", "number,name\r\n13800138000,a\r13800138001,b\r\n13800138002,c\n13800138003,d\r\r\n",
			"8613800138000 8613800138001 8613800138002 8613800138003", "",
			audience.Lines{Header: 1, Rows: 4, Blank: 1},
		},
		{"B20: space before the marks", "number, name\n13800138000, \"张三\"\n13800138001, '李四'\n", "8613800138000 8613800138001", "", audience.Lines{Header: 1, Rows: 2}},
		{"a header of two lines", "number,\"na\nme\",name\n13800138000,a,b\n", "8613800138000", "", audience.Lines{Header: 1, Rows: 1, Parts: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := campaign(t, "key: k\ntext: ((name))您好\naudience: {files: [a.csv]}", map[string]string{"a.csv": tt.file})
			var rejects bytes.Buffer
			var got reached
			s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Rejects: &rejects}, &got)
			if err != nil {
				t.Fatal(err)
			}
			checkBalance(t, s)
			if diff := gocmp.Diff(tt.planned, strings.Join(got.numbers, " ")); diff != "" {
				t.Error(diff)
			}
			if diff := gocmp.Diff([]audience.Lines{tt.lines}, s.FileLines); diff != "" {
				t.Error(diff)
			}
			records, err := csv.NewReader(&rejects).ReadAll()
			if err != nil && tt.malformed != "" {
				t.Fatal(err)
			}
			var lines []string
			for i, r := range records {
				if i > 0 {
					lines = append(lines, r[1])
					if r[2] != "malformed" {
						t.Errorf("got the reason %s", r[2])
					}
				}
			}
			if diff := gocmp.Diff(tt.malformed, strings.Join(lines, " ")); diff != "" {
				t.Error(diff)
			}
			for _, x := range s.Samples {
				if strings.ContainsAny(x.Text, `"1`) {
					t.Errorf("got the text %q", x.Text)
				}
			}
		})
	}
}

func TestACellThatTakesInAPersonRefuses(t *testing.T) { // B1, B2
	const people = "number,name\n13800138000,张三\n"
	tests := map[string]struct{ file, want string }{
		"a row between":             {"number,name\n13800138009,x\n13800138000,\"张三\n13800138001,李四\n13800138002,\"\n", "x.csv:3: "},
		"the row that closes it":    {"number,name\n13800138000,\"张三\n+86 138 0013 8001,李四\"\n", "x.csv:2: "},
		"a name before the number":  {"name,number\n\"张三,13800138000\n李四,13800138001\"\n", "x.csv:2: "},
		"a mark that is not closed": {"number,name\n13800138009,x\n13800138000,\"张三\n13800138001,李四\n", "x.csv:3: a quotation mark is not closed"},
	}
	for name, tt := range tests {
		for _, list := range []string{"files: [x.csv]", "files: [people.csv], exclude: [x.csv]"} {
			t.Run(name+" "+list, func(t *testing.T) {
				d := campaign(t, "key: k\ntext: t\naudience: {"+list+"}", map[string]string{"people.csv": people, "x.csv": tt.file})
				_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
				refusedAt(t, err, tt.want)
			})
		}
	}
}

// refusedAt wants a refusal that quotes no row.
func refusedAt(t *testing.T, err error, want string) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got %v, want a refusal with %q", err, want)
	}
	if err != nil && (strings.Contains(err.Error(), "138001380") || strings.Contains(err.Error(), "张三")) {
		t.Errorf("the error quotes a row: %v", err)
	}
}

func TestAMalformedRowOfAnExcludeListRefuses(t *testing.T) { // B2
	for name, file := range map[string]string{
		"a mark that is closed in a later row": "number,name\n13800138000,\"张三\n13800138001,李四\n13800138002,\"王五\"\n",
		"text behind the closing mark":         "number,name\n13800138000,\"张三\" 户主\n13800138001,李四\n",
		"a column that nobody looks at":        "name,number\n5\" x,13800138000\n",
	} {
		t.Run(name, func(t *testing.T) {
			d := campaign(t, "key: k\ntext: t\naudience: {files: [a.csv], exclude: [x.csv]}", map[string]string{"a.csv": "number\n13800138000\n", "x.csv": file})
			_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
			refusedAt(t, err, "x.csv:2: ")
			refusedAt(t, err, "correct this row, as everybody in an exclude file must be read")
		})
	}
}

func TestErrorsAboutColumnsQuoteNoRow(t *testing.T) { // B27, E7
	for name, tt := range map[string]struct{ head, audience, want string }{
		"no headings":                       {"13800138000,张三\n", "", "a.csv:1: the first row must name the columns"},
		"no headings, no valid number":      {"138001380,张三\n", "", "a.csv:1: no column holds telephone numbers by its name"},
		"no headings, a name that is meant": {"13800138000,张三\n", ", columns: {number: 手机号}", "a.csv:1: there is no column"},
		"an open mark":                      {"number,\"name\n13800138000,张三\n13800138001,\"\n", "", "a.csv:1: the name of column 2"},
	} {
		t.Run(name, func(t *testing.T) {
			d := campaign(t, "key: k\ntext: ((name))\naudience: {files: [a.csv]"+tt.audience+"}", map[string]string{"a.csv": tt.head + "13800138002,王五\n"})
			_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
			refusedAt(t, err, tt.want)
		})
	}
}

func TestColumnsAreFoundByWhatPeopleSee(t *testing.T) { // B26
	for name, tt := range map[string]struct{ file, columns string }{
		"zero-width characters":       {"手机号\u200b,姓名\u200b\n13800138000,张三\n", ""},
		"a line break in the heading": {"\"手机\n号码\",姓名\n13800138000,张三\n", ""},
		"space in the heading":        {"手 机 号,姓名\n13800138000,张三\n", ""},
		"a name copied with one":      {"联系人电话,姓名\n13800138000,张三\n", ", columns: {number: 联系人电话\u200b}"},
		"sep=;":                       {"sep=;\n手机号;姓名\n13800138000;张三\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := campaign(t, "key: k\ntext: ((姓名))您好\naudience: {files: [a.csv]"+tt.columns+"}", map[string]string{"a.csv": tt.file})
			s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
			if err != nil {
				t.Fatal(err)
			}
			if s.Planned != 1 || s.Samples[0].Text != "张三您好" {
				t.Errorf("got %+v", s.Samples)
			}
		})
	}
}

func TestControlCharactersOfValuesAreNotSent(t *testing.T) { // B20
	const rows = "number,name,remark\n13800138000,a\x01b,x\n13800138001,\"a\tb\",x\n13800138002,abcdefgh\x7f,x\n13800138003,abcdefghijk\x1fl,x\n" +
		"13800138004,\"a\nb\",x\n13800138005,c,\"no\ttext\x01 has it\"\n13800138006,张三\u0080,x\n"
	d := campaign(t, "key: k\ntext: ((name))您好\naudience: {files: [a.csv]}", map[string]string{"a.csv": rows})
	var rejects bytes.Buffer
	var got reached
	s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Rejects: &rejects}, &got)
	if err != nil {
		t.Fatal(err)
	}
	checkBalance(t, s)
	if diff := gocmp.Diff("8613800138004 8613800138005 8613800138006", strings.Join(got.numbers, " ")); diff != "" {
		t.Error(diff)
	}
	if s.Excluded["malformed"] != 4 || strings.Count(rejects.String(), ",malformed,13800138") != 4 {
		t.Errorf("got %v and the rejects %q", s.Excluded, rejects.String())
	}
}

func TestControlLooksAtEveryOctet(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				value := bytes.Repeat([]byte("é"), 10)[:n]
				value[at] = byte(c)
				if want := bytes.ContainsAny(value[at:at+1], "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"); control(value) != want {
					t.Fatalf("%q: got %v, want %v", value, !want, want)
				}
			}
		}
	}
}
