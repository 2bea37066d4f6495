package main

import (
	"fmt"
	"strings"

	"tocsin/campaigns"
)

// bookLines say which sheets of each workbook were read, and which were not.
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
		lines = append(lines, strings.Join(parts, "\n"))
	}
	return lines
}
