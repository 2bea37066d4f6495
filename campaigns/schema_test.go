package campaigns

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// beyond are the refused definitions that a schema cannot tell from good ones:
// what is wrong is in a text's own grammar, or in two values together.
var beyond = map[string]bool{
	"an open placeholder": true, "an empty placeholder": true, "a text that is too long": true, "an impossible expectation": true,
	"a zone that is none": true, "an end before the start": true, "a language twice": true,
	"a signature twice": true, "a signature that is two": true, "a text with a NUL": true,
	"a reply that is punctuation": true, "a reply twice": true, "a reply that opts out": true,
}

func TestSchemaRefusesWhatTheParserRefuses(t *testing.T) {
	s := schema(t)
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			var value any
			if checkShape("", []byte(tt.source)) != nil {
				return // nor does an editor parse it
			}
			if err := yaml.Unmarshal([]byte(tt.source), &value); err != nil || strings.Contains(tt.source, "---") || !utf8.ValidString(tt.source) || tt.source == "" {
				return // no YAML document: an editor says so without a schema
			}
			// What is wrong must be what the case is about.
			if m, ok := value.(map[string]any); ok && tt.name != "no audience" && m["audience"] == nil {
				m["audience"] = map[string]any{"files": []string{"a"}}
			}
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(instance); (err == nil) != beyond[tt.name] {
				t.Errorf("the schema says %v; beyond it: %v", err, beyond[tt.name])
			}
		})
	}
}
