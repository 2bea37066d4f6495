package audience

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func rowsOf(t *testing.T, text string) (columns []string, rows [][]string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		cells, _, err := f.Next()
		if err == io.EOF {
			return f.Columns(), rows
		}
		if err != nil {
			t.Fatal(err)
		}
		var row []string
		for _, c := range cells {
			row = append(row, string(c))
		}
		rows = append(rows, row)
	}
}

func TestAFileOfOursIsReadAsItWasBefore(t *testing.T) { // B19
	for _, tt := range []struct {
		name, text string
		want       [][]string
	}{
		{
			"an export", "\ufeffnumber,state,reason,resent,line,number_uploaded,name\n85291234567,delivered,,false,2,'+852 9123 4567,'@小明\n8613800138000,failed,,true,3,13800138000,'－王\n",
			[][]string{{"+85291234567", "delivered", "", "false", "2", "+852 9123 4567", "@小明"}, {"+8613800138000", "failed", "", "true", "3", "13800138000", "－王"}},
		},
		{
			"an export in Chinese", "\ufeff号码,状态,原因,代码,是否重发,行号,姓名\n8613800138000,已送达,,,否,2,'-王\n",
			[][]string{{"+8613800138000", "已送达", "", "", "否", "2", "-王"}},
		},
		{
			"an export of a file with our columns", "number,tocsin_state,reason,resent,state\n8613800138000,delivered,,false,'=NSW\n",
			[][]string{{"+8613800138000", "delivered", "", "false", "=NSW"}},
		},
		{
			"an export in Chinese of an English file", "号码,状态,原因,是否重发,number\n8613800138000,已送达,,否,13800138000\n",
			[][]string{{"+8613800138000", "已送达", "", "否", "13800138000"}},
		},
		{
			"rejects", "\ufefffile,line,reason,number,name,problem\npeople.csv,2,invalid,'+852,'@小明,too few digits\n",
			[][]string{{"people.csv", "2", "invalid", "+852", "@小明", "too few digits"}},
		},
		{
			"somebody else's", "number,name,state\n'+85291234567,'@小明,NSW\n13800138000,C:\\new,NSW\n",
			[][]string{{"'+85291234567", "'@小明", "NSW"}, {"13800138000", `C:\new`, "NSW"}},
		},
	} {
		_, rows := rowsOf(t, tt.text)
		if d := cmp.Diff(tt.want, rows); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestNoTwoColumnsOfAFileOfOursHaveOneName(t *testing.T) { // B19
	names := []string{"number", "state", "reason", "line"}
	for _, uploaders := range [][]string{
		{"number", "name"}, {"state", "tocsin_state", "number", "number_uploaded"}, {"号码", "状态"}, {"line", "=x", "reason"}, nil,
	} {
		for _, chinese := range []bool{false, true} {
			own := OwnColumns(names, uploaders, chinese)
			seen := map[string]bool{}
			for _, name := range append(own, UploadersColumns(own, uploaders)...) {
				if seen[name] {
					t.Errorf("%q: two columns are called %q", uploaders, name)
				}
				seen[name] = true
			}
			if want := map[bool]string{false: "number", true: "号码"}[chinese]; own[0] != want {
				t.Errorf("%q: got %q for the number, want %q", uploaders, own[0], want)
			}
		}
	}
}
