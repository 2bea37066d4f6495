package audience

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	relationType  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	spreadsheetML = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
)

// A testSheet is a sheet of a workbook that a test makes.
type testSheet struct {
	name, state, kind string // kind "" is a worksheet
	rows              string // what stands in sheetData
	before, behind    string // what stands beside it
}

// testBook writes a workbook of these sheets. styles is the part of styles; book stands
// in the part of the workbook in front of the sheets.
func testBook(t testing.TB, styles, book string, sheets ...testSheet) string {
	t.Helper()
	var list, relations strings.Builder
	more := map[string]string{"xl/styles.xml": `<styleSheet ` + spreadsheetML + `>` + styles + `</styleSheet>`}
	for i, s := range sheets {
		kind, state := "worksheet", ""
		if s.kind != "" {
			kind = s.kind
		}
		if s.state != "" {
			state = ` state="` + s.state + `"`
		}
		part := fmt.Sprintf("part%d.xml", i+1)
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d"%s r:id="r%d"/>`, s.name, i+1, state, i+1)
		fmt.Fprintf(&relations, `<Relationship Id="r%d" Type="%s%s" Target="sheets/%s"/>`, i+1, relationType, kind, part)
		more["xl/sheets/"+part] = `<` + kind + ` ` + spreadsheetML + `>` + s.before + `<sheetData>` + s.rows + `</sheetData>` + s.behind + `</` + kind + `>`
	}
	more["xl/workbook.xml"] = `<workbook ` + spreadsheetML + ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` + book + `<sheets>` + list.String() + `</sheets></workbook>`
	more["xl/_rels/workbook.xml.rels"] = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + relations.String() +
		`<Relationship Id="s" Type="` + relationType + `styles" Target="styles.xml"/><Relationship Id="t" Type="` + relationType + `sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`
	return workbook(t, more, nil, nil)
}

// textRow writes a row of texts.
func textRow(row int, texts ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<row r="%d">`, row)
	for i, text := range texts {
		if text != "" {
			fmt.Fprintf(&b, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+i, row, text)
		}
	}
	return b.String() + `</row>`
}

// A reading is what a file gives: its rows, each with its line in front, and the lines of
// those that cannot be used.
type reading struct {
	columns   []string
	rows      [][]string
	malformed []string
	book      *Book
}

// readBook reads a workbook whose first column has telephone numbers. The values of all
// others are read.
func readBook(t testing.TB, path, sheet string) (reading, error) {
	t.Helper()
	f, err := OpenWith(path, Options{Sheet: sheet})
	if err != nil {
		return reading{}, err
	}
	defer f.Close()
	r := reading{columns: f.Columns(), book: f.Book()}
	var shown []int
	for i := range f.Columns() {
		shown = append(shown, i)
	}
	f.Use(0, shown)
	for {
		cells, line, err := f.Next()
		var row *RowError
		switch {
		case err == io.EOF:
			return r, nil
		case errors.As(err, &row):
			r.malformed = append(r.malformed, f.LineText(line)+": "+row.Why)
		case err != nil:
			return r, err
		default:
			texts := []string{f.LineText(line)}
			for _, c := range cells {
				texts = append(texts, string(c))
			}
			r.rows = append(r.rows, texts)
		}
	}
}

// wantRows reads a workbook that is not refused.
func wantRows(t *testing.T, path, sheet string, want ...[]string) reading {
	t.Helper()
	r, err := readBook(t, path, sheet)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if d := cmp.Diff(want, r.rows); d != "" {
		t.Error(d)
	}
	return r
}

// wantRefusal reads a workbook that is refused with all these words.
func wantRefusal(t *testing.T, path, sheet string, words ...string) {
	t.Helper()
	_, err := readBook(t, path, sheet)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %v, want %q in it", err, word)
		}
	}
}

func TestTheVisibleSheetIsReadAndNotAHiddenOne(t *testing.T) { // B3
	r := wantRows(t, "testdata/hidden-first-sheet.xlsx", "", []string{"2", "13800138000", "张三"})
	if d := cmp.Diff(&Book{Sheets: []string{"名单"}, Hidden: []string{"旧名单"}}, r.book); d != "" {
		t.Error(d)
	}
	header := textRow(1, "number", "name")
	visible, hidden := header+textRow(2, "13800138000", "张三"), header+textRow(2, "13900139000", "旧人")
	for _, state := range []string{"hidden", "veryHidden"} {
		path := testBook(t, "", "", testSheet{name: "a", state: state, rows: hidden}, testSheet{name: "b", state: "visible", rows: visible}, testSheet{name: "c", state: state, rows: hidden})
		r := wantRows(t, path, "", []string{"2", "13800138000", "张三"})
		if d := cmp.Diff([]string{"a", "c"}, r.book.Hidden); d != "" {
			t.Errorf("%s: %s", state, d)
		}
		wantRefusal(t, path, "a", `sheet "a" is hidden`)
	}
	wantRefusal(t, testBook(t, "", "", testSheet{name: "a", state: "hidden", rows: hidden}), "", "no visible sheet", `"a"`)
	wantRefusal(t, testBook(t, "", "", testSheet{name: "a", state: "hidden", rows: hidden}, testSheet{name: "b"}), "", "no visible sheet", `"a"`)
}

func TestSheetsThatHoldNoRowsAreSkipped(t *testing.T) { // B4
	for _, name := range []string{"chart-sheet-first", "empty-sheet-first"} {
		r := wantRows(t, "testdata/"+name+".xlsx", "", []string{"2", "13800138000", "张三"})
		if len(r.book.Skipped) != 1 {
			t.Errorf("%s: got %q, want the other sheet named", name, r.book.Skipped)
		}
	}
	rows := textRow(1, "number") + textRow(2, "13800138000")
	for _, kind := range []string{"chartsheet", "dialogsheet", "xlMacrosheet"} {
		path := testBook(t, "", "", testSheet{name: "a", kind: kind, rows: textRow(1, "x")}, testSheet{name: "b", rows: rows})
		wantRows(t, path, "", []string{"2", "13800138000"})
		wantRefusal(t, path, "a", `sheet "a" holds a chart`)
	}
	styled := `<row r="1"><c r="A1" s="0"/></row><row r="2" ht="30"/>`
	wantRows(t, testBook(t, "", "", testSheet{name: "a", rows: styled}, testSheet{name: "b", rows: rows}), "", []string{"2", "13800138000"})
	wantRefusal(t, testBook(t, "", "", testSheet{name: "a", rows: styled}, testSheet{name: "b"}), "", `"a", "b"`)
}

func TestSeveralVisibleSheetsWithRowsAreRefusedAndNamed(t *testing.T) { // B4
	const path = "testdata/two-sheets.xlsx"
	wantRefusal(t, path, "", `"浦东", "徐汇"`, "sheet: 浦东", "sheet: all")
	wantRows(t, path, "浦东", []string{"2", "13800138000", "张三"})
	wantRows(t, path, "徐汇", []string{"2", "13900139000", "李四"}, []string{"3", "13900139001", "王五"})
	wantRefusal(t, path, "静安", `no sheet "静安"`, `"浦东", "徐汇"`)
	r := wantRows(t, path, "all", []string{"浦东!2", "13800138000", "张三"}, []string{"徐汇!2", "13900139000", "李四"}, []string{"徐汇!3", "13900139001", "王五"})
	if d := cmp.Diff([]string{"浦东", "徐汇"}, r.book.Sheets); d != "" {
		t.Error(d)
	}
}

func TestTheColumnsOfAllSheetsAreJoinedByName(t *testing.T) { // B4
	path := testBook(t, "", "",
		testSheet{name: "a", rows: textRow(1, "number", "name", "road") + textRow(2, "1", "张三", "滨河路") + textRow(4, "2", "", "", "extra")},
		testSheet{name: "h", state: "hidden", rows: textRow(1, "number") + textRow(2, "9")},
		testSheet{name: "b", rows: textRow(3, "room", "name", "number") + textRow(5, "0302", "李四", "3") + `<row r="6"><c r="A6" t="e"><v>#N/A</v></c></row>`})
	r := wantRows(t, path, "all",
		[]string{"a!2", "1", "张三", "滨河路", ""},
		[]string{"a!4", "2", "", "", "", "extra"},
		[]string{"b!5", "3", "李四", "", "0302"})
	if d := cmp.Diff([]string{"number", "name", "road", "room"}, r.columns); d != "" {
		t.Error(d)
	}
	if len(r.malformed) != 1 || !strings.HasPrefix(r.malformed[0], "b!6: cell A6 shows an error") {
		t.Errorf("got %q, want row 6 of sheet b", r.malformed)
	}
	twice := testBook(t, "", "", testSheet{name: "a", rows: textRow(1, "number") + textRow(2, "1")}, testSheet{name: "b", rows: textRow(2, "name", "name")})
	wantRefusal(t, twice, "all", `a.xlsx:2`, `sheet "b"`, `two columns "name"`)
}

func TestRowsAndCellsOutOfOrderRefuseTheFile(t *testing.T) { // B6
	row := func(n int) string { return textRow(n, fmt.Sprint("1380013800", n), "x") }
	cell := func(place string) string { return `<c r="` + place + `"><v>1</v></c>` }
	head := textRow(1, "number", "name")
	for name, tt := range map[string]struct{ rows, want string }{
		"rows out of order":                      {head + row(3) + row(2) + row(3) + row(4), "row 2 stands behind row 3"},
		"a row twice":                            {head + row(2) + row(2), "row 2 stands behind row 2"},
		"cells out of order":                     {head + `<row r="2">` + cell("B2") + cell("A2") + `</row>`, "cell A2 stands behind cell B2"},
		"a cell twice":                           {head + `<row r="2">` + cell("A2") + cell("A2") + `</row>`, "cell A2 stands behind cell A2"},
		"a cell of another row":                  {head + `<row r="2">` + cell("A3") + `</row>`, "no place in that row"},
		"a row too far down":                     {head + `<row r="1048577">` + cell("A1048577") + `</row>`, "no number from 1 to 1048576"},
		"a row that is none":                     {head + `<row r="x">` + cell("A2") + `</row>`, "no number from 1 to 1048576"},
		"a column too far":                       {head + `<row r="2">` + cell("XFE2") + `</row>`, "no place in that row"},
		"a row without a number behind the last": {head + `<row r="1048576"/>` + `<row>` + `<c><v>1</v></c></row>`, "more than 1048576 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, testBook(t, "", "", testSheet{name: "名单", rows: tt.rows}), "", `sheet "名单"`, tt.want)
		})
	}
	// The numbers of rows and cells may be left out.
	wantRows(t, testBook(t, "", "", testSheet{name: "a", rows: `<row><c t="str"><v>number</v></c></row><row><c><v>13800138000</v></c></row><row r="5"><c><v>2</v></c></row>`}), "",
		[]string{"2", "13800138000"}, []string{"5", "2"})
}

func TestAWorkbookWithFarColumnsIsRefusedAtOnce(t *testing.T) { // D6
	far := strings.Repeat(`<row><c/></row>`, 10) + `<row><c r="XFD12" t="str"><v>x</v></c></row>`
	wantRefusal(t, testBook(t, "", "", testSheet{name: "a", rows: textRow(1, "number") + far}), "", "cell XFD12 stands far to the right", "at most 1024 columns")
	styled := textRow(1, "number") + `<row r="2"><c r="A2"><v>13800138000</v></c><c r="XFD2" s="0"/></row>`
	wantRows(t, testBook(t, "", "", testSheet{name: "a", rows: styled}), "", []string{"2", "13800138000"})
}

func TestErrorsAndFormulasThatWereNeverCalculatedAreMalformed(t *testing.T) { // B14
	r := wantRows(t, "testdata/error-cells.xlsx", "", []string{"3", "13800138001", "TRUE"}, []string{"5", "13800138003", "李四"})
	if len(r.malformed) != 2 || !strings.HasPrefix(r.malformed[0], "2: cell B2 shows an error") || !strings.HasPrefix(r.malformed[1], "4: cell B4 has a formula that was never calculated") {
		t.Errorf("got %q, want rows 2 and 4", r.malformed)
	}
	row := func(n int, cell string) string { return fmt.Sprintf(`<row r="%d">`, n) + cell + `</row>` }
	rows := textRow(1, "number", "name") +
		row(2, `<c r="A2"><v>1</v></c><c r="C2" t="e"><v>#REF!</v></c>`) + // no column of a name
		row(3, `<c r="A3"><f>B3</f><v/></c>`) + row(4, `<c r="A4" t="str"><f>B4</f></c>`) +
		row(5, `<c r="A5" t="str"><f>B5</f><v></v></c><c r="B5"><v>5</v></c>`) +
		row(6, `<c r="A6" t="b"><v>0</v></c><c r="B6" t="b"><f>TRUE()</f><v>1</v></c>`) + row(7, `<c r="A7" t="b"><v>2</v></c>`)
	r = wantRows(t, testBook(t, "", "", testSheet{name: "a", rows: rows}), "", []string{"5", "", "5"}, []string{"6", "FALSE", "TRUE"})
	if len(r.malformed) != 4 {
		t.Errorf("got %q, want rows 2, 3, 4 and 7", r.malformed)
	}
	// What a program has written that calculates nothing is no value.
	stale := textRow(1, "number", "name") + row(2, `<c r="A2"><v>1</v></c><c r="B2"><f>C2</f><v>0</v></c>`) + row(3, `<c r="A3"><v>2</v></c>`)
	r = wantRows(t, testBook(t, "", `<calcPr calcId="1" fullCalcOnLoad="1"/>`, testSheet{name: "a", rows: stale}), "", []string{"3", "2", ""})
	if len(r.malformed) != 1 || !strings.Contains(r.malformed[0], "is to be calculated") {
		t.Errorf("got %q, want row 2", r.malformed)
	}
}

func TestNoCellWithAValueIsReadAsBlank(t *testing.T) { // B16
	row := func(n int, cell string) string {
		return fmt.Sprintf(`<row r="%d"><c r="A%d"><v>%d</v></c>`, n, n, n) + cell + `</row>`
	}
	rows := textRow(1, "number", "name") +
		row(2, `<c r="B2" s="" t="inlineStr"><is><t>张三</t></is></c>`) + row(3, `<c r="B3" s="" t="s"><v>2</v></c>`) + row(4, `<c r="B4" s="" ><v>37.799999999999997</v></c>`) +
		row(5, `<c r="B5" t="s"><v>3</v></c>`) + row(6, `<c r="B6" t="s"><v>-1</v></c>`) + row(7, `<c r="B7" t="s"><v>x</v></c>`) +
		row(8, `<c r="B8" t="s"><v/></c>`) + row(9, `<c r="B9" t="number"><v>1</v></c>`) + row(10, `<c r="B10"><v>abc</v></c>`) +
		row(11, `<c r="B11"><v>1e999</v></c>`) + row(12, `<c r="B12" t="inlineStr"><v>李四</v></c>`) + row(13, `<c r="B13" t="inlineStr"><is><t>a&bad;b</t></is></c>`) +
		row(14, `<c r="B14" t="inlineStr"><is><t>_x0000_</t></is></c>`) + row(15, "<c r=\"B15\" t=\"str\"><v>\xff</v></c>") +
		row(16, `<c r="B16" t="str"><v>王<![CDATA[<五>]]>&amp;<!-- c --> &#x516D;</v></c>`) + row(17, `<c r="B17" t="inlineStr"><is><r><t>赵</t></r><r><rPr><b/></rPr><t>六</t></r><rPh sb="0" eb="1"><t>zhao</t></rPh></is></c>`) +
		row(18, `<c r="B18" t="str"><v>a_x000A_b_x005F_x000A_</v></c>`) + row(19, `<c r="B19" s="99" t="str"><v>七</v></c>`)
	r := wantRows(t, testBook(t, "", "", testSheet{name: "a", rows: rows}), "",
		[]string{"2", "2", "张三"}, []string{"3", "3", "张三"}, []string{"4", "4", "37.8"}, []string{"8", "8", ""}, []string{"12", "12", "李四"},
		[]string{"16", "16", "王<五>& 六"}, []string{"17", "17", "赵六"}, []string{"18", "18", "a\nb_x000A_"}, []string{"19", "19", "七"})
	lines := ""
	for _, m := range r.malformed {
		line, _, _ := strings.Cut(m, ":")
		lines += line + " "
	}
	if lines != "5 6 7 9 10 11 13 14 15 " {
		t.Errorf("got lines %s as malformed", lines)
	}
	wantRefusal(t, testBook(t, "", "", testSheet{name: "a", rows: textRow(1, "number", "name") + row(2, `<c r="B2" s="99"><v>1.5</v></c>`)}), "", "a.xlsx:2", "cell B2", "number format")
}

func TestHiddenAndFilteredRowsAreReadAndCounted(t *testing.T) { // B30
	r := wantRows(t, "testdata/filtered-rows.xlsx", "", []string{"2", "13800138000", "张三"}, []string{"3", "13800138001", "李四"})
	if r.book.HiddenRows != 1 || r.book.FilteredRows != 1 {
		t.Errorf("got %+v, want a hidden row that is filtered", r.book)
	}
	hidden := func(n int) string {
		return strings.Replace(textRow(n, fmt.Sprint(n), "x"), `">`, `" hidden="true">`, 1)
	}
	rows := textRow(1, "number", "name") + hidden(2) + textRow(3, "3") + hidden(4) + `<row r="5" hidden="1"/>` + strings.Replace(textRow(6, "6"), `">`, `" ht="0">`, 1)
	r = wantRows(t, testBook(t, "", "", testSheet{
		name: "a", rows: rows, before: `<cols><col min="2" max="2" width="9" hidden="1"/><col min="3" max="16384" hidden="1"/></cols>`,
		behind: `<autoFilter ref="$A$1:$B$3"><filterColumn colId="0"/></autoFilter><customSheetViews><customSheetView><autoFilter ref="A1:B9"/></customSheetView></customSheetViews>`,
	}), "", []string{"2", "2", "x"}, []string{"3", "3", ""}, []string{"4", "4", "x"}, []string{"6", "6", ""})
	if d := cmp.Diff(&Book{Sheets: []string{"a"}, HiddenRows: 3, FilteredRows: 1, HiddenColumns: []string{"name"}}, r.book); d != "" {
		t.Error(d)
	}
}

func TestMergedCellsOverSeveralRowsAreCountedAndNamed(t *testing.T) { // B13
	r := wantRows(t, "testdata/merged-cells.xlsx", "",
		[]string{"2", "13800138000", "张三", "滨河路"}, []string{"3", "13800138001", "李四", ""}, []string{"4", "13800138002", "王五", ""})
	if r.book.Merges != 1 || r.book.Merged[0] != "C2:C4" {
		t.Errorf("got %+v, want C2:C4", r.book)
	}
}

func TestNumberColumnsOfWorkbooksHaveAllDigitsOrNone(t *testing.T) { // B8, B11
	wantRows(t, "testdata/numbers.xlsx", "",
		[]string{"2", "13800138000", "floatgood"}, []string{"3", "1380013800", "floatshort"}, []string{"4", "13800138001", "exp"},
		[]string{"5", "1.38E+10", "textexp"}, []string{"6", "1.3812E+10", "textexp2"}, []string{"7", "13800138004.000002", "frac"},
		[]string{"8", "8613800138005", "exp86"}, []string{"9", "1.38E+10", "spaced"})
	styles := `<cellXfs><xf numFmtId="0"/><xf numFmtId="11"/><xf numFmtId="3"/><xf numFmtId="14"/></cellXfs>`
	cells := []struct{ cell, want string }{
		{`<v>1.38E10</v>`, "1.38E+10"},
		{`<v>1.38001E+10</v>`, "1.38001E+10"},
		{`<v>1.3800138E10</v>`, "13800138000"},
		{`<v>13800138000</v>`, "13800138000"},
		{`<f>A1</f><v>13800138000</v>`, "13800138000"},
		{`<v>8.613800138005e+12</v>`, "8613800138005"},
		{`<v>-13800138000</v>`, "-13800138000"},
		{`<v>013800138000</v>`, "13800138000"},
		{`<v>1380013800012345678</v>`, "1380013800012345678"},
		{`<v>1e5</v>`, "100000"},
	}
	rows := textRow(1, "number")
	var want [][]string
	for i, c := range cells {
		rows += fmt.Sprintf(`<row r="%d"><c r="A%d" s="%d">%s</c></row>`, i+2, i+2, i%2*2, c.cell)
		want = append(want, []string{fmt.Sprint(i + 2), c.want})
	}
	rows += `<row r="50"><c r="A50" s="1"><v>13800000000</v></c></row><row r="51"><c r="A51" s="1"><v>13800138000</v></c></row><row r="52"><c r="A52" s="3"><v>46357</v></c></row>`
	wantRows(t, testBook(t, styles, "", testSheet{name: "a", rows: rows}), "", append(want, []string{"50", "1.38E+10"}, []string{"51", "13800138000"}, []string{"52", "46357"})...)
}

// A countdown is a context that ends after it was looked at so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestReadingAWorkbookEndsWithItsContext(t *testing.T) { // D6
	rows := textRow(1, "number") + strings.Repeat(`<row/>`, 200_000) + `<row><c><v>1</v></c></row>`
	path := testBook(t, "", "", testSheet{name: "a", rows: rows})
	ctx := &countdown{t.Context(), 30}
	f, err := OpenContext(ctx, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, _, err := f.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OpenContext(ended, path, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
}
