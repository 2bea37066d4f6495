package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/dispatcher/ledger"
)

// bodies are the types that the routes which take JSON read; a new route has to be here
// too. Those without a body read none, and submissions are forms.
var bodies = map[string]reflect.Type{
	"GET " + Path + "campaigns":               nil,
	"GET " + Path + "campaigns/{key}":         nil,
	"GET " + Path + "replies":                 nil,
	"GET " + Path + "campaigns/{key}/replies": nil,
	"POST " + Path + "suppression/{verb}":     reflect.TypeFor[Listing](),
	"POST " + Path + "broadcasts":             reflect.TypeFor[ledger.Broadcast](),
	"POST " + Path + "campaigns":              nil,
	"POST " + Path + "campaigns/{key}/retry":  reflect.TypeFor[Reason](),
	"POST " + Path + "campaigns/{key}/{verb}": reflect.TypeFor[Reason](),
	"POST " + Path + "providers/{key}/{verb}": reflect.TypeFor[Reason](),
}

var strangeValues = []string{
	`""`, `"a"`, `"k"`, `"in_doubt"`, `"taken"`, `"sideways"`, `"a\u0000b"`, `"\u001b[2J"`, `"\ud800"`, `"a\nbalanced"`, "\"\xff\xfe\"", "\"caf\xe9\"",
	`"Mayor Wang"`, `null`, `true`, `0`, `-1`, `1e300`, `1e-300`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `0.5`, `[]`, `{}`,
	`["a\u0000"]`, `["+8613800000001"]`, `[null]`, `[[[[]]]]`, `{"a":{"a":{}}}`, `"` + strings.Repeat("x", 5000) + `"`, `"` + strings.Repeat("汛", 1000) + `"`,
}

// strangeBody is JSON with a type's keys and values of all kinds.
func strangeBody(t *rapid.T, of reflect.Type) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || rapid.IntRange(0, 4).Draw(t, "left out") == 0 {
			continue
		}
		value := rapid.SampledFrom(strangeValues).Draw(t, name)
		if rapid.Bool().Draw(t, "of its kind") { // so that the body is read to its end
			switch f.Type.Kind() {
			case reflect.String:
				value = rapid.SampledFrom([]string{`"a"`, `"in_doubt"`, `"taken"`, `"a\u0000b"`, `"\u001b[2J"`, `"` + strings.Repeat("x", 5000) + `"`}).Draw(t, name)
			case reflect.Int, reflect.Int64:
				value = rapid.SampledFrom([]string{`0`, `1`, `-1`, `9223372036854775807`, `-9223372036854775808`, `65536`}).Draw(t, name)
			case reflect.Slice:
				value = rapid.SampledFrom([]string{`["alias:a"]`, `["a\u0000"]`, `["+8613800000001"]`, `[]`}).Draw(t, name)
			case reflect.Bool:
				value = rapid.SampledFrom([]string{`true`, `false`}).Draw(t, name)
			}
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", name, value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// TestNoBodyStopsTheLedger is case D1 over the API: every route is given bodies made of
// its own type with values of all kinds, and each is answered, by a refusal that says
// why or by what it asks for; the ledger goes on.
func TestNoBodyStopsTheLedger(t *testing.T) {
	s, l := serve(t)
	keys := []string{"k", "a", "nobody", "a%00b", "%FF%FE", "%1B%5B2J", "..%2F..", strings.Repeat("x", 3000)}
	verbs := []string{"approve", "pause", "resume", "cancel", "resend", "mark", "leave", "rate", "enable", "drain", "disable", "reroute", "test", "add", "remove", "fly", "%00"}
	for _, r := range routes {
		of, listed := bodies[r.pattern]
		if !listed {
			t.Errorf("no stranger calls %s: add it to the table", r.pattern)
		}
		method, pattern, _ := strings.Cut(r.pattern, " ")
		t.Run(strings.ReplaceAll(r.pattern, "/", " "), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				path := strings.ReplaceAll(pattern, "{key}", rapid.SampledFrom(keys).Draw(t, "key"))
				path = strings.ReplaceAll(path, "{verb}", rapid.SampledFrom(verbs).Draw(t, "verb"))
				var body []byte
				if of != nil {
					body = strangeBody(t, of)
				}
				status, said := send(t, s.URL, method, path, body)
				if status >= 500 {
					t.Fatalf("%s %s with %.200s: got %d %s", method, path, body, status, said)
				}
				if status >= 400 && status != http.StatusNotFound && !json.Valid([]byte(said)) {
					t.Fatalf("%s %s: got %d and %.200s, want a problem", method, path, status, said)
				}
				if err := l.Err(); err != nil {
					t.Fatalf("%s %s with %.200s: the ledger is broken: %v", method, path, body, err)
				}
			})
		})
	}
	status, said := send(t, s.URL, "POST", Path+"providers/a/enable", []byte(`{"reason": "it goes on"}`))
	if status != http.StatusOK {
		t.Errorf("got %d %s, want the ledger to work", status, said)
	}
}

func send(t interface {
	Helper()
	Fatal(args ...any)
}, base, method, path string, body []byte,
) (int, string) {
	t.Helper()
	u, err := url.Parse(base + path)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: method, URL: u, Header: http.Header{"Authorization": {"Bearer " + secret}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	said, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(said)
}
