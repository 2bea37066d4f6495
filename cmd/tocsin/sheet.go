package main

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// A sheet aligns what people read. A Chinese character is as wide as two others.
type sheet [][]string

// add appends a row.
func (t *sheet) add(cells ...string) {
	for i, cell := range cells {
		cells[i] = visibleLines(cell)
	}
	*t = append(*t, cells)
}

// write writes the rows, two spaces between columns. The first right columns are
// aligned on the right, the last is not filled up. More lines of a last cell
// stand below its first.
func (t sheet) write(w io.Writer, right int) {
	var widths []int
	for _, row := range t {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columnsOf(cell))
		}
	}
	for _, row := range t {
		var b strings.Builder
		at := 0
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-columnsOf(cell))
			b.WriteString("  ")
			switch {
			case i < right:
				b.WriteString(gap + cell)
			case i == len(row)-1:
				b.WriteString(strings.ReplaceAll(cell, "\n", "\n"+strings.Repeat(" ", at+2)))
			default:
				b.WriteString(cell + gap)
			}
			at += 2 + widths[i]
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// columnsOf is how many columns of a terminal a text takes, by its widest line.
func columnsOf(text string) int {
	widest, n := 0, 0
	for _, r := range text {
		switch k := width.LookupRune(r).Kind(); {
		case r == '\n':
			n = 0
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
		widest = max(widest, n)
	}
	return widest
}
