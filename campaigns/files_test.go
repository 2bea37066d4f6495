package campaigns

import (
	"bytes"
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// excludedOf are the reasons that have rows.
func excludedOf(s *Summary) map[string]int {
	some := map[string]int{}
	for name, n := range s.Excluded {
		if n > 0 {
			some[name] = n
		}
	}
	return some
}

func TestPlansOfFilesAsPeopleSendThem(t *testing.T) {
	const head = "number,name,district\n"
	tests := []struct {
		name    string
		file    string
		rows    int
		planned int
		out     map[string]int
		lines   string // file lines of the rejects
	}{
		{"all ways to write a number", head + "13800138000,a,x\n１３９００１３９０００,b,x\n+8613700137000,c,x\n008613600136000,d,x\n86 135 0013 5000,e,x\n" +
			"(0086)134-0013-4000,f,x\n'13300133000,g,x\n\"=\"\"13200132000\"\"\",h,x\n", 8, 8, nil, ""},
		{"numbers of other countries have no route here", head + "+44 7911 123456,a,x\n0044 7911 123457,b,x\n+1 (650) 253-0000,c,x\n13800138000,d,x\n", 4, 1, map[string]int{"unroutable": 3}, "2 3 4"},
		{
			"quoted cells of several lines", head + "13800138000,\"张\n三\",x\n\"13800138001\",\"a \"\"q\"\" b\",\"x,y\"\nbad,\"many\nlines\",z\n13800138001,again,z\n", 4, 2,
			map[string]int{"invalid": 1, "duplicate": 1},
			"5 7",
		},
		{"empty lines and blank rows", "\n\n" + head + "\n\n13800138000,a,b\n\n   \n,,\nbad,a,b\n", 4, 1, map[string]int{"invalid": 3}, "8 9 10"},
		{"more cells than columns", head + "13800138000,a,b,c\n13800138001,a\n13800138002,a,b,\n", 3, 2, map[string]int{"invalid": 1}, "2"},
		{"carriage returns alone", strings.ReplaceAll(head+"13800138000,a,b\nbad,c,d\n", "\n", "\r"), 2, 1, map[string]int{"invalid": 1}, "3"},
		{"a number in every spelling is one person", head + "13800138000,a,x\n+86 138 0013 8000,b,x\n０086１３８００１３８０００,c,x\n", 3, 1, map[string]int{"duplicate": 2}, "3 4"},
		{"no newline at the end", head + "13800138000,a,b\n13800138001,c,d", 2, 2, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// A second file of other columns in another order: the sums are over both.
			d := campaign(t, "key: k\ntext: t ((name))\naudience: {files: [a.csv, b.tsv]}", map[string]string{
				"a.csv": tt.file, "b.tsv": "name\tage\t手机号\r\nB\t61\t13011111111\r\n",
			})
			var rejects bytes.Buffer
			s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Rejects: &rejects}, discard{})
			if err != nil {
				t.Fatal(err)
			}
			checkBalance(t, s)
			if tt.out == nil {
				tt.out = map[string]int{}
			}
			if s.Rows != tt.rows+1 || s.Planned != tt.planned+1 {
				t.Errorf("got %d rows and %d planned, want %d and %d", s.Rows, s.Planned, tt.rows+1, tt.planned+1)
			}
			if diff := gocmp.Diff([]int{tt.rows, 1}, s.FileRows); diff != "" {
				t.Error(diff)
			}
			if diff := gocmp.Diff(tt.out, excludedOf(s)); diff != "" {
				t.Error(diff)
			}
			if l := s.Longest; l.File < 0 || l.File > 1 || s.Samples[0].File != 0 && s.Samples[0].File != 1 {
				t.Errorf("got %+v and %+v, want one of two files", l, s.Samples)
			}
			records, err := csv.NewReader(&rejects).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for i, r := range records {
				if i == 0 {
					if diff := gocmp.Diff([]string{"file", "line", "reason", "number", "name", "district", "age", "problem"}, r); diff != "" {
						t.Error(diff)
					}
					continue
				}
				lines = append(lines, r[1])
				if filepath.Base(r[0]) != "a.csv" {
					t.Errorf("got the file %s in %q", r[0], r)
				}
			}
			if got := strings.Join(lines, " "); got != tt.lines {
				t.Errorf("got rejects of the lines %q, want %q", got, tt.lines)
			}
		})
	}
}

func TestRejectsAreHarmlessInASpreadsheet(t *testing.T) {
	d := campaign(t, "key: k\ntext: t\naudience: {files: [a.csv]}", map[string]string{
		"a.csv": "number,=name\n=1+1,\"=cmd|' /C calc'!A0\"\nbad,@SUM(A1)\n13800138000,ok\n+861,-2\n",
	})
	var rejects bytes.Buffer
	if _, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Rejects: &rejects}, discard{}); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&rejects).ReadAll()
	if err != nil || len(records) != 4 {
		t.Fatalf("got %q (%v), want a header and three rows", records, err)
	}
	for _, r := range records {
		for _, cell := range r {
			if strings.ContainsAny(cell[:1], "=+-@") {
				t.Errorf("got the cell %q, which a spreadsheet runs", cell)
			}
		}
	}
}

func TestRejectsOfARefusedPlanAreWritten(t *testing.T) {
	d := campaign(t, "key: k\ntext: t\naudience: {files: [a.csv], expect: {min: 2}}", map[string]string{"a.csv": "number\nbad\n13800138000\n"})
	var rejects bytes.Buffer
	if _, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Rejects: &rejects}, discard{}); err == nil {
		t.Fatal("got a plan, want a refusal")
	}
	if !strings.HasSuffix(rejects.String(), "a.csv,2,invalid,bad,letters or signs that no telephone number has\n") {
		t.Errorf("got the rejects %q", rejects.String())
	}
	clean := campaign(t, "key: k\ntext: t\naudience: {files: [a.csv]}", map[string]string{"a.csv": "number\n13800138000\n"})
	rejects.Reset()
	if _, err := clean.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Rejects: &rejects}, discard{}); err != nil || rejects.Len() > 0 {
		t.Errorf("got the rejects %q of a clean file (%v)", rejects.String(), err)
	}
}

func TestALanguageWithoutATextGetsTheFirst(t *testing.T) {
	d := campaign(t, "key: k\nlanguage: lang\ntexts: {zh: 你好, en: hello}\naudience: {files: [a.csv]}", map[string]string{
		"a.csv": "number,lang\n13800138000,zh-CN\n13800138001,EN\n13800138002,fr\n13800138003,\n13800138004,en_GB\n",
	})
	s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(map[string]int{"zh": 3, "en": 2}, s.Languages); diff != "" || s.OtherLanguages != 2 {
		t.Errorf("got %d of other languages, want 2: %s", s.OtherLanguages, diff)
	}
}

func TestHowManyCharactersFewerSaveASegment(t *testing.T) {
	tests := []struct {
		name, text string
		name2      string // of the second recipient
		longest    Longest
		by         map[int]int
	}{
		{"one segment", strings.Repeat("警", 69) + "((name))", "B", Longest{70, 1, 0, 0, 2}, map[int]int{1: 2}},
		{"one too many", strings.Repeat("警", 69) + "((name))", "BC", Longest{71, 2, 1, 0, 3}, map[int]int{1: 1, 2: 1}},
		{"three segments", strings.Repeat("警", 135) + "((name))", "B", Longest{136, 3, 2, 0, 2}, map[int]int{3: 2}},
		{"GSM-7", strings.Repeat("x", 160) + "((name))", "B", Longest{161, 2, 1, 0, 2}, map[int]int{2: 2}},
		{"one text for all", strings.Repeat("x", 165), "B", Longest{165, 2, 5, 0, 2}, map[int]int{2: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := campaign(t, "key: k\ntext: "+tt.text+"\naudience: {files: [a.csv]}", map[string]string{"a.csv": "number,name\n13800138000,A\n13800138001," + tt.name2 + "\n"})
			s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
			if err != nil {
				t.Fatal(err)
			}
			checkBalance(t, s)
			if diff := gocmp.Diff(tt.longest, s.Longest); diff != "" {
				t.Error(diff)
			}
			if diff := gocmp.Diff(tt.by, s.BySegments); diff != "" {
				t.Error(diff)
			}
		})
	}
}
