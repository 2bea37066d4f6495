package audience

import "strconv"

// formats are the number formats of a workbook's styles.
type formats struct {
	styles []int // the number of each style's format
	codes  map[int]string
	parsed map[int]*format
}

// readFormats reads the styles; a workbook without any shows all numbers as General.
func readFormats(w *contents) (*formats, error) {
	f := &formats{codes: map[int]string{}, parsed: map[int]*format{0: nil}}
	if w.styles == "" || w.find(w.styles) == nil {
		return f, nil
	}
	var sheet struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Styles []struct {
			ID string `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := w.decode(w.styles, &sheet); err != nil {
		return nil, err
	}
	for _, n := range sheet.Formats {
		f.codes[n.ID] = n.Code
	}
	for _, s := range sheet.Styles {
		id, err := strconv.Atoi(s.ID)
		if err != nil {
			id = 0 // none is given
		}
		f.styles = append(f.styles, id)
	}
	return f, nil
}

// of is the format of a cell's style, nil for General; false: the style is not there.
// A cell without a style has the first.
func (f *formats) of(style []byte) (*format, bool) {
	i := 0
	if len(style) > 0 {
		var err error
		if i, err = strconv.Atoi(string(style)); err != nil || i < 0 || i >= len(f.styles) && i > 0 {
			return nil, false
		}
	}
	if len(f.styles) == 0 {
		return nil, true
	}
	id := f.styles[i]
	if format, ok := f.parsed[id]; ok {
		return format, true
	}
	code, ok := f.codes[id]
	if !ok {
		code = builtIn[id]
	}
	if code == "" {
		code = "[?]"
	}
	format := parseFormat(code)
	f.parsed[id] = format
	return format, true
}

// builtIn are the formats that workbooks name by a number alone, ECMA-376 part 1,
// section 18.8.30. Some of them differ from one country's Excel to another's: dates are
// written as in China, whose year, month and day nobody takes for another order; where
// the money of a country or the brackets of negative numbers would be guessed, [?] marks
// what is not shown. What is not in the table is not shown either.
var builtIn = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00",
	9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
	14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
	22: "yyyy/m/d h:mm",
	27: `yyyy"年"m"月"`, 28: `m"月"d"日"`, 29: `m"月"d"日"`, 30: "m-d-yy", 31: `yyyy"年"m"月"d"日"`, 32: `h"时"mm"分"`, 33: `h"时"mm"分"ss"秒"`,
	34: `上午/下午h"时"mm"分"`, 35: `上午/下午h"时"mm"分"ss"秒"`, 36: `yyyy"年"m"月"`,
	37: "#,##0;[?]", 38: "#,##0;[?]", 39: "#,##0.00;[?]", 40: "#,##0.00;[?]", 41: `#,##0;[?];"-"`, 43: `#,##0.00;[?];"-"`,
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
	50: `yyyy"年"m"月"`, 51: `m"月"d"日"`, 52: `yyyy"年"m"月"`, 53: `m"月"d"日"`, 54: `m"月"d"日"`, 55: `上午/下午h"时"mm"分"`,
	56: `上午/下午h"时"mm"分"ss"秒"`, 57: `yyyy"年"m"月"`, 58: `m"月"d"日"`,
}
