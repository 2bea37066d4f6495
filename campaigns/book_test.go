package campaigns

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// bookCampaign loads a definition beside the workbooks of the cases.
func bookCampaign(t *testing.T, definition string, files map[string]string) *Definition {
	t.Helper()
	if files == nil {
		files = map[string]string{}
	}
	paths, err := filepath.Glob("audience/testdata/*.xlsx")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(data)
	}
	return campaign(t, definition, files)
}

func planBooks(t *testing.T, definition string, files map[string]string) (*Summary, string, error) {
	t.Helper()
	var rejects bytes.Buffer
	s, err := bookCampaign(t, definition, files).Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Rejects: &rejects}, discard{})
	if err == nil {
		checkBalance(t, s)
	}
	return s, rejects.String(), err
}

// refusedWith holds a refusal against the words that it must have.
func refusedWith(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("it is not refused")
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %v, want %q in it", err, word)
		}
	}
}

func TestThePlanSaysWhichSheetsItHasRead(t *testing.T) { // B3, B4
	s, _, err := planBooks(t, "key: k\ntext: ((name))您好\naudience: {files: [hidden-first-sheet.xlsx, {file: two-sheets.xlsx, sheet: all}], exclude: [{file: two-sheets.xlsx, sheet: 浦东}]}", nil)
	if err != nil {
		t.Fatal(err)
	}
	// 13800138000 is in the visible sheet, and in 浦东, which is excluded.
	if s.Rows != 4 || s.Planned != 2 || s.Excluded["excluded"] != 2 {
		t.Errorf("got %d rows, %d planned, %v", s.Rows, s.Planned, s.Excluded)
	}
	want := []struct {
		sheets, hidden []string
		exclude        bool
	}{{[]string{"浦东"}, nil, true}, {[]string{"名单"}, []string{"旧名单"}, false}, {[]string{"浦东", "徐汇"}, nil, false}}
	if len(s.Books) != len(want) {
		t.Fatalf("got %+v", s.Books)
	}
	for i, w := range want {
		b := s.Books[i]
		if d := gocmp.Diff(w.sheets, b.Sheets) + gocmp.Diff(w.hidden, b.Hidden); d != "" || b.Exclude != w.exclude {
			t.Errorf("%s: %s", b.File, d)
		}
	}
	if got := s.LineText(1, s.Samples[0].Line); got != "徐汇!2" {
		t.Errorf("the first sample is in line %s, want 徐汇!2", got)
	}
	_, _, err = planBooks(t, "key: k\ntext: t\naudience: {files: [two-sheets.xlsx]}", nil)
	refusedWith(t, err, "two-sheets.xlsx: has rows in 2 sheets", "sheet: all")
	_, _, err = planBooks(t, "key: k\ntext: t\naudience: {files: [filtered-rows.xlsx], exclude: [two-sheets.xlsx]}", nil)
	refusedWith(t, err, "two-sheets.xlsx: has rows in 2 sheets", "sheet: all")
	_, _, err = planBooks(t, "key: k\ntext: t\naudience: {files: [filtered-rows.xlsx], exclude: [error-cells.xlsx]}", nil)
	refusedWith(t, err, "error-cells.xlsx:2", "cell B2 shows an error")
	s, _, err = planBooks(t, "key: k\ntext: t\naudience: {files: [{file: two-sheets.xlsx, sheet: 浦东}, {file: two-sheets.xlsx, sheet: 徐汇}]}", nil)
	if err != nil || s.Planned != 3 {
		t.Errorf("two sheets named one by one: got %v", err)
	}
	_, _, err = planBooks(t, "key: k\ntext: t\naudience: {files: [{file: two-sheets.xlsx, sheet: 浦东}, {file: two-sheets.xlsx, sheet: 浦东}]}", nil)
	refusedWith(t, err, "is there twice")
}

func TestHiddenRowsAreSentToAndWarnedOf(t *testing.T) { // B30
	s, _, err := planBooks(t, "key: k\ntext: t\naudience: {files: [filtered-rows.xlsx]}", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Warning{{Kind: WarnFilteredRows, Count: 1, What: "filtered-rows.xlsx: 1"}}
	if d := gocmp.Diff(want, s.Warnings()); d != "" || s.Planned != 2 {
		t.Errorf("%d planned: %s", s.Planned, d)
	}
}

func TestMergedCellsAreNamedWhereValuesAreMissing(t *testing.T) { // B13
	const definition = "key: k\ntext: ((name))您好，((road))已被淹没。\naudience: {files: [merged-cells.xlsx]"
	_, _, err := planBooks(t, definition+"}", nil)
	refusedWith(t, err, "merged-cells.xlsx:3", "2 of 3 rows have no value", "merged cells", "merged-cells.xlsx: C2:C4")
	s, _, err := planBooks(t, definition+", missing: exclude}", nil)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, w := range s.Warnings() {
		kinds = append(kinds, w.Kind)
	}
	if d := gocmp.Diff([]string{WarnMissingExcluded, WarnMerged}, kinds); d != "" {
		t.Error(d)
	}
}

func TestCellsThatShowErrorsAreMalformedRowsOfThePlan(t *testing.T) { // B14
	s, rejects, err := planBooks(t, "key: k\ntext: ((name))您好\naudience: {files: [error-cells.xlsx]}", nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows != 4 || s.Planned != 2 || s.Excluded["malformed"] != 2 {
		t.Errorf("got %d rows, %d planned, %v", s.Rows, s.Planned, s.Excluded)
	}
	if got := []string{s.Samples[0].Text, s.Samples[1].Text}; got[0] != "TRUE您好" || got[1] != "李四您好" {
		t.Errorf("got %q", got)
	}
	for _, line := range []string{"error-cells.xlsx,2,malformed", "error-cells.xlsx,4,malformed"} {
		if !strings.Contains(rejects, line) {
			t.Errorf("got the rejects %s, want %s", rejects, line)
		}
	}
}

func TestDigitsThatASpreadsheetHasLostAreNoNumber(t *testing.T) { // B11
	s, _, err := planBooks(t, "key: k\ntext: ((name))\naudience: {files: [numbers.xlsx]}", nil)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, sample := range s.Samples {
		texts = append(texts, sample.Text)
	}
	// A digit is missing, three are written with an exponent as text, one has a fraction.
	if s.Rows != 8 || s.Planned != 3 || s.Excluded["invalid"] != 5 {
		t.Errorf("got %d rows, %d planned, %v, %q", s.Rows, s.Planned, s.Excluded, texts)
	}
}

func TestDatesAndDecimalsAreSentAsTheWorkbookShowsThem(t *testing.T) { // B12
	s, _, err := planBooks(t, "key: k\ntext: ((name))您好，((date))((time))起暴雨，气温((temp))℃，概率((rain))，请注意。\naudience: {files: [dates-decimals.xlsx]}", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Samples[0].Text, "张三您好，2026年12月1日8:30起暴雨，气温37.8℃，概率80%，请注意。"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
