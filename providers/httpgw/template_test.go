package httpgw

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// words says its own.
type sayings map[string][]string

func (s sayings) say(name string, i int) string {
	if v := s[name]; len(v) > 0 {
		return v[min(i, len(v)-1)]
	}
	return ""
}

func TestTemplatesAreWrittenAsTheirPlaceDemands(t *testing.T) {
	s := sayings{"number": {"861", "862"}, "text": {"a \"b\"\n&c", "水"}, "n": {"12"}, "word": {"x"}, "key": {"k"}}
	for _, c := range []struct {
		name       string
		from       map[string]any
		json, form string
		mixed      bool
	}{
		{"texts", map[string]any{"a": "x ((word))", "b": "((text))"}, `{"a":"x x","b":"a \"b\"\u000a&c"}`, "a=x%20x&b=a%20%22b%22%0A%26c", false},
		{"lists", map[string]any{"to": map[string]any{"each": "+((number))"}}, `{"to":["+861","+862"]}`, "to=%5B%22%2B861%22%2C%22%2B862%22%5D", true},
		{"joined", map[string]any{"to": map[string]any{"each": "((number))", "join": ","}}, `{"to":"861,862"}`, "to=861%2C862", true},
		{
			"keys for each",
			map[string]any{"p": map[string]any{"each": map[string]any{"((key))": "((text))"}}},
			`{"p":[{"k":"a \"b\"\u000a&c"},{"k":"水"}]}`,
			"p=%5B%7B%22k%22%3A%22a%20%5C%22b%5C%22%5Cu000a%26c%22%7D%2C%7B%22k%22%3A%22%E6%B0%B4%22%7D%5D", true,
		},
		{"numbers", map[string]any{"n": map[string]any{"as_number": "((n))"}, "m": 100, "b": true}, `{"b":true,"m":100,"n":12}`, "b=true&m=100&n=12", true},
		{"silence is left out", map[string]any{"a": "((nothing))", "b": "x((nothing))"}, `{"b":"x"}`, "b=x", true},
	} {
		tmpl, err := compile(c.from, func(string) bool { return true })
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := string(appendJSON(nil, tmpl.root, s, 0, 2)); got != c.json {
			t.Errorf("%s: got %s, want %s", c.name, got, c.json)
		}
		if got := string(tmpl.appendForm(nil, s, 2)); c.name != "numbers" && got != c.form {
			t.Errorf("%s: got %s, want %s", c.name, got, c.form)
		}
		if tmpl.mixed != c.mixed {
			t.Errorf("%s: got mixed %v", c.name, tmpl.mixed)
		}
	}
}

// Whatever a text says, the request is JSON and says the same.
func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", "水", "\"\\\x00\x1f", "\xff", "a\u2028b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(appendQuoted(nil, s), &back); err != nil || utf8.ValidString(s) && back != s {
			t.Errorf("got %q, %v, want %q", back, err, s)
		}
	})
}

// Whatever a carrier sends is read without a panic, and no receipt is about nobody.
func FuzzReports(f *testing.F) {
	for _, s := range []string{`{"list":[{"to":"13800138000","s":"ok","at":"1"}]}`, `[]`, `{"list":{"to":1}}`, `{"list":[[["x"]]]}`, `null`, `{`} {
		f.Add([]byte(s))
	}
	report := Report{Each: "list", Number: "((c))((to))", ID: "id.0", Status: "s", Time: "at", Layout: "unix", States: map[string]string{"ok": "delivered"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		doc := readJSON(body)
		for _, record := range elements(doc, report.Each) {
			if r, ok := report.receipt(record, false); ok && r.To == 0 {
				t.Error("a receipt for nobody")
			}
		}
		p := &Provider{c: Config{Answer: Answer{Code: []string{"code"}, OK: []string{"0"}, Each: "list", EachCode: "s", EachNumber: "to"}}}
		p.read(&response{status: 200, body: body}, p.newCall(some(2, "flood")))
	})
}
