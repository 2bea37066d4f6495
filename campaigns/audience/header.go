package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

const (
	// maxColumnName is the longest name of a column, in octets: longer ones are data.
	maxColumnName = 256
	// maxShown and maxListed are how many characters of a name, and how many names, an
	// error shows.
	maxShown, maxListed = 40, 20
	// manyDigits in one name, or in one line of it, may be a telephone number.
	manyDigits = 5
)

// header reads the names of the columns.
func (a *File) header() error {
	cells, line, err := a.rows.next()
	if err == io.EOF {
		return errors.New("is empty: its first row must name the columns")
	}
	if err != nil {
		return a.at(line, err)
	}
	if a.columns, a.raw, err = columnNames(cells); err != nil {
		return a.at(line, err)
	}
	if a.isOwn, a.ownNumber = recognise(a.columns); a.isOwn {
		for i, name := range a.columns {
			a.columns[i] = string(Bare([]byte(name)))
		}
	}
	return nil
}

// columnNames are the names of columns of the first row's cells: as people read them, and
// raw as they stand there.
func columnNames(cells [][]byte) (names, raw []string, err error) {
	seen := map[string]int{}
	for i, c := range cells {
		if len(trim(c)) > maxColumnName {
			return nil, nil, fmt.Errorf("the name of column %d has more than %d octets: is this row the names of the columns?", i+1, maxColumnName)
		}
		for k, part := range bytes.Split(trim(c), newline) {
			if k > 0 && digits(string(part)) > manyDigits {
				return nil, nil, fmt.Errorf("the name of column %d has several lines and holds a number: is a quotation mark not closed?", i+1)
			}
		}
		name := ColumnName(string(c))
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		names, raw = append(names, name), append(raw, string(trim(c)))
		other, twice := seen[name]
		if !twice {
			seen[name] = i
			continue
		}
		if ShowColumns(names) == "" {
			return nil, nil, fmt.Errorf("columns %d and %d are called the same: is this row the names of the columns?", other+1, i+1)
		}
		return nil, nil, fmt.Errorf("there are two columns %q%s%s: rename one", shorten(name), unseen(raw[other]), unseen(raw[i]))
	}
	return names, raw, nil
}

// ColumnName is a column's name as people read it: without characters that are not seen,
// and on one line.
func ColumnName(name string) string {
	gone := func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsControl(r):
			return '\n'
		}
		return r
	}
	lines := strings.FieldsFunc(strings.Map(gone, name), func(r rune) bool { return r == '\n' })
	for i, l := range lines {
		lines[i] = string(trim([]byte(l)))
	}
	return strings.TrimSpace(strings.Join(lines, " "))
}

// SameColumn reports whether two names read the same to a person: capital letters, space
// and invisible characters make no difference.
func SameColumn(a, b string) bool {
	plain := func(name string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, ColumnName(name))
	}
	return strings.EqualFold(plain(a), plain(b))
}

// ShowColumns lists the names of columns for an error. It is "" when one of them holds so
// many digits that it may be somebody's number: then none is a name, perhaps.
func ShowColumns(columns []string) string {
	var b strings.Builder
	for i, name := range columns {
		if digits(name) >= manyDigits {
			return ""
		}
		switch {
		case i == maxListed:
			fmt.Fprintf(&b, " and %d more", len(columns)-i)
		case i < maxListed:
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(shorten(name))
		}
	}
	return b.String()
}

// Shown lists the columns for an error, with the characters in their names that are not
// seen, or says why it does not.
func (a *File) Shown() string {
	names := make([]string, len(a.columns))
	for i, name := range a.columns {
		names[i] = name
		if i < len(a.raw) {
			names[i] = shorten(name) + unseen(a.raw[i])
		}
	}
	if ShowColumns(a.columns) == "" {
		return "its first row is not shown here, as it may hold a telephone number: is it the names of the columns?"
	}
	list := strings.Join(names[:min(len(names), maxListed)], ", ")
	if more := len(names) - maxListed; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return "there are: " + list
}

// unseen names the characters of a name that are not seen; "": there are none.
func unseen(name string) string {
	var found []string
	for _, r := range name {
		if code := fmt.Sprintf("%U", r); unicode.Is(unicode.Cf, r) && !strings.Contains(strings.Join(found, " "), code) {
			found = append(found, code)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " (with " + strings.Join(found, ", ") + ", which is not seen)"
}

func shorten(name string) string {
	if r := []rune(name); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return name
}

func digits(name string) int {
	n := 0
	for _, r := range name {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
