package campaigns

import (
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/invopop/jsonschema"

	"tocsin/campaigns/audience"
)

// A documentFile is a file of the audience as a definition names it: a path alone, or
// a mapping that also says how the file is to be read.
type documentFile struct {
	File     string `yaml:"file" json:"file" jsonschema:"minLength=1,description=Path of a CSV or TSV or XLSX file"`
	Sheet    string `yaml:"sheet" json:"sheet,omitempty" jsonschema:"minLength=1,description=The sheet of a workbook. all: every visible sheet"`
	Encoding string `yaml:"encoding" json:"encoding,omitempty" jsonschema:"minLength=1,description=What a text file is written in. For example utf-8 or gb18030 or big5. Left out: it is found out"`
}

var _ yaml.NodeUnmarshaler = (*documentFile)(nil)

// UnmarshalYAML reads a path or a mapping.
func (f *documentFile) UnmarshalYAML(node ast.Node) error {
	if _, ok := node.(ast.MapNode); !ok {
		return yaml.NodeToValue(node, &f.File)
	}
	type plain documentFile // without this method
	return yaml.NodeToValue(node, (*plain)(f), yaml.Strict())
}

// JSONSchema describes a file as it is written: a path, or an object with the path.
func (documentFile) JSONSchema() *jsonschema.Schema {
	type plain documentFile
	r := jsonschema.Reflector{ExpandedStruct: true, DoNotReference: true, Anonymous: true}
	object := r.Reflect(&plain{})
	object.Version = ""
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, object}}
}

// reading checks how a file named at a YAML path is to be read. usual is the
// audience's encoding; it is meant for text files alone.
func (l *loader) reading(at string, f documentFile, usual string) (audience.Options, error) {
	o := audience.Options{Sheet: strings.TrimSpace(f.Sheet), Encoding: strings.TrimSpace(f.Encoding)}
	book := audience.IsWorkbook(f.File)
	switch {
	case o.Sheet != "" && !book:
		return o, l.refuse(at+".sheet", "sheet is for workbooks, and %s is none by its name: leave it out", filepath.Base(f.File))
	case o.Encoding != "" && book:
		return o, l.refuse(at+".encoding", "encoding is for text files, and %s is a workbook: leave it out", filepath.Base(f.File))
	case o.Encoding != "" && !audience.KnowsEncoding(o.Encoding):
		return o, l.refuse(at+".encoding", "there is no encoding %q: write utf-8, gb18030, big5, euc-kr, shift_jis, windows-1252 or the like", o.Encoding)
	case o.Encoding == "" && !book:
		o.Encoding = usual
	}
	return o, nil
}
