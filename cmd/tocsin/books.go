package main

import (
	"fmt"
	"strings"

	"tocsin/campaigns"
)

// bookLines say what of each workbook was read, and what people do not see of it.
func bookLines(books []campaigns.Book, say *words) []string {
	var lines []string
	for _, b := range books {
		parts := []string{fmt.Sprintf(say.BookSheets, b.File, strings.Join(b.Sheets, say.BookAnd))}
		for _, names := range []struct {
			text string
			list []string
		}{{say.BookHidden, b.Hidden}, {say.BookOthers, b.Skipped}} {
			if len(names.list) > 0 {
				parts = append(parts, fmt.Sprintf(names.text, strings.Join(names.list, say.BookAnd)))
			}
		}
		if b.HiddenRows > 0 {
			parts = append(parts, fmt.Sprintf(say.BookRows, b.HiddenRows, b.FilteredRows))
		}
		if len(b.HiddenColumns) > 0 {
			parts = append(parts, fmt.Sprintf(say.BookColumns, strings.Join(b.HiddenColumns, say.BookAnd)))
		}
		if b.Merges > 0 {
			places := strings.Join(b.Merged, say.BookAnd)
			if b.Merges > len(b.Merged) {
				places += " …"
			}
			parts = append(parts, fmt.Sprintf(say.BookMerged, b.Merges, places))
		}
		lines = append(lines, strings.Join(parts, "\n"))
	}
	return lines
}
