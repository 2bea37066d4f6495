package httpgw

import (
	"encoding/json"
	"strconv"
	"strings"
)

// at follows a path through a document; nil: it leads nowhere.
func at(doc any, path string) any {
	if path == "" {
		return doc
	}
	for path != "" && doc != nil {
		var step string
		step, path, _ = strings.Cut(path, ".")
		switch v := doc.(type) {
		case map[string]any:
			doc = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			doc = v[i]
		default:
			return nil
		}
	}
	return doc
}

// text is a document's leaf as a text; "" when it is not a leaf.
func text(doc any) string {
	switch v := doc.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// field is the text at a path; "" for the path "".
func field(doc any, path string) string {
	if path == "" {
		return ""
	}
	return text(at(doc, path))
}

// fields is field, or a text with ((paths)) in it.
func fields(doc any, pattern string) string {
	if !strings.Contains(pattern, "((") {
		return field(doc, pattern)
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(pattern, "((")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		path, after, _ := strings.Cut(rest, "))")
		b.WriteString(field(doc, path))
		pattern = after
	}
}

// elements are those of the list at path, or the one document there.
func elements(doc any, path string) []any {
	switch v := at(doc, path).(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// readJSON reads a document, its numbers as they are written; nil: it is not JSON.
func readJSON(body []byte) any {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	var doc any
	if d.Decode(&doc) != nil {
		return nil
	}
	return doc
}
