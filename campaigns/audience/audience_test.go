package audience

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"tocsin/providers/sms"
)

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readAll(t testing.TB, path string) (columns []string, rows [][]string, encoding string) {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		cells, _, err := f.Next()
		if err == io.EOF {
			return f.Columns(), rows, f.Encoding()
		}
		if err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = string(c)
		}
		rows = append(rows, row)
	}
}

func TestOpenKnowsEncodingsAndSeparators(t *testing.T) {
	const comma = "\u3000手机号 ,姓名,区\r\n13800138000, 张三\u3000,浦东新区\r\n13900139000,李四\r\n"
	encoded := func(e encoding.Encoding, s string) []byte {
		b, err := e.NewEncoder().Bytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tests := []struct {
		name     string
		data     []byte
		encoding string
	}{
		{"UTF-8", []byte(comma), "UTF-8"},
		{"UTF-8 with a mark", []byte("\ufeff" + comma), "UTF-8"},
		{"tabs", []byte(strings.ReplaceAll(comma, ",", "\t")), "UTF-8"},
		{"carriage returns alone", []byte(strings.ReplaceAll(comma, "\r\n", "\r")), "UTF-8"},
		{"semicolons", []byte(strings.ReplaceAll(comma, ",", ";")), "UTF-8"},
		{"GB18030", encoded(simplifiedchinese.GB18030, comma), "GB18030"},
		{"GBK", encoded(simplifiedchinese.GBK, strings.ReplaceAll(comma, "\u00a0", "")), "GB18030"},
		{"UTF-16, little endian, with a mark", encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), comma), "UTF-16LE"},
		{"UTF-16, big endian, with a mark", encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), comma), "UTF-16BE"},
		{"UTF-16, little endian, without", encoded(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "x"+comma), "UTF-16LE"},
		{"UTF-16, big endian, without", encoded(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "x"+comma), "UTF-16BE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			columns, rows, encoding := readAll(t, write(t, "a.csv", tt.data))
			columns[0] = strings.TrimLeft(columns[0], "x\u3000")
			if d := cmp.Diff([]string{"手机号", "姓名", "区"}, columns); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([][]string{{"13800138000", "张三", "浦东新区"}, {"13900139000", "李四", ""}}, rows); d != "" {
				t.Error(d)
			}
			if encoding != tt.encoding {
				t.Errorf("got %s, want %s", encoding, tt.encoding)
			}
		})
	}
}

func TestOpenReadsWorkbooks(t *testing.T) {
	book := excelize.NewFile()
	for cell, value := range map[string]any{
		"A1": "number", "B1": "name", "A2": 13800138000, "B2": "张三", "A4": "１３９00139000", "B4": " 李四\u3000", "A5": 1.36e10,
	} {
		if err := book.SetCellValue("Sheet1", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "a.xlsx")
	if err := book.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	columns, rows, _ := readAll(t, path)
	if d := cmp.Diff([]string{"number", "name"}, columns); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]string{{"13800138000", "张三"}, {"１３９00139000", "李四"}, {"13600000000", ""}}, rows); d != "" {
		t.Error(d)
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name, file, data, want string
	}{
		{"an empty file", "a.csv", "", "a.csv: is empty"},
		{"a column twice", "a.csv", "name,number,name\n", `a.csv:1: there are two columns "name"`},
		{"a NUL", "a.csv", "number\n138\n1\x002\n", "a.csv:3: a NUL octet"},
		{"an old workbook", "a.xls", "\xd0\xcf\x11\xe0", "save it as XLSX"},
		{"a workbook that is none", "a.xlsx", "number\n", "a.xlsx: is no workbook"},
		{"UTF-16 that is cut off", "a.csv", "\xff\xfen\x00u\x00m", "it was cut off, copy it again"},
		{"a name of a column that is none", "a.csv", "number," + strings.Repeat("x", 300) + "\n", "a.csv:1: the name of column 2 has more than 256 octets"},
		{"a mark that lies", "a.csv", "\ufeffnumber\n\xff\xff\n", "a.csv:2: an octet that is not UTF-8"},
		{"an encoding that is none", "a.csv", "number,name\n138,\x80\xff\xff\x80\n", "save it as UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(write(t, tt.file, []byte(tt.data)))
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an *Error with %q", err, tt.want)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that it does not exist", err)
	}
}

func TestGenerate(t *testing.T) {
	for _, encoding := range []string{"utf-8", "gb18030"} {
		t.Run(encoding, func(t *testing.T) {
			var file, again bytes.Buffer
			o := GenerateOptions{Count: 20_000, Encoding: encoding, Seed: 7}
			if err := Generate(&file, o); err != nil {
				t.Fatal(err)
			}
			if err := Generate(&again, o); err != nil || !bytes.Equal(file.Bytes(), again.Bytes()) {
				t.Errorf("got another file from the same seed (%v)", err)
			}
			_, rows, _ := readAll(t, write(t, "a.csv", file.Bytes()))
			seen := map[sms.Number]bool{}
			ascending := 0
			last := sms.Number(0)
			for _, row := range rows {
				n, err := sms.ParseNumber([]byte(row[0]), true)
				if err != nil || seen[n] || row[1] == "" || row[2] == "" {
					t.Fatalf("got the row %q (%v, there before: %v)", row, err, seen[n])
				}
				seen[n] = true
				if n > last {
					ascending++
				}
				last = n
			}
			if len(rows) != o.Count || ascending < o.Count/4 || ascending > o.Count*3/4 {
				t.Errorf("got %d rows, %d of them above the one before, want %d without order", len(rows), ascending, o.Count)
			}
		})
	}
}

func TestEveryNumberIsMadeOnce(t *testing.T) {
	a, b := numbers, uint64(stride)
	for b != 0 {
		a, b = b, a%b
	}
	if a != 1 {
		t.Errorf("got the common divisor %d of stride and count of numbers, want 1", a)
	}
}

func TestGenerateMakesDirt(t *testing.T) {
	var file bytes.Buffer
	if err := Generate(&file, GenerateOptions{Count: 10_000, Dirty: 0.6, Encoding: "gb18030"}); err != nil {
		t.Fatal(err)
	}
	_, rows, _ := readAll(t, write(t, "a.csv", file.Bytes()))
	count := map[string]int{}
	seen := map[sms.Number]bool{}
	for _, row := range rows {
		n, err := sms.ParseNumber([]byte(row[0]), true)
		switch {
		case row[0] == "":
			count["blank"]++
		case err != nil:
			count["bad"]++
		case seen[n]:
			count["duplicate"]++
		case strings.HasPrefix(row[0], "+86"):
			count["+86"]++
		case strings.Contains(row[0], " "):
			count["spaces"]++
		case len(row[0]) > 20:
			count["wide"]++
		default:
			count["clean"]++
		}
		seen[n] = true
	}
	for kind, want := range map[string]int{"blank": 1000, "bad": 1000, "duplicate": 1000, "+86": 1000, "spaces": 1000, "wide": 1000, "clean": 4000} {
		if got := count[kind]; got < want*7/10 || got > want*13/10 {
			t.Errorf("%s: got %d, want about %d", kind, got, want)
		}
	}
	for _, o := range []GenerateOptions{{Count: -1}, {Count: 1, Dirty: 2}, {Count: 1, Encoding: "latin-1"}} {
		if err := Generate(io.Discard, o); err == nil {
			t.Errorf("got an audience of %+v", o)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		if err := Generate(io.Discard, GenerateOptions{Count: 900_000, Dirty: 0.05}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCharactersOfFourOctetsInGB18030(t *testing.T) {
	const text = "number,name\n13800138000,㐀𠮷é\n13900139000,张三\n"
	encoded, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	_, rows, encoding := readAll(t, write(t, "a.csv", encoded))
	if d := cmp.Diff([][]string{{"13800138000", "㐀𠮷é"}, {"13900139000", "张三"}}, rows); d != "" || encoding != "GB18030" {
		t.Errorf("%s: %s", encoding, d)
	}
}
