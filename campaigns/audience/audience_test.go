package audience

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"tocsin/providers/sms"
)

// scan reads all rows and where each begins.
func scan(r io.Reader, sep byte) (rows [][]string, lines []int, err error) {
	s := newScanner(r, sep)
	for {
		cells, err := s.row()
		if err == io.EOF {
			return rows, lines, nil
		}
		if err != nil {
			return rows, lines, err
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = string(c)
		}
		rows, lines = append(rows, row), append(lines, s.line)
	}
}

func TestRows(t *testing.T) {
	tests := []struct {
		name, text string
		want       [][]string
		lines      []int
	}{
		{"plain rows", "a,b\nc,d\n", [][]string{{"a", "b"}, {"c", "d"}}, []int{1, 2}},
		{"no newline at the end", "a,b\nc,d", [][]string{{"a", "b"}, {"c", "d"}}, []int{1, 2}},
		{"carriage returns", "a,b\r\nc,d\r\n", [][]string{{"a", "b"}, {"c", "d"}}, []int{1, 2}},
		{"empty cells", ",\n,,\n", [][]string{{"", ""}, {"", "", ""}}, []int{1, 2}},
		{"empty lines are skipped and counted", "a\n\n\r\nb\n", [][]string{{"a"}, {"b"}}, []int{1, 4}},
		{"quoted separators", `"a,b",c`, [][]string{{"a,b", "c"}}, []int{1}},
		{"doubled quotation marks", `"say ""hi""",c`, [][]string{{`say "hi"`, "c"}}, []int{1}},
		{"a newline inside quotation marks", "\"a\r\nb\",c\nd\n", [][]string{{"a\nb", "c"}, {"d"}}, []int{1, 3}},
		{"an empty quoted cell", `"",""` + "\n", [][]string{{"", ""}}, []int{1}},
		{"a stray quotation mark is taken as it is", `5" pipe,x` + "\nb", [][]string{{`5" pipe`, "x"}, {"b"}}, []int{1, 2}},
		{"a quoted row before a plain one", "\"a\"\r\nb", [][]string{{"a"}, {"b"}}, []int{1, 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, lines, err := scan(strings.NewReader(tt.text), ',')
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, rows); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.lines, lines); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRowsOverTheEdgeOfTheBuffer(t *testing.T) {
	var text strings.Builder
	for text.Len() < 3*bufferSize {
		text.WriteString("13800138000,\"张,三\",浦东新区\n")
		text.WriteString("13800138000,李四,徐汇区\n")
	}
	want, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := scan(iotest.HalfReader(strings.NewReader(text.String())), ',')
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRowsThatAreNone(t *testing.T) {
	long := strings.Repeat("x", 3*maxRow)
	tests := []struct {
		name, text string
		want       error
		line       int
	}{
		{"a very long line", "a\n" + long, errLongRow, 2},
		{"a quotation mark that is not closed", "a\nb\n\"c\nd\n", errQuote, 3},
		{"a quotation mark that is not closed in a large file", "a\n\"" + strings.Repeat("x,y\n", maxRow), errLongRow, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScanner(strings.NewReader(tt.text), ',')
			var err error
			for err == nil {
				_, err = s.row()
			}
			if !errors.Is(err, tt.want) || s.line != tt.line {
				t.Errorf("got %v at line %d, want %v at line %d", err, s.line, tt.want, tt.line)
			}
		})
	}
}

func FuzzRows(f *testing.F) {
	for _, s := range []string{"a,b\nc", `"a""b",c`, "\"a\r\nb\"\r\n", "a\r", "\"\"\n\n,", "a\"b", "\r\n\r", "\"a\"\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, lines, err := scan(iotest.OneByteReader(strings.NewReader(text)), ',')
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		var want [][]string
		var wantLines []int
		for {
			row, wrong := r.Read()
			if wrong == io.EOF {
				break
			}
			if wrong != nil {
				return // stray quotation marks are read more kindly here
			}
			line, _ := r.FieldPos(0)
			want, wantLines = append(want, row), append(wantLines, line)
		}
		if err != nil {
			t.Fatalf("got %v, want it read", err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		if d := cmp.Diff(wantLines, lines); d != "" {
			t.Fatal(d)
		}
	})
}

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
		{"a mark that lies", "a.csv", "\ufeffnumber\n\xff\xff\n", "begins as UTF-8 but is not"},
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

func BenchmarkScan(b *testing.B) {
	var file bytes.Buffer
	if err := Generate(&file, GenerateOptions{Count: 100_000}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		start, n := time.Now(), 0
		s := newScanner(bytes.NewReader(file.Bytes()), ',')
		for {
			if _, err := s.row(); err != nil {
				break
			}
			n++
		}
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(n), "ns/row")
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
