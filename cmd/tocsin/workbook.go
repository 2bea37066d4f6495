package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// sheetRows is the most rows of a sheet: Excel's own limit.
const sheetRows = 1 << 20

// headings keep the names of the columns in sight.
var headings = &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}

// writeWorkbook writes what export writes as CSV into an Excel workbook at path,
// every cell a text, so that no number loses digits. What does not fit a sheet
// goes to the next, each with the names of the columns.
func writeWorkbook(ctx context.Context, path string, export func(context.Context, io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	exported := make(chan error, 1)
	go func() {
		err := export(ctx, w)
		w.CloseWithError(err)
		exported <- err
	}()
	book := excelize.NewFile()
	defer book.Close()
	err := fillWorkbook(book, csv.NewReader(r), sheetRows)
	cancel()
	r.CloseWithError(err)
	if exportErr := <-exported; exportErr != nil && (err == nil || errors.Is(err, exportErr)) {
		return exportErr
	}
	if err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	f, err := newPrivate(path)
	if err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	defer f.drop()
	if err := book.Write(f); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	if err := f.keep(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// fillWorkbook puts the records into sheets of at most limit rows.
func fillWorkbook(book *excelize.File, records *csv.Reader, limit int) error {
	records.ReuseRecord = true
	header, err := records.Read()
	if err != nil {
		return err
	}
	names := texts(nil, header)
	var row []any
	for k := 1; ; k++ {
		name := fmt.Sprintf("Sheet%d", k)
		if k > 1 {
			if _, err := book.NewSheet(name); err != nil {
				return err
			}
		}
		sheet, err := book.NewStreamWriter(name)
		if err != nil {
			return err
		}
		if err := sheet.SetPanes(headings); err != nil {
			return err
		}
		if err := sheet.SetRow("A1", names); err != nil {
			return err
		}
		last := false
		for at := 2; at <= limit && !last; at++ {
			record, err := records.Read()
			if last = err == io.EOF; last {
				break
			}
			if err != nil {
				return err
			}
			row = texts(row[:0], record)
			if err := sheet.SetRow(fmt.Sprintf("A%d", at), row); err != nil {
				return err
			}
		}
		if err := sheet.Flush(); err != nil {
			return err
		}
		if last {
			return nil
		}
	}
}

// texts are the cells of a record.
func texts(row []any, record []string) []any {
	for _, cell := range record {
		row = append(row, cell)
	}
	return row
}
