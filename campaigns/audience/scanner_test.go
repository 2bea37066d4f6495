package audience

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A row of text as the tests see it.
type row struct {
	Line  int
	Cells []string
	Bad   bool // it breaks the rules
}

// scan reads all rows. The line is that of what is wrong.
func scan(s *scanner) (rows []row, line int, err error) {
	for {
		cells, err := s.row()
		var bad *RowError
		if err == io.EOF {
			return rows, 0, nil
		}
		if err != nil && !errors.As(err, &bad) {
			return rows, s.line, err
		}
		r := row{Line: s.line, Bad: err != nil}
		for _, c := range cells {
			r.Cells = append(r.Cells, string(c))
		}
		rows = append(rows, r)
	}
}

func good(line int, cells ...string) row { return row{line, cells, false} }
func bad(line int) row                   { return row{Line: line, Bad: true} }

func TestRows(t *testing.T) {
	tests := []struct {
		name, text string
		want       []row
	}{
		{"plain rows", "a,b\nc,d\n", []row{good(1, "a", "b"), good(2, "c", "d")}},
		{"no newline at the end", "a,b\nc,d", []row{good(1, "a", "b"), good(2, "c", "d")}},
		{"carriage returns", "a,b\r\nc,d\r\n", []row{good(1, "a", "b"), good(2, "c", "d")}},
		{"lone carriage returns", "a,b\rc,d\r", []row{good(1, "a", "b"), good(2, "c", "d")}},
		{"empty cells", ",\n,,\n", []row{good(1, "", ""), good(2, "", "", "")}},
		{"empty lines are skipped and counted", "a\n\n\r\nb\n", []row{good(1, "a"), good(4, "b")}},
		{"quoted separators", `"a,b",c`, []row{good(1, "a,b", "c")}},
		{"doubled quotation marks", `"say ""hi""",c`, []row{good(1, `say "hi"`, "c")}},
		{"a newline inside quotation marks", "\"a\r\nb\",c\nd\n", []row{good(1, "a\nb", "c"), good(3, "d")}},
		{"a lone carriage return inside quotation marks", "\"a\rb\",c\nd\n", []row{good(1, "a\nb", "c"), good(3, "d")}},
		{"an empty quoted cell", `"",""` + "\n", []row{good(1, "", "")}},
		{"a quoted row before a plain one", "\"a\"\r\nb", []row{good(1, "a"), good(2, "b")}},
		{"single quotation marks are text", "'a','b,c'\n", []row{good(1, "'a'", "'b", "c'")}},

		{"B1: a mark that is closed in a later row", "1,\"a\n2,b\n3,\"c\"\n4,d\n", []row{bad(1), good(2, "2", "b"), good(3, "3", "c"), good(4, "4", "d")}},
		{"B1: text behind the closing mark", "1,\"a\" x\n2,b\n3,\"c\"\n", []row{bad(1), good(2, "2", "b"), good(3, "3", "c")}},
		{"B1: a house and a flat", "1,\"12栋\" 3单元\n2,b\n", []row{bad(1), good(2, "2", "b")}},
		{"B1: a mark inside a cell", `5" pipe,x` + "\nb", []row{bad(1), good(2, "b")}},
		{"B1: a mark at the end of a cell", "a,5\"\nb,6\"\nc,d\n", []row{bad(1), bad(2), good(3, "c", "d")}},
		{"B1: three marks", "1,\"\"\"a\n2,b\n3,\"c\"\n", []row{bad(1), good(2, "2", "b"), good(3, "3", "c")}},
		{"B1: a break in the second line of a cell", "1,\"a\nb\" x\n2,c\n", []row{bad(1), bad(2), good(3, "2", "c")}},
		{"B1: carriage returns and newlines", "1,\"a\r\n2,b\r\n3,\"c\"\r\n", []row{bad(1), good(2, "2", "b"), good(3, "3", "c")}},
		{"B1: lone carriage returns", "1,\"a\r2,b\r3,\"c\"\r", []row{bad(1), good(2, "2", "b"), good(3, "3", "c")}},
		{"B1: the last line", "1,a\n2,\"b\" x", []row{good(1, "1", "a"), bad(2)}},

		{"B20: space before a quoted cell", "1, \"a\"\n2,\t\"b\"\n3,\u3000\"c,d\",e\n", []row{good(1, "1", "a"), good(2, "2", "b"), good(3, "3", "c,d", "e")}},
		{"B20: space behind a quoted cell", "1,\"a\" \n2,\"b\" ,c\r\n\"3\"\u3000", []row{good(1, "1", "a"), good(2, "2", "b", "c"), good(3, "3")}},
		{"B20: a spaced cell has one line", "1, \"a\nb\",2\n3,c\n", []row{bad(1), bad(2), good(3, "3", "c")}},
		{"B20: a spaced mark that is not closed", "1,a\n2, \"b", []row{good(1, "1", "a"), bad(2)}},
		{"B20: space behind a cell of several lines", "1,\"a\nb\" ,2\n3,c\n", []row{bad(1), bad(2), good(3, "3", "c")}},

		{"B30: a lone carriage return among others", "n,a\r\n1,a\r2,b\r\n3,c\n4,d\r\r\n5,e", []row{good(1, "n", "a"), good(2, "1", "a"), good(3, "2", "b"), good(4, "3", "c"), good(5, "4", "d"), good(7, "5", "e")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, _, err := scan(newScanner(strings.NewReader(tt.text), ','))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, rows); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRowsWithOtherSeparators(t *testing.T) {
	for _, sep := range []byte{'\t', ';', '|'} {
		text := strings.ReplaceAll("1,\"a\n2,b\n3,\"c,d\"\n4,\"e\" x\n", ",", string(sep))
		want := []row{bad(1), good(2, "2", "b"), good(3, "3", "c"+string(sep)+"d"), bad(4)}
		rows, _, err := scan(newScanner(strings.NewReader(text), sep))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, rows); d != "" {
			t.Errorf("%q: %s", sep, d)
		}
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
	rows, _, err := scan(newScanner(iotest.HalfReader(strings.NewReader(text.String())), ','))
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, r := range rows {
		got = append(got, r.Cells)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Two remarks that begin with a mark, far apart, cost their own rows: the second is
// never closed and ends the file.
func TestTwoRemarksThatBeginWithAMarkLoseNobodyBetween(t *testing.T) { // B1
	for _, end := range []string{"", "9,\"x\"\n"} {
		var text strings.Builder
		for i := range 3000 {
			remark := "r"
			if i == 700 || i == 2200 {
				remark = "\"r"
			}
			fmt.Fprintf(&text, "%d,%s\n", 13800000000+i, remark)
		}
		text.WriteString(end)
		rows, line, err := scan(newScanner(strings.NewReader(text.String()), ','))
		if end == "" {
			if !errors.Is(err, errQuote) || line != 2201 || len(rows) != 2200 {
				t.Fatalf("got %d rows and %v at line %d, want 2200 rows and a refusal at 2201", len(rows), err, line)
			}
			continue
		}
		if err != nil || len(rows) != 3001 {
			t.Fatalf("got %d rows (%v), want all 3001", len(rows), err)
		}
		for i, r := range rows {
			if r.Line != i+1 || r.Bad != (i == 700 || i == 2200) {
				t.Errorf("got %+v at %d", r, i)
			}
		}
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
		{"a quotation mark that is not closed in the last line", "a\nb\n\"c", errQuote, 3},
		{"a second quotation mark that is not closed", "a\n\"b\nc\",\"d\ne\n", errQuote, 3},
		{"a quotation mark that is not closed in a large file", "a\n\"" + strings.Repeat("x,y\n", maxRow), errLongRow, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, line, err := scan(newScanner(strings.NewReader(tt.text), ',')); !errors.Is(err, tt.want) || line != tt.line {
				t.Errorf("got %v at line %d, want %v at line %d", err, line, tt.want, tt.line)
			}
		})
	}
}

func TestACellThatTakesInARowEndsTheFile(t *testing.T) { // B1
	digits := regexp.MustCompile(`^1[0-9]{10}$`)
	tests := []struct {
		name, text string
		column     int
		line       int // 0: it is read
	}{
		{"a row between two marks", "13800138000,\"a\n13800138001,b\n13800138002,\"\n", 0, 1},
		{"the row that closes it", "13800138000,\"a\n13800138001,b\"\n", 0, 1},
		{"a row of a number alone", "13800138000,\"a\n13800138001\nb\"\n", 0, 1},
		{"a row that closes it inside", "13800138000,a,\"b\n13800138001,c,\",d\n", 0, 1},
		{"the mark of a second cell", "13800138000,\"a\nb\",\"c\n13800138001,d\n\"\n", 0, 2},
		{"lines that end in two octets", "13800138000,\"a\r\n13800138001,b\r\n\"\r\n", 0, 1},
		{"a name before the number", "\"a,13800138000\nb,13800138001\"\n", 1, 1},
		{"the own number taken in", "\"a,13800138000\nb\",\"13800138001\"\n", 1, 1},
		{"numbers in marks", "13800138000,\"a\n\"\"13800138001\"\",b\"\n", 0, 1},
		{"a name of two lines", "13800138000,\"a\nb\"\n", 0, 0},
		{"a name of two lines before the number", "\"a\nb\",13800138000\n", 1, 0},
		{"a number that is not in its column", "13800138000,\"call\nme,13800138001\"\n", 0, 0},
		{"a number inside the first line", "13800138000,\"13800138001\nb\"\n", 0, 0},
		{"a number with a newline behind it", "\"13800138000\n\",b\n", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScanner(iotest.OneByteReader(strings.NewReader("x,y\n"+tt.text)), ',')
			s.watch = watch{tt.column, digits.Match}
			rows, line, err := scan(s)
			if tt.line == 0 {
				if err != nil || len(rows) != 2 {
					t.Errorf("got %v (%v), want one row", rows, err)
				}
			} else if !errors.Is(err, errSwallow) || line != tt.line+1 {
				t.Errorf("got %v at line %d, want a refusal at line %d", err, line, tt.line+1)
			}
		})
	}
}

// The grammar of RFC 4180 as regular expressions: the independent word on which lines
// belong to which row. A cell of one line may have space around its marks.
var (
	space    = "[\x00-\x09\x0b-\x20\u3000\u00a0\ufeff]*"
	cell     = `(?:"(?:[^"]|"")*"|` + space + `"(?:[^"\n]|"")*"` + space + `|[^",\n]*)`
	wholeRow = regexp.MustCompile(`^` + cell + `(?:,` + cell + `)*(?:\n|\z)`)
	openRow  = regexp.MustCompile(`^(?:` + cell + `,)*"(?:[^"]|"")*\z`)
)

// oracle reads text in which every line ends in a newline. refused is the line of what
// ends it; 0: nothing.
func oracle(text string) (rows []row, lines Lines, refused int) {
	for line := 1; text != ""; {
		first, rest, _ := strings.Cut(text, "\n")
		whole := wholeRow.FindString(text)
		switch {
		case first == "":
			lines.Blank++
			line, text = line+1, rest
		case whole != "":
			n := strings.Count(strings.TrimSuffix(whole, "\n"), "\n")
			rows = append(rows, row{Line: line})
			lines.Rows, lines.Parts = lines.Rows+1, lines.Parts+n
			line, text = line+n+1, text[len(whole):]
		case openRow.MatchString(text):
			return rows, lines, line
		default:
			rows = append(rows, bad(line))
			lines.Rows++
			line, text = line+1, rest
		}
	}
	return rows, lines, 0
}

func FuzzRows(f *testing.F) {
	for _, s := range []string{
		"a,b\nc", `"a""b",c`, "\"a\r\nb\"\r\n", "a\r", "\"\"\n\n,", "a\"b", "\r\n\r", "\"a\"\r", "1,\"a\n2,b\n3,\"c\"\n", "1, \"a\" ,b\n",
		"\"a\n\"\"\n\"", "\"a\"\u3000\n\" \"\" \"", "a,\"b\nc\" \nd", "\"\r\r\n\"\r\r\r\n", ",\"\n\",\"\"\"\n", "\" \"\" ,\"x",
	} {
		f.Add(s)
	}
	f.Fuzz(checkRows)
}

// Short texts of the octets that matter, more than a fuzzer's seeds.
func TestRowsOfAnyText(t *testing.T) {
	pieces := []string{`"`, `"`, `"`, `""`, ",", ",", "\n", "\r", "\r\n", " ", "\u3000", "a", "b"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		var text strings.Builder
		for range random.IntN(16) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		t.Run(text.String(), func(t *testing.T) { checkRows(t, text.String()) })
	}
}

// checkRows holds the rows of a text against the oracle and encoding/csv.
func checkRows(t *testing.T, text string) {
	t.Helper()
	s := newScanner(iotest.OneByteReader(strings.NewReader(text)), ',')
	s.buf = make([]byte, 8)
	got, line, err := scan(s)
	plain := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	want, lines, refused := oracle(plain)
	if line != 0 && !errors.Is(err, errQuote) {
		t.Fatalf("got %v at line %d", err, line)
	}
	if (err != nil) != (refused > 0) || line < refused {
		t.Fatalf("got %v at line %d, want a refusal of the row of line %d", err, line, refused)
	}
	if len(got) != len(want) {
		t.Fatalf("got the rows %+v, want %+v", got, want)
	}
	for i, g := range got {
		if g.Line != want[i].Line || g.Bad != want[i].Bad {
			t.Fatalf("got the row %+v, want %+v", g, want[i])
		}
	}
	if err == nil {
		if s.lines != lines || s.read() != lines.Sum() {
			t.Fatalf("got the lines %+v of %d, want %+v", s.lines, s.read(), lines)
		}
	}
	compare(t, plain, got, line)
}

// compare holds rows against encoding/csv, which begins again on the line behind each
// row that it refuses.
func compare(t *testing.T, text string, got []row, refused int) {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	for skipped := 0; skipped < len(lines); {
		r := csv.NewReader(strings.NewReader(strings.Join(lines[skipped:], "")))
		r.FieldsPerRecord = -1
		wrong := 0
		for wrong == 0 {
			want, err := r.Read()
			if err == io.EOF {
				if len(got) > 0 || refused > 0 {
					t.Fatalf("got %+v and a refusal at line %d, want the end", got, refused)
				}
				return
			}
			var parse *csv.ParseError
			if errors.As(err, &parse) {
				wrong = parse.StartLine
				break
			}
			line, _ := r.FieldPos(0)
			if len(got) == 0 {
				t.Fatalf("got no row, want %q at line %d", want, skipped+line)
			}
			if d := cmp.Diff(good(skipped+line, want...), got[0]); d != "" {
				t.Fatal(d)
			}
			got = got[1:]
		}
		at := skipped + wrong
		switch {
		case len(got) == 0: // the mark is never closed: one more closes it
			r := csv.NewReader(strings.NewReader(strings.Join(lines[at-1:], "") + `"`))
			r.FieldsPerRecord = -1
			// encoding/csv takes no space around marks.
			if _, err := r.Read(); refused < at || err != nil && !openRow.MatchString(strings.Join(lines[at-1:], "")) {
				t.Fatalf("got the end at line %d, want one at %d (%v)", refused, at, err)
			}
			return
		case got[0].Line != at:
			t.Fatalf("got %+v, want what is wrong with line %d", got[0], at)
		case !got[0].Bad: // space stands around its marks, or the grammar refuses it too
			whole := wholeRow.FindString(strings.Join(lines[at-1:], ""))
			if whole == "" {
				t.Fatalf("got %+v, want the row refused", got[0])
			}
			at += strings.Count(strings.TrimSuffix(whole, "\n"), "\n")
		}
		got, skipped = got[1:], at
	}
}

func TestTheSizeOfTheBufferMakesNoDifference(t *testing.T) {
	texts := []string{
		"1,\"a\"\"b\" ,c\r\n2,\"d\r\ne\",f\r3,\"g\n4,h\r\n5,\"i\"\r\n\r\n6, \"j\"\u3000,k\n7,\"l\" m\r8,n\"\n9,\"\"\r\r\n10,o\r",
		"\"\"\"\"\"\",\"\"\n\"\r\n\"\r\n\"x\"\r",
	}
	for _, text := range texts {
		want, lines, _ := oracle(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
		for size := 1; size < len(text)+2; size++ {
			for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
				s := newScanner(r, ',')
				s.buf = make([]byte, size)
				rows, _, err := scan(s)
				if err != nil {
					t.Fatal(err)
				}
				for i := range rows {
					if i < len(want) {
						want[i].Cells = rows[i].Cells // TestRows and FuzzRows look at these
					}
				}
				if d := cmp.Diff(want, rows); d != "" || s.lines != lines || s.read() != lines.Sum() {
					t.Fatalf("a buffer of %d: %+v of %d, want %+v: %s", size, s.lines, s.read(), lines, d)
				}
			}
		}
	}
}

func TestRowsCostNoMemory(t *testing.T) {
	text := strings.Repeat("1,\"a\"\"b\",c\n2,\"d\ne\",f\n3,\"g\" h\n4, \"i\" \n5,j\n", 200)
	s := newScanner(strings.NewReader(""), ',')
	r := strings.NewReader(text)
	got := testing.AllocsPerRun(20, func() {
		r.Reset(text)
		*s = scanner{r: r, sep: ',', next: 1, buf: s.buf, cells: s.cells, starts: s.starts, doubled: s.doubled}
		for n := 0; ; n++ {
			if _, err := s.row(); err == io.EOF {
				if n != 1000 {
					t.Fatalf("got %d rows, want 1000", n)
				}
				break
			}
		}
	})
	if got > 0 {
		t.Errorf("got %v allocations in 1000 rows, want none", got)
	}
}

func BenchmarkScan(b *testing.B) {
	var file bytes.Buffer
	if err := Generate(&file, GenerateOptions{Count: 100_000}); err != nil {
		b.Fatal(err)
	}
	quoted := regexp.MustCompile(`[^,\n]+`).ReplaceAll(file.Bytes(), []byte(`"$0"`))
	for name, data := range map[string][]byte{
		"plain": file.Bytes(), "returns": bytes.ReplaceAll(file.Bytes(), []byte("\n"), []byte("\r\n")), "quoted": quoted,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				start, n := time.Now(), 0
				s := newScanner(bytes.NewReader(data), ',')
				for {
					if _, err := s.row(); err != nil {
						break
					}
					n++
				}
				b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(n), "ns/row")
			}
		})
	}
}
