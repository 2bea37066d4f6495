package audience

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
)

// oleFile writes a container of old Office programs with streams of these names, by
// [MS-CFB]: a header, and a directory in the third sector.
func oleFile(streams ...string) string {
	file := make([]byte, 512*4)
	copy(file, markOLE)
	for i, name := range streams {
		entry := file[512*3+128*i:]
		for k, unit := range utf16.Encode([]rune(name)) {
			binary.LittleEndian.PutUint16(entry[2*k:], unit)
		}
		binary.LittleEndian.PutUint16(entry[64:], uint16(2*len(name)+2))
		entry[66] = 2
	}
	return string(file)
}

// zipFile writes an archive of these names and contents.
func zipFile(t *testing.T, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: parts[i]})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFilesThatAreNoListsAreNamedByTheirContent(t *testing.T) { // B24
	const types = "[Content_Types].xml"
	csv := "number,name\n13800138000,张三\n"
	html := "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table><tr><td>number</td></tr></table></html>"
	wide := func(text string) string {
		b := []byte{0xFF, 0xFE}
		for _, u := range utf16.Encode([]rune(text)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return string(b)
	}
	book := zipFile(t, types, "<Types/>", "xl/workbook.xml", "<workbook/>")
	tests := []struct{ name, content, want string }{
		{"protected with a password", oleFile("EncryptionInfo", "EncryptedPackage"), "is protected with a password"},
		{"an old workbook", oleFile("Workbook"), "is an old Excel file"},
		{"a workbook of Excel 95", oleFile("Book"), "is an old Excel file"},
		{"an old document", oleFile("WordDocument"), "is an old Word document"},
		{"a workbook before OLE", "\x09\x08\x08\x00\x00\x05\x10\x00\x00\x00", "is an old Excel file"},
		{"OpenDocument", zipFile(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "<x/>"), "is an OpenDocument workbook (.ods)"},
		{"an OpenDocument text", zipFile(t, "mimetype", "application/vnd.oasis.opendocument.text"), "is an OpenDocument file and no workbook"},
		{"a binary workbook", zipFile(t, types, "<Types/>", "xl/workbook.bin", "x"), "is a binary workbook (.xlsb)"},
		{"a Word document", zipFile(t, types, "<Types/>", "word/document.xml", "<x/>"), "is a Word document"},
		{"Numbers", zipFile(t, "Index/Document.iwa", "x"), "is a document of Apple Numbers"},
		{"an archive", zipFile(t, "people.csv", csv), "is a ZIP archive and no workbook"},
		{"a web page", html, "is a web page (HTML)"},
		{"a web page with a mark", "\xEF\xBB\xBF\r\n<!DOCTYPE html>\n<body>", "is a web page (HTML)"},
		{"a web page in UTF-16", wide(html), "is a web page (HTML)"},
		{"a table of a web page", "<table border=1><tr><td>number</td></tr></table>", "is a table of a web page (HTML)"},
		{"a saved web page", "MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n", "is a saved web page (MHTML)"},
		{"XML of Excel 2003", `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>`, "is a workbook in the XML of Excel 2003"},
		{"PDF", "%PDF-1.7\n\x00", "is a PDF document"},
		{"an archive of another kind", "Rar!\x1a\x07\x00", "is a RAR archive"},
		{"gzip", "\x1f\x8b\x08\x00", "is packed with gzip"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{"a.xlsx", "a.csv", "a.xls", "a.et", "a", "a.ods"} {
				want := tt.want
				if name == "a.et" && want == "is an old Excel file" && !strings.HasPrefix(tt.content, "\x09") {
					want = "is a WPS workbook (.et)"
				}
				_, err := Open(write(t, name, []byte(tt.content)))
				var e *Error
				if !errors.As(err, &e) || !strings.Contains(err.Error(), name+": "+want) {
					t.Errorf("%s: got %v, want %s", name, err, want)
				}
			}
		})
	}
	for _, tt := range []struct{ file, content, want string }{
		{"a.xlsx", csv, "is no workbook but text: rename it from .xlsx to .csv"},
		{"a.xls", wide(csv), "is no workbook but text: rename it from .xls to .csv"},
		{"a.ods", csv, "is no workbook but text"},
		{"a.csv", book, "is an Excel workbook, whatever its name says: rename it to .xlsx"},
		{"a.xls", book, "is an Excel workbook, whatever its name says: rename it to .xlsx"},
		{"a.xlsx", "", "is empty"},
		{"a.xlsx", book[:len(book)-10], "is no workbook, or it is damaged"},
		{"a.xlsx", "\x00\x01\x02", "is no workbook, or it is damaged"},
		{"a.xlsx", book, "has no sheet"},
		{"a.xlsx", zipFile(t, types, "<Types/>"), "is no workbook, or it is damaged"},
	} {
		if _, err := Open(write(t, tt.file, []byte(tt.content))); err == nil || !strings.Contains(err.Error(), tt.file+": "+tt.want) {
			t.Errorf("%s: got %v, want %s", tt.file, err, tt.want)
		}
	}
	if _, err := Open(write(t, "a.txt", []byte(csv))); err != nil {
		t.Errorf("a text of another name: %v", err)
	}
	for content, want := range map[string]string{
		book: "is a workbook: copy its column", oleFile("EncryptedPackage"): "is protected with a password", html: "is a web page", "13800138000\n": "", "x\x00": "",
	} {
		err := CheckText(strings.NewReader(content), int64(len(content)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("as a list: got %v, want %q", err, want)
		}
	}
}
