package audience

// A format is a number format of a spreadsheet, ECMA-376 part 1, section 18.8.31. A nil
// one is General. Only what every program shows alike is shown: fractions, numerals of
// other scripts, other calendars and the like are not sure.
type format struct {
	numbers []section // at most three
	text    *section  // how texts are shown; nil: as they are
	general bool      // numbers are shown as in General: there is a section for texts alone
	sure    bool
}

// parseFormat reads a format's code.
func parseFormat(code string) *format {
	f := &format{sure: true}
	var sections []section
	for {
		var s section
		s, code = parseSection(code)
		sections = append(sections, s)
		if code == "" {
			break
		}
		if code = code[1:]; code == "" { // the last section is empty
			sections = append(sections, section{sure: true})
			break
		}
	}
	if len(sections) > 4 {
		return &format{}
	}
	last := len(sections) - 1
	if len(sections) == 4 || sections[last].kind == textSection {
		f.text, sections = &sections[last], sections[:last]
	}
	for _, s := range sections {
		f.sure = f.sure && s.kind != textSection // it cannot stand there
	}
	f.general = len(sections) == 0
	f.numbers = sections
	return f
}

// isDate reports whether numbers are shown as dates or times.
func (f *format) isDate() bool {
	return f != nil && len(f.numbers) > 0 && f.numbers[0].kind == dateSection
}

// isScientific reports whether numbers are shown with an exponent.
func (f *format) isScientific() bool {
	return f != nil && len(f.numbers) > 0 && f.numbers[0].exponent > 0
}

// appendText appends a text as the format shows it.
func (f *format) appendText(dst, text []byte) []byte {
	if f == nil || f.text == nil || !f.text.sure {
		return append(dst, text...)
	}
	for _, i := range f.text.items {
		if i.letter == '@' {
			dst = append(dst, text...)
		} else {
			dst = append(dst, i.text...)
		}
	}
	return dst
}

// append appends a number as the format shows it; false: that is not sure.
func (f *format) append(dst []byte, v float64, from1904 bool) ([]byte, bool) {
	if f == nil {
		return appendGeneral(dst, v), true
	}
	if !f.sure {
		return dst, false
	}
	if f.general { // programs differ in whether more than the number is shown
		return appendGeneral(dst, v), len(f.text.items) == 1
	}
	s, sign := f.choose(v)
	if s == nil || !s.sure {
		return dst, false
	}
	switch s.kind {
	case dateSection:
		if v < 0 {
			return dst, false // Excel fills the cell with #
		}
		return s.appendDate(dst, v, from1904)
	case numberSection, generalSection:
		return s.appendNumber(dst, v, sign)
	}
	for _, i := range s.items {
		dst = append(dst, i.text...)
	}
	return dst, !sign
}

// choose is the section for a number, nil when it is not sure, and whether a minus
// stands in front of what it shows.
func (f *format) choose(v float64) (s *section, sign bool) {
	first := &f.numbers[0]
	if first.compare == "" {
		for _, other := range f.numbers[1:] {
			if other.compare != "" {
				return nil, false
			}
		}
		switch {
		case v < 0 && len(f.numbers) > 1:
			return &f.numbers[1], false
		case v == 0 && len(f.numbers) > 2:
			return &f.numbers[2], false
		}
		return first, v < 0
	}
	for i := range f.numbers {
		s := &f.numbers[i]
		if s.compare != "" && !s.holds(v) {
			continue
		}
		if s.compare == "" && i == 1 && len(f.numbers) == 3 {
			return nil, false // programs differ
		}
		// The section for the rest shows no minus, and none has what is for negative ones.
		below := s.compare == "" || (s.compare == "<" || s.compare == "<=") && s.limit <= 0
		return s, v < 0 && !below
	}
	return nil, false
}

// holds reports whether a number is one that the section is for.
func (s *section) holds(v float64) bool {
	switch s.compare {
	case "<":
		return v < s.limit
	case "<=":
		return v <= s.limit
	case "=":
		return v == s.limit
	case "<>":
		return v != s.limit
	case ">=":
		return v >= s.limit
	case ">":
		return v > s.limit
	}
	return false
}
