package audience

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// A verdict says whether a cell's value is what people see.
type verdict uint8

const (
	fine     verdict = iota
	unsure           // its format is one that formats does not know for sure
	isError          // it shows an error
	unsolved         // its formula was never worked out
	stale            // its formula is to be worked out anew
	unknown          // its value is none of its kind
	noText           // its text is none
)

func (v verdict) String() string {
	switch v {
	case isError:
		return "shows an error such as #N/A"
	case unsolved:
		return "has a formula that was never calculated: open the workbook in Excel or WPS and save it again"
	case stale:
		return "has a formula that is to be calculated when the workbook is opened: open it in Excel or WPS and save it again"
	case noText:
		return "holds characters that no text has"
	}
	return "has a value that cannot be read"
}

// values reads the cells of a workbook.
type values struct {
	book    *contents
	formats *formats
	shared  *sharedTexts
	value   []byte
}

// read appends the text of the cell that begins; raw: a number is written in all its digits.
func (v *values) read(dst []byte, t *tags, raw bool, style, kind []byte) ([]byte, verdict, error) {
	if t.close {
		return dst, fine, nil // it has a style and no value
	}
	format, known := v.formats.of(style)
	k := kindOf(kind)
	c, err := v.content(t)
	if err != nil {
		return dst, fine, err
	}
	value := v.value
	switch {
	case k == unknownKind:
		return dst, unknown, nil
	case c.broken:
		return dst, noText, nil
	case k == errorKind:
		return dst, isError, nil
	case c.formula && (!c.valued || k != formulaText && len(value) == 0):
		return dst, unsolved, nil
	case c.formula && v.book.stale:
		return dst, stale, nil
	}
	switch k {
	case inlineText, formulaText:
		return format.appendText(dst, value), fine, nil
	case sharedKind:
		value = bytes.TrimSpace(value)
		if len(value) == 0 {
			return dst, fine, nil
		}
		if err := v.table(); err != nil {
			return dst, fine, err
		}
		i, err := strconv.Atoi(string(value))
		if err != nil || i < 0 || i >= len(v.shared.ends) {
			return dst, unknown, nil
		}
		if v.value, err = v.shared.appendText(v.value[:0], i); err != nil {
			return dst, fine, err
		}
		return format.appendText(dst, v.value), fine, nil
	}
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return dst, fine, nil
	}
	switch k {
	case truthKind:
		switch string(value) {
		case "1", "true", "TRUE":
			return append(dst, "TRUE"...), fine, nil
		case "0", "false", "FALSE":
			return append(dst, "FALSE"...), fine, nil
		}
		return dst, unknown, nil
	case dateKind:
		return v.date(dst, value, format, known)
	}
	if plainDigits(value) && (raw && !format.isScientific() || known && format == nil) {
		return append(dst, value...), fine, nil
	}
	f, ok := parseNumber(value)
	switch {
	case !ok:
		return dst, unknown, nil
	case raw:
		return appendRaw(dst, value, f, format), fine, nil
	case !known:
		return appendGeneral(dst, f), unsure, nil
	}
	return v.show(dst, f, format)
}

// A content is what a cell is made of, beside its text, which is in values.value.
type content struct {
	formula bool
	valued  bool // there is a value, which may be empty
	broken  bool // the text is none
}

func (v *values) content(t *tags) (c content, err error) {
	v.value = v.value[:0]
	inside, ok, rich := false, true, false
	for depth := t.depth; ; {
		if err := t.next(); err != nil {
			return c, err
		}
		if inside {
			var good bool
			v.value, good = t.appendText(v.value)
			ok = ok && good
		}
		if !t.open {
			inside = inside && !t.close
			if t.depth < depth {
				break
			}
			continue
		}
		switch string(t.name) {
		case "v":
			c.valued, inside = true, !t.close
		case "is":
			var good bool
			v.value, good, err = appendRich(v.value[:0], t)
			c.valued, rich, ok = true, true, ok && good
		case "f":
			c.formula = true
			err = t.skip()
		default:
			err = t.skip()
		}
		if err != nil {
			return c, err
		}
	}
	if !rich {
		var good bool
		v.value, good = unescapeX(v.value)
		ok = ok && good
	}
	c.broken = !ok
	return c, nil
}

// table reads the shared texts when they are needed first.
func (v *values) table() (err error) {
	if v.shared != nil {
		return nil
	}
	part := v.book.find(v.book.texts)
	if part == nil {
		v.shared = &sharedTexts{}
		return nil
	}
	v.shared, err = readSharedTexts(v.book.parts, part)
	return err
}

// show appends a number as its format shows it.
func (v *values) show(dst []byte, f float64, format *format) ([]byte, verdict, error) {
	before := len(dst)
	dst, ok := format.append(dst, f, v.book.from1904)
	if !ok {
		return appendGeneral(dst[:before], f), unsure, nil
	}
	return dst, fine, nil
}

// date appends a date that is written by ISO 8601, as the stricter edition of the
// standard does.
func (v *values) date(dst, value []byte, format *format, known bool) ([]byte, verdict, error) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02", "15:04:05.999999999"} {
		at, err := time.Parse(layout, string(value))
		if err != nil {
			continue
		}
		if !known || !format.isDate() {
			return append(dst, value...), fine, nil
		}
		_, offset := at.Zone() // Excel drops it
		day := at.Add(time.Duration(offset) * time.Second).Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC))
		serial := day.Seconds() / 86400
		switch {
		case at.Year() == 0:
			serial = float64(at.Hour()*3600+at.Minute()*60+at.Second()) / 86400
		case v.book.from1904:
			serial -= days1904
		case serial < 61:
			serial-- // 1900 had a 29 February for Excel
		}
		return v.show(dst, serial, format)
	}
	return dst, unknown, nil
}

// The kinds of cells, ST_CellType.
type kind uint8

const (
	numberKind kind = iota
	sharedKind
	inlineText
	formulaText
	truthKind
	errorKind
	dateKind
	unknownKind
)

func kindOf(name []byte) kind {
	switch string(name) {
	case "", "n":
		return numberKind
	case "s":
		return sharedKind
	case "inlineStr":
		return inlineText
	case "str":
		return formulaText
	case "b":
		return truthKind
	case "e":
		return errorKind
	case "d":
		return dateKind
	}
	return unknownKind
}

// plainDigits reports whether a number is written in at most eleven digits, as
// everybody shows it.
func plainDigits(value []byte) bool {
	if len(value) > generalWidth || value[0] == '0' && len(value) > 1 {
		return false
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// parseNumber reads a number of XML Schema that a cell can have.
func parseNumber(value []byte) (float64, bool) {
	for _, c := range value {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(value), 64)
	return f, err == nil && !math.IsInf(f, 0)
}

// lostDigits is how many digits a spreadsheet program shows of a number that it writes
// with an exponent. A whole number that has no more of its own may have been read back
// from such a text, its last digits lost.
const lostDigits = 6

// appendRaw appends a number of a column of telephone numbers: a whole one in its
// digits, unless some may be lost, and any other as it stands.
func appendRaw(dst, value []byte, f float64, format *format) []byte {
	if f != math.Trunc(f) || math.Abs(f) >= 1e15 {
		return append(dst, value...)
	}
	if bytes.ContainsAny(value, "eE") || format.isScientific() {
		digits := strconv.AppendFloat(nil, math.Abs(f), 'e', -1, 64)
		mantissa, _, _ := bytes.Cut(digits, []byte("e"))
		if math.Abs(f) >= 1e7 && len(bytes.Replace(mantissa, []byte("."), nil, 1)) <= lostDigits {
			return strconv.AppendFloat(dst, f, 'E', -1, 64)
		}
	}
	return strconv.AppendInt(dst, int64(f), 10)
}
