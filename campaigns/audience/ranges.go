package audience

import "strings"

// An area is a rectangle of cells, its edges counted from 1 and part of it.
type area struct{ left, top, right, bottom int }

func parseArea(ref string) (area, bool) {
	from, to, ok := strings.Cut(strings.ReplaceAll(ref, "$", ""), ":")
	if !ok {
		to = from
	}
	var a area
	var good, fine bool
	a.left, a.top, good = parsePlace([]byte(from))
	a.right, a.bottom, fine = parsePlace([]byte(to))
	return a, good && fine && a.left <= a.right && a.top <= a.bottom
}

// A span is rows from one to another.
type span struct{ from, to int }

// ranges are what a sheet says beside its values.
type ranges struct {
	hidden  []span // rows that are not shown and have values
	columns []span // that are not shown
	filters []area // the first of them
	merged  []area // of more than one row: the first of them
	merges  int    // how many of them there are
}

// maxAreas is how many areas are kept of a sheet.
const maxAreas = 64

// hide notes a row that is not shown.
func (r *ranges) hide(row int) {
	if n := len(r.hidden); n > 0 && r.hidden[n-1].to == row-1 {
		r.hidden[n-1].to = row
		return
	}
	r.hidden = append(r.hidden, span{row, row})
}

// note looks at an element beside the table.
func (r *ranges) note(t *tags) {
	switch string(t.name) {
	case "col":
		from, to := number(t.attribute("min")), number(t.attribute("max"))
		if from > 0 && to >= from && (isTrue(string(t.attribute("hidden"))) || string(t.attribute("width")) == "0") {
			r.columns = append(r.columns, span{from, to})
		}
	case "autoFilter":
		if a, ok := parseArea(string(t.attribute("ref"))); ok && len(r.filters) < maxAreas {
			r.filters = append(r.filters, a)
		}
	case "mergeCell":
		if a, ok := parseArea(string(t.attribute("ref"))); ok && a.bottom > a.top {
			if r.merges++; len(r.merged) < maxAreas {
				r.merged = append(r.merged, a)
			}
		}
	}
}

// number reads a small whole number, 0 when it is none.
func number(text []byte) int {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' || n > sheetRows {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// rows is how many rows with values are hidden behind the first, and how many of them
// a filter has taken away.
func (r *ranges) rows(first int) (hidden, filtered int) {
	for _, s := range r.hidden {
		for row := max(s.from, first+1); row <= s.to; row++ {
			for _, a := range r.filters {
				if row > a.top && row <= a.bottom {
					filtered++
					break
				}
			}
			hidden++
		}
	}
	return hidden, filtered
}

// tableFilters are the filters of the tables that lie on a sheet.
func tableFilters(w *contents, part string) ([]area, error) {
	relations, err := w.relations(part)
	if err != nil {
		return nil, err
	}
	var filters []area
	for _, r := range relations {
		if r.kind() != "table" || len(filters) == maxAreas || w.find(r.Target) == nil {
			continue
		}
		var table struct {
			Filter struct {
				Ref string `xml:"ref,attr"`
			} `xml:"autoFilter"`
		}
		if err := w.decode(r.Target, &table); err != nil {
			return nil, err
		}
		if a, ok := parseArea(table.Filter.Ref); ok {
			filters = append(filters, a)
		}
	}
	return filters, nil
}
