package audience

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHeadingsAreReadAsPeopleSeeThem(t *testing.T) { // B26
	tests := []struct {
		name, text string
		columns    []string
		lines      Lines
		line       int // of the only row
	}{
		{"sep=;", "sep=;\nnumber;name, first\n138;a\n", []string{"number", "name, first"}, Lines{Header: 2, Rows: 1}, 3},
		{"sep=, and carriage returns", "sep=,\r\nnumber,name;x\r\n138,a\r\n", []string{"number", "name;x"}, Lines{Header: 2, Rows: 1}, 3},
		{"sep=tab", "SEP=\t\nnumber\tname\n138\ta\n", []string{"number", "name"}, Lines{Header: 2, Rows: 1}, 3},
		{"sep in quotation marks", "\"sep=|\"\nnumber|name\n138|a\n", []string{"number", "name"}, Lines{Header: 2, Rows: 1}, 3},
		{"characters that are not seen", "手机号\u200b,\u2060姓\u00ad名\u200e\n138,a\n", []string{"手机号", "姓名"}, Lines{Header: 1, Rows: 1}, 2},
		{"nothing but what is not seen", "number,\u200b\n138,a\n", []string{"number", "column 2"}, Lines{Header: 1, Rows: 1}, 2},
		{"line breaks", "\"手机\n号码\",\"name\r\n(first)\"\n138,a\n", []string{"手机 号码", "name (first)"}, Lines{Header: 1, Rows: 1, Parts: 2}, 4},
		{"pipes", "number|name, first\n138|a\n", []string{"number", "name, first"}, Lines{Header: 1, Rows: 1}, 2},
		{"semicolons with commas in a name", "number;name, given, second\n138;a\n", []string{"number", "name, given, second"}, Lines{Header: 1, Rows: 1}, 2},
		{"commas with semicolons in a name", "number,name;given;second\n138,a\n", []string{"number", "name;given;second"}, Lines{Header: 1, Rows: 1}, 2},
		{"commas with tabs in a name", "number,name\t\t\n138,a\n", []string{"number", "name"}, Lines{Header: 1, Rows: 1}, 2},
		{"one column with a pipe", "手机|电话\n138\n", []string{"手机|电话"}, Lines{Header: 1, Rows: 1}, 2},
		{"one column with a full-width comma", "手机号（必填，11位）\n138\n", []string{"手机号（必填，11位）"}, Lines{Header: 1, Rows: 1}, 2},
		{"rows of several lengths", "number,a;b,c\n138\n", []string{"number", "a;b", "c"}, Lines{Header: 1, Rows: 1}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Open(write(t, "a.csv", []byte(tt.text)))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if d := cmp.Diff(tt.columns, f.Columns()); d != "" {
				t.Error(d)
			}
			cells, line, err := f.Next()
			if err != nil || line != tt.line || string(cells[0]) != "138" {
				t.Errorf("got %q at line %d (%v)", cells, line, err)
			}
			if _, _, err = f.Next(); err == nil {
				t.Error("got a second row")
			}
			if lines, _ := f.Lines(); lines != tt.lines {
				t.Errorf("got %+v, want %+v", lines, tt.lines)
			}
		})
	}
}

func TestHeadingsThatAreRefusedQuoteNoRow(t *testing.T) { // B26, B27, E7
	const row = "13800138000,张三,浦东新区\n"
	for name, tt := range map[string]struct {
		text, want string
		line       int
	}{
		"full-width commas":                    {"手机号，姓名\n13800138000，张三\n", "separated by ，", 1},
		"full-width semicolons":                {"手机号；姓名\n13800138000；张三\n", "separated by ；", 1},
		"a separator that is none":             {"sep=，\nnumber，name\n", "names a separator that is not read", 1},
		"an open mark":                         {"number,\"name\n" + row, "not closed", 1},
		"an open mark that a later one closes": {"number,\"name\n" + row + "13800138001,\"李四\"\n", "behind a cell's closing", 1},
		"an open mark that takes in rows":      {"number,\"name\n" + row + "13800138001,\"\n", "has several lines and holds a number", 1},
		"two columns, one with what is unseen": {"姓名,number,姓名\u200b\n" + row, "two columns \"姓名\" (with U+200B, which is not seen)", 1},
		"no headings, two cells the same":      {"13800138000,张三,张三\n", "columns 2 and 3 are called the same", 1},
		"a first row that is too long":         {"13800138000,张三," + strings.Repeat("x", 300) + "\n", "the name of column 3 has more than 256", 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(write(t, "a.csv", []byte(tt.text)))
			var e *Error
			if !errors.As(err, &e) || e.Line != tt.line || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q at line %d", err, tt.want, tt.line)
			}
			if err != nil && (strings.Contains(err.Error(), "138") || strings.Contains(err.Error(), "张三")) {
				t.Errorf("the error quotes a row: %v", err)
			}
		})
	}
}

func TestShownColumns(t *testing.T) { // B26, B27
	f, err := Open(write(t, "a.csv", []byte("姓名\u200b,"+strings.Repeat("长", 60)+strings.Repeat(",x", 1)+"\n")))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if want := "there are: 姓名 (with U+200B, which is not seen), " + strings.Repeat("长", 40) + "…, x"; f.Shown() != want {
		t.Errorf("got %s, want %s", f.Shown(), want)
	}
	for _, first := range []string{"1380013,张三", "+44 7911,张三", "１３８００１３８,张三", "٠١٢٣٤٥٦٧,张三"} {
		f, err := Open(write(t, "a.csv", []byte(first+"\n")))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Shown(); strings.Contains(got, "张三") || !strings.Contains(got, "not shown") {
			t.Errorf("got %s of a first row that is no header", got)
		}
		f.Close()
	}
}
