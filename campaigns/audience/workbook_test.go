package audience

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// parts of the smallest workbook that Excel opens; a sheet is put in between.
var smallest = map[string]string{
	"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>`,
	"_rels/.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
	"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
	"xl/workbook.xml": `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
	"xl/sharedStrings.xml": `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>number</t></si><si><t>name</t></si><si><r><t>张</t></r><r><t>三</t></r></si></sst>`,
}

const (
	sheetHead = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` +
		`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>`
	sheetRow  = `<row r="2"><c r="A2"><v>13800138000</v></c><c r="B2" t="s"><v>2</v></c></row>`
	sheetTail = `</sheetData></worksheet>`
)

// workbook writes a workbook whose sheet is the pieces, each so many times.
func workbook(t testing.TB, more map[string]string, pieces []string, times []int) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	part := func(name string, pieces []string, times []int) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range pieces {
			for range times[i] {
				if _, err := w.Write([]byte(p)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for name, text := range smallest {
		if _, other := more[name]; !other {
			part(name, []string{text}, []int{1})
		}
	}
	for name, text := range more {
		part(name, []string{text}, []int{1})
	}
	part("xl/worksheets/sheet1.xml", pieces, times)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, "a.xlsx", b.Bytes())
}

func TestOpenReadsSharedStrings(t *testing.T) {
	columns, rows, _ := readAll(t, workbook(t, nil, []string{sheetHead, sheetRow, sheetTail}, []int{1, 1, 1}))
	if d := cmp.Diff([]string{"number", "name"}, columns); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]string{{"13800138000", "张三"}}, rows); d != "" {
		t.Error(d)
	}
}

// readToEnd reads a file until its end or an error of the file.
func readToEnd(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		var row *RowError
		if _, _, err := f.Next(); err == io.EOF {
			return nil
		} else if err != nil && !errors.As(err, &row) {
			return err
		}
	}
}

func TestWorkbooksThatWouldFillTheMemoryAreRefused(t *testing.T) {
	mega := strings.Repeat("x", 1<<20)
	open := `<row r="2"><c r="A2" t="inlineStr"><is><t>`
	tests := []struct {
		name   string
		more   map[string]string
		pieces []string
		times  []int
		want   error
	}{
		{"a cell of 64 MiB", nil, []string{sheetHead, open, mega, "</t></is></c></row>", sheetTail}, []int{1, 1, 64, 1, 1}, errBomb},
		{"space between rows", nil, []string{sheetHead, strings.Repeat(" ", 1<<20), sheetRow, sheetTail}, []int{1, 64, 1, 1}, errBomb},
		{"a cell of a few MiB", nil, []string{sheetHead, open, mega, "</t></is></c></row>", sheetTail}, []int{1, 1, 3, 1, 1}, errPiece},
		{"a cell of many runs", nil, []string{sheetHead, open + "</t>", "<r><t>a b c d</t></r>", "</is></c></row>", sheetTail}, []int{1, 1, 1 << 17, 1, 1}, errPiece},
		{"a cell that hides tags in CDATA", nil, []string{sheetHead, open, "<![CDATA[>row ]]>" + strings.Repeat("y", 1000), "</t></is></c></row>", sheetTail}, []int{1, 1, 2000, 1, 1}, errPiece},
		{"a shared text of a few MiB", map[string]string{"xl/sharedStrings.xml": "<sst><si><t>" + mega + mega + "</t></si></sst>"}, []string{sheetHead, sheetTail}, []int{1, 1}, errPiece},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := workbook(t, tt.more, tt.pieces, tt.times)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := readToEnd(path)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
				t.Errorf("it took %d octets of memory to see that", n)
			}
		})
	}
}

func TestWorkbooksThatAreCutOffAreRefused(t *testing.T) {
	whole := sheetHead + sheetRow + sheetTail
	for _, n := range []int{len(whole) - 20, len(sheetHead), len(sheetHead) + 30} {
		err := readToEnd(workbook(t, nil, []string{whole[:n]}, []int{1}))
		if err == nil || !strings.Contains(err.Error(), "its part sheet1.xml is cut off") {
			t.Errorf("%d octets of the sheet: got %v, want a refusal", n, err)
		}
	}
}

func TestWorkbooksOfOtherProgramsAreRead(t *testing.T) {
	prefixed := strings.NewReplacer("</", "</x:", "<", "<x:", "xmlns=", "xmlns:x=").Replace(sheetHead + sheetRow + sheetTail)
	for name, sheet := range map[string]string{
		"prefixed":  prefixed,
		"commented": "<!-- made by > some program -->" + sheetHead + "<!-- c -->" + sheetRow + sheetTail,
		"declared":  `<?xml version="1.0" encoding="UTF-8"?>` + sheetHead + sheetRow + sheetTail,
	} {
		if _, rows, _ := readAll(t, workbook(t, nil, []string{sheet}, []int{1})); len(rows) != 1 {
			t.Errorf("%s: got %q, want one row", name, rows)
		}
	}
	book := excelize.NewFile()
	path := filepath.Join(t.TempDir(), "b.xlsx")
	if err := errors.Join(book.SetSheetRow("Sheet1", "A1", &[]string{"number"}), book.SaveAs(path)); err != nil {
		t.Fatal(err)
	}
	if columns, rows, _ := readAll(t, path); len(columns) != 1 || len(rows) != 0 {
		t.Errorf("got %q, %q, want a header alone", columns, rows)
	}
}
