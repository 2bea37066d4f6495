package campaigns

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"tocsin/campaigns/audience"
)

func TestAFileIsAPathOrAMapping(t *testing.T) {
	const source = `key: k
text: t
audience:
  encoding: big5
  files:
    - a.csv
    - {file: b.xlsx, sheet: 名单}
    - file: c.csv
      encoding: gb18030
    - /d.xlsm
  exclude: [{file: out.xlsx, sheet: all}, out.csv]
`
	d, err := Parse("/x/c.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]string{"/x/a.csv", "/x/b.xlsx", "/x/c.csv", "/d.xlsm"}, d.Audience.Files); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff([]audience.Options{{Encoding: "big5"}, {Sheet: "名单"}, {Encoding: "gb18030"}, {}}, d.Audience.Reading); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff([]string{"/x/out.xlsx", "/x/out.csv"}, d.Audience.Exclude); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff([]audience.Options{{Sheet: "all"}, {Encoding: "big5"}}, d.Audience.ExcludeReading); diff != "" {
		t.Error(diff)
	}
	validate(t, source)
}

// validate holds a definition against the schema.
func validate(t *testing.T, source string) {
	t.Helper()
	if err := invalid(t, source); err != nil {
		t.Error(err)
	}
}

func invalid(t *testing.T, source string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(source), &value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return schema(t).Validate(instance)
}

func TestAFileThatCannotBeReadSoIsRefused(t *testing.T) {
	tests := []struct {
		name, audience, want string
		beyond               bool // the schema cannot see it
	}{
		{"a misspelt key", "files: [{file: a.xlsx, shet: x}]", `c.yaml:3:35: there is no key "shet" here: did you mean "sheet"?`, false},
		{"a list for a file", "files: [[a.csv]]", "c.yaml:3:", false},
		{"a mapping without a file", "files: [{sheet: x}]", "c.yaml:3:", false},
		{"a mapping with a list", "files: [{file: [a.csv]}]", "c.yaml:3:", false},
		{"a sheet of a text file", "files: [{file: a.csv, sheet: x}]", "c.yaml:3:41: sheet is for workbooks, and a.csv is none by its name", true},
		{"an encoding of a workbook", "files: [{file: a.xlsx, encoding: gbk}]", "c.yaml:3:45: encoding is for text files, and a.xlsx is a workbook", true},
		{"an unknown encoding", "files: [{file: a.csv, encoding: ansi}]", `c.yaml:3:44: there is no encoding "ansi": write utf-8`, true},
		{"an unknown encoding of all", "files: [a.csv], encoding: klingon", `there is no encoding "klingon": write utf-8`, true},
		{"an unknown encoding of an exclude file", "files: [a.csv], exclude: [{file: o.csv, encoding: utf-9}]", `there is no encoding "utf-9"`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source := "key: k\ntext: t\naudience: {" + tt.audience + "}"
			_, err := Parse("c.yaml", []byte(source))
			var r *Refusal
			if !errors.As(err, &r) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a refusal with %q", err, tt.want)
			}
			if got := invalid(t, source); (got == nil) != tt.beyond {
				t.Errorf("the schema says %v", got)
			}
		})
	}
}

func TestTheHashIsTheOldOneUntilAFileIsReadAnotherWay(t *testing.T) {
	hash := func(s string) string {
		d, err := Parse("c.yaml", []byte("key: k\ntext: t\naudience: {"+s+"}"))
		if err != nil {
			t.Fatal(err)
		}
		return d.Hash()
	}
	was := hash("files: [a.csv], exclude: [b.csv]")
	if was != "d4f88219a08d815ce45d9670ae0c3daf" { // as it was before files had options
		t.Errorf("got %s: a campaign of an older ledger would be another one", was)
	}
	if got := hash("files: [{file: a.csv}], exclude: [{file: b.csv}]"); got != was {
		t.Errorf("a mapping without options changes the hash")
	}
	for _, s := range []string{"files: [{file: a.csv, encoding: big5}], exclude: [b.csv]", "files: [a.csv], exclude: [{file: b.csv, encoding: big5}]", "files: [a.csv], exclude: [b.csv], encoding: big5"} {
		if hash(s) == was {
			t.Errorf("the hash does not change with %q", s)
		}
	}
}
