package campaigns

import (
	"errors"
	"fmt"
	"slices"

	"tocsin/campaigns/audience"
)

// names are a file's columns by the names the definition gives them.
func (p *planner) names(f *audience.File) ([]string, error) {
	names := slices.Clone(f.Columns())
	aliases := make([]string, 0, len(p.d.Audience.Columns))
	for name := range p.d.Audience.Columns {
		aliases = append(aliases, name)
	}
	slices.Sort(aliases)
	for _, alias := range aliases {
		column := p.d.Audience.Columns[alias]
		at := slices.Index(f.Columns(), column)
		if at < 0 {
			at = slices.IndexFunc(f.Columns(), func(c string) bool { return audience.SameColumn(c, column) })
		}
		if at < 0 && f.Own() && slices.Contains(names, alias) { // an export has the campaign's names
			continue
		}
		if at < 0 {
			return nil, &Refusal{File: f.Path(), Line: 1, Err: fmt.Errorf("there is no column %q, which audience.columns calls %s%s", column, alias, columnHint(column, f.Columns()))}
		}
		if other := slices.Index(names, alias); other >= 0 && other != at {
			return nil, &Refusal{File: f.Path(), Line: 1, Err: fmt.Errorf("audience.columns calls the column %q %s, but there is a column of that name too", column, alias)}
		}
		names[at] = alias
	}
	return names, nil
}

// usualNames are what people call the column of telephone numbers.
var usualNames = []string{
	"number", "phone", "phone number", "phone_number", "mobile", "mobile number", "tel", "telephone", "msisdn",
	"手机号", "手机号码", "手机", "电话", "电话号码", "联系电话", "移动电话", "号码",
}

// numberColumn is the column of numbers in a file: the one called number, else
// one with a usual name, and the only one of a list.
func (p *planner) numberColumn(f *audience.File, names []string, list bool) (int, error) {
	for _, usual := range usualNames {
		for i, name := range names {
			if audience.SameColumn(name, usual) {
				return i, nil
			}
		}
	}
	for _, name := range names {
		if _, ok := p.numbers.parse([]byte(name)); ok {
			return 0, &Refusal{File: f.Path(), Line: 1, Err: errors.New("the first row must name the columns, and it holds a telephone number: put a row like number,name in front")}
		}
	}
	if list && len(names) == 1 {
		return 0, nil
	}
	return 0, &Refusal{File: f.Path(), Line: 1, Err: fmt.Errorf("no column holds telephone numbers by its name: write audience.columns: {number: THE COLUMN} (%s)", f.Shown())}
}
