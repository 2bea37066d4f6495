package campaigns

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxValue is the longest value of a definition that is no text, in octets.
const maxValue = 4000

// refuseControls refuses a definition's source with a character that no editor shows:
// it would be kept with the campaign, and neither databases nor terminals take it.
func refuseControls(path string, source []byte) error {
	at := bytes.IndexFunc(source, func(r rune) bool { return isControl(r) && !strings.ContainsRune("\n\r\t\u2028\u2029", r) })
	if at < 0 {
		return nil
	}
	r, _ := utf8.DecodeRune(source[at:])
	before := source[:at]
	return &Refusal{
		File: path, Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]),
		Err: fmt.Errorf("holds the control character U+%04X: remove it", r),
	}
}

// values refuses values that are not plain text, as YAML's escapes write them ("\0"): one
// line each, but for the texts, which are looked at elsewhere, and the expression where.
func (l *loader) values() error { return l.value("$", reflect.ValueOf(l.doc).Elem()) }

func (l *loader) value(path string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Struct:
		for f, field := range v.Fields() {
			name := f.Tag.Get("yaml")
			if name == "text" || name == "texts" {
				continue
			}
			to := path + "." + name
			if name == "" { // what a list's own type is made of has no keys in the file
				to = path
			}
			if err := l.value(to, field); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			to := fmt.Sprintf("%s[%d]", path, i)
			if v.Index(i).Kind() == reflect.Struct && path == "$.replies" { // written as keys and values
				to = path
			}
			if err := l.value(to, v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			for _, s := range []string{key.String(), v.MapIndex(key).String()} {
				if err := CheckLine(s, maxValue); err != nil {
					return l.refuse(path, "a value %w: remove it", err)
				}
			}
		}
	case reflect.String:
		check := CheckLine
		if path == "$.audience.where" {
			check = CheckLines
		}
		if err := check(strings.TrimSpace(v.String()), maxValue); err != nil {
			return l.refuse(path, "%s %w: remove it", path[strings.LastIndex(path, ".")+1:], err)
		}
	}
	return nil
}
