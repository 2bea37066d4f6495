package audience

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

func formatted(code string, v float64, from1904 bool) (string, bool) {
	f := parseFormat(code)
	if code == "General" {
		f = nil
	}
	text, ok := f.append(nil, v, from1904)
	return strings.TrimSpace(string(text)), ok
}

func TestNumbersAreShownAsOtherProgramsShowThem(t *testing.T) { // B12
	file, err := os.Open("testdata/formats.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, sure := 0, 0
	for s := bufio.NewScanner(file); s.Scan(); lines++ {
		field := strings.Split(s.Text(), "\t")
		v, err := strconv.ParseFloat(field[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := formatted(field[0], v, false)
		if !ok {
			continue
		}
		if sure++; got != field[2] {
			// Both count in binary: 3.45 is a little less there, and Excel keeps 15 digits.
			if field[1] == "3.4499999999999997" || field[0] == "[$-F400]h:mm:ss AM/PM" {
				continue
			}
			t.Errorf("%s of %s: got %q, want %q", field[0], field[1], got, field[2])
		}
	}
	if lines < 2000 || sure < lines*95/100 {
		t.Errorf("%d of %d lines are sure", sure, lines)
	}
}

func TestNumbersAreShownAsExcelShowsThem(t *testing.T) { // B12
	for _, tt := range []struct {
		code  string
		value float64
		want  string
	}{
		{`yyyy"年"m"月"d"日"`, 46357, "2026年12月1日"},
		{`[$-804]yyyy"年"m"月"d"日";@`, 46357, "2026年12月1日"},
		{"[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 46357, "2026年12月1日"},
		{"[$-x-sysdate]dddd, mmmm dd, yyyy", 46357, "2026年12月1日"},
		{"[$-F400]h:mm:ss AM/PM", 0.35416666666666669, "8:30:00"},
		{"[$-zh-CN]上午/下午h\"时\"mm\"分\";@", 0.8, "下午7时12分"},
		{"[$-804]aaaa;@", 46357, "星期二"},
		{"h:mm", 0.35416666666666669, "8:30"},
		{"0%", 0.8, "80%"},
		{"0000", 302, "0302"},
		{"General", 37.799999999999997, "37.8"},
		{"General", 3.4499999999999997, "3.45"},
		{"General", 22.200000000000003, "22.2"},
		{"General", 22.222200000000001, "22.2222"},
		{"General", 0.1 + 0.2, "0.3"},
		{"General", 8613800138005, "8613800138005"},
		{"General", 622202123456789, "622202123456789"},
		{"General", 6222021234567890123, "6.22202E+18"},
		{"General", -0.5, "-0.5"},
		{"G/通用格式", 5, "5"},
		{"0.00", 1.005, "1.01"},
		{"0.0", 3.4499999999999997, "3.5"},
		{"yyyy-mm-dd", 60, "1900-02-29"},
		{"yyyy-mm-dd", 59, "1900-02-28"},
		{"yyyy-mm-dd", 61, "1900-03-01"},
		{"yyyy-mm-dd", 2958465, "9999-12-31"},
		{"yyyy-mm-dd h:mm", 45000.999999, "2023-03-16 0:00"},
		{"yyyy-mm-dd", 45000.999999, "2023-03-15"},
		{"[<60]\"不及格\";\"及格\"", 59, "不及格"},
		{"[<60]\"不及格\";\"及格\"", 60, "及格"},
		{"[=1]\"男\";[=2]\"女\";\"?\"", 2, "女"},
		{";;;", 5, ""},
		{"0.00_ ;[红色]\\-0.00\\ ", -5, "-5.00"},
	} {
		if got, ok := formatted(tt.code, tt.value, false); !ok || got != tt.want {
			t.Errorf("%s of %v: got %q, %t, want %q", tt.code, tt.value, got, ok, tt.want)
		}
	}
	if got, ok := formatted(`yyyy"年"m"月"d"日"`, 42735, true); !ok || got != "2021年1月1日" {
		t.Errorf("42735 of a workbook from 1904: got %q, %t", got, ok)
	}
}

func TestFormatsThatAreNotSureAreNotShown(t *testing.T) { // B12
	for _, code := range []string{
		"# ?/?", `0!.0,"万"`, "[DBNum1][$-804]General", "[DBNum1]yyyy\"年\"m\"月\"d\"日\"", "[$-411]ge.m.d", "[$-130000]yyyy", "[$-407]mmmm", "b2yyyy", "0;0;0;0;0",
		"\"open", "[", "0.0.0", "[>100]0;0;0", "aaa", "0.00x", "yyyy 0", "@0", "[$-804]ddd", "\\", "E+", "0E", "00.0E+0",
	} {
		got, ok := formatted(code, 5, false)
		if ok {
			t.Errorf("%s: got %q, want it not sure", code, got)
		}
	}
	for _, v := range []float64{-1, 2958466, 1e20} { // Excel fills the cell with #
		if got, ok := formatted("yyyy-mm-dd", v, false); ok {
			t.Errorf("%v as a date: got %q", v, got)
		}
	}
}

func TestCellsOfWorkbooksAreReadAsTheyAreShown(t *testing.T) { // B12
	wantRows(t, "testdata/dates-decimals.xlsx", "", []string{"2", "13800138000", "张三", "2026年12月1日", "8:30", "37.8", "80%"})

	styles := `<numFmts><numFmt numFmtId="164" formatCode="0000"/><numFmt numFmtId="165" formatCode=";;;"/><numFmt numFmtId="166" formatCode="@&quot;区&quot;"/>` +
		`<numFmt numFmtId="167" formatCode="[&lt;60]&quot;不及格&quot;;&quot;及格&quot;"/><numFmt numFmtId="168" formatCode="# ?/?"/></numFmts><cellXfs><xf numFmtId="2"/>`
	for _, id := range []int{164, 165, 166, 167, 168, 14, 22, 31, 57, 9, 46, 49, 59, 5} {
		styles += fmt.Sprintf(`<xf numFmtId="%d"/>`, id)
	}
	styles += `</cellXfs>`
	row := func(n int, cells string) string {
		return fmt.Sprintf(`<row r="%d"><c r="A%d" s="12"><v>%d</v></c>%s</row>`, n, n, n, cells)
	}
	header := textRow(1, "number", "a", "b")
	cell := func(place string, style int, value string) string {
		return fmt.Sprintf(`<c r="%s" s="%d"><v>%s</v></c>`, place, style, value)
	}
	rows := header +
		row(2, cell("B2", 1, "302")+`<c r="C2"><v>3.4499999999999997</v></c>`) + // the first style is that of cells without any
		row(3, cell("B3", 2, "5")+`<c r="C3" s="2" t="inlineStr"><is><t>hidden</t></is></c>`) +
		row(4, `<c r="C4" s="3" t="str"><v>浦东</v></c>`) +
		row(5, cell("B5", 4, "59")+cell("C5", 4, "60")) +
		row(6, cell("B6", 6, "46357")+cell("C6", 7, "46357.354166666664")) +
		row(7, cell("B7", 8, "46357")+cell("C7", 9, "46357")) +
		row(8, cell("B8", 10, "0.8")+cell("C8", 11, "1.5")) +
		row(9, `<c r="B9" s="6" t="d"><v>2026-12-01T00:00:00Z</v></c><c r="C9" s="12" t="d"><v>2026-12-01</v></c>`) +
		row(10, cell("B10", 12, "12345")+`<c r="C10" s="11" t="d"><v>1900-01-01T12:00:00</v></c>`)
	wantRows(t, testBook(t, styles, "", testSheet{name: "a", rows: rows}), "",
		[]string{"2", "2", "0302", "3.45"}, []string{"3", "3", "", ""}, []string{"4", "4", "", "浦东区"}, []string{"5", "5", "不及格", "及格"},
		[]string{"6", "6", "2026/12/1", "2026/12/1 8:30"}, []string{"7", "7", "2026年12月1日", "2026年12月"}, []string{"8", "8", "80%", "36:00:00"},
		[]string{"9", "9", "2026/12/1", "2026-12-01"}, []string{"10", "10", "12345", "36:00:00"})
	for _, c := range []string{cell("B2", 5, "0.5"), cell("B2", 13, "5"), cell("B2", 14, "5"), cell("B2", 6, "-1"), cell("B2", 3, "5")} {
		path := testBook(t, styles, "", testSheet{name: "a", rows: header + row(2, c)})
		wantRefusal(t, path, "", "a.xlsx:2", "cell B2", "not sure what people see")
		f, err := Open(path) // nobody reads the column
		if err != nil {
			t.Fatal(err)
		}
		f.Use(0, []int{2})
		if _, _, err := f.Next(); err != nil {
			t.Errorf("got %v where no text reads the column", err)
		}
		f.Close()
	}
	from1904 := testBook(t, styles, `<workbookPr date1904="1"/>`, testSheet{name: "a", rows: header + row(2, cell("B2", 8, "42735")+`<c r="C2" s="8" t="d"><v>2021-01-01T00:00:00</v></c>`)})
	wantRows(t, from1904, "", []string{"2", "2", "2021年1月1日", "2021年1月1日"})
}
