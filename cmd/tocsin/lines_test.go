package main

import (
	"testing"

	"tocsin/campaigns"
	"tocsin/campaigns/audience"
)

func TestAPlanAccountsForEveryLineOfAFile(t *testing.T) { // B1
	s := &campaigns.Summary{
		Encodings: []string{"UTF-8", "GB18030", "XLSX"}, FileRows: []int{4, 2, 7},
		FileLines: []audience.Lines{{Header: 1, Rows: 4, Parts: 3, Blank: 2}, {Header: 1, Rows: 2}, {}},
	}
	for i, want := range []struct{ en, zh string }{
		{
			"a.csv (UTF-8, 4 rows)\n10 lines: 1 of headings, 4 of rows, 3 more inside cells of several lines, 2 blank",
			"a.csv（UTF-8，4 行）\n文件共 10 行：表头 1 行，数据 4 行，单元格内换行另占 3 行，空行 2 行",
		},
		{"a.csv (GB18030, 2 rows)", "a.csv（GB18030，2 行）"},
		{"a.csv (XLSX, 7 rows)", "a.csv（XLSX，7 行）"},
	} {
		if got := fileLine(s, i, "a.csv", &wordsEN); got != want.en {
			t.Errorf("got %q, want %q", got, want.en)
		}
		if got := fileLine(s, i, "a.csv", &wordsZH); got != want.zh {
			t.Errorf("got %q, want %q", got, want.zh)
		}
	}
}
