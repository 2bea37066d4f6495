package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tocsin/campaigns"
	"tocsin/campaigns/audience"
)

func TestAPlanNamesTheSheetsThatAreReadAndThoseThatAreNot(t *testing.T) { // B3, B4
	books := []campaigns.Book{
		{File: "b.xlsx", Book: audience.Book{Sheets: []string{"名单"}, Hidden: []string{"旧名单", "草稿"}, Skipped: []string{"图表"}}},
		{File: "out.xlsx", Exclude: true, Book: audience.Book{Sheets: []string{"浦东", "徐汇"}}},
	}
	for _, tt := range []struct {
		say  *words
		want []string
	}{
		{&wordsEN, []string{"b.xlsx: sheet 名单 is read\nhidden sheets are not read: 旧名单, 草稿\nother sheets are not read: 图表", "out.xlsx: sheet 浦东, 徐汇 is read"}},
		{&wordsZH, []string{"b.xlsx：读取工作表 名单\n隐藏的工作表未读取：旧名单、草稿\n其他工作表未读取：图表", "out.xlsx：读取工作表 浦东、徐汇"}},
	} {
		if d := cmp.Diff(tt.want, bookLines(books, tt.say)); d != "" {
			t.Error(d)
		}
	}
}

func TestWarningsOfWorkbooksAreSaidInBothLanguages(t *testing.T) { // B30, B13
	sum := &campaigns.Summary{Books: []campaigns.Book{
		{File: "dir/b.xlsx", Book: audience.Book{HiddenRows: 3, FilteredRows: 1, HiddenColumns: []string{"age"}, Merges: 9, Merged: []string{"C2:C4"}}},
		{File: "c.xlsx", Exclude: true, Book: audience.Book{HiddenRows: 1, HiddenColumns: []string{"name"}, Merges: 1, Merged: []string{"B2:B3"}}},
	}}
	var en, zh []string
	for _, w := range sum.Warnings() {
		en, zh = append(en, wordsEN.warning(w)), append(zh, wordsZH.warning(w))
	}
	want := []string{
		"3 rows that a workbook hides are read too (b.xlsx: 2; c.xlsx: 1)",
		"1 rows that a filter of a workbook hides are read too (b.xlsx: 1)",
		"1 columns that a workbook hides are read too (b.xlsx: age)",
		"9 merged cells of a workbook cover several rows, and only the first of these has the value (b.xlsx: C2:C4)",
	}
	if d := cmp.Diff(want, en); d != "" {
		t.Error(d)
	}
	want = []string{
		"工作簿中隐藏的 3 行也会读取（b.xlsx: 2; c.xlsx: 1）", "工作簿中被筛选隐藏的 1 行也会读取（b.xlsx: 1）",
		"工作簿中隐藏的 1 列也会读取（b.xlsx: age）", "工作簿中有 9 处合并单元格跨多行，只有其中第一行有内容（b.xlsx: C2:C4）",
	}
	if d := cmp.Diff(want, zh); d != "" {
		t.Error(d)
	}
}
