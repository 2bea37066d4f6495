package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func TestAnExportIsAWorkbookToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xlsx")
	err := writeWorkbook(t.Context(), path, func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "number,name\n8613800000001,\"张\n三\"\n8613800000002,'=1+1\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("Sheet1", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]string{{"number", "name"}, {"8613800000001", "张\n三"}, {"8613800000002", "'=1+1"}}, rows); d != "" {
		t.Error(d)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file for its owner alone", info, err)
	}
}

func TestWhatDoesNotFitASheetGoesToTheNext(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5, 8, 9} {
		var text strings.Builder
		text.WriteString("number\n")
		for i := range n {
			fmt.Fprintln(&text, i)
		}
		book := excelize.NewFile()
		if err := fillWorkbook(book, csv.NewReader(strings.NewReader(text.String())), 5); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.xlsx")
		if err := errors.Join(book.SaveAs(path), book.Close()); err != nil {
			t.Fatal(err)
		}
		saved, err := excelize.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, name := range saved.GetSheetList() {
			rows, err := saved.GetRows(name)
			if err != nil || len(rows) == 0 || len(rows) > 5 || rows[0][0] != "number" {
				t.Fatalf("%d rows: sheet %s has %q (%v)", n, name, rows, err)
			}
			got += len(rows) - 1
		}
		if err := saved.Close(); err != nil || got != n {
			t.Errorf("got %d rows (%v), want %d", got, err, n)
		}
	}
}

func TestAFailedExportLeavesNoWorkbook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xlsx")
	broken := errors.New("broken")
	for _, before := range []string{"", "number\n1\n"} {
		err := writeWorkbook(t.Context(), path, func(_ context.Context, w io.Writer) error {
			io.WriteString(w, before)
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v, want no file", err)
		}
	}
}
