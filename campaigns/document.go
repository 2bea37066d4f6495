package campaigns

import (
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/invopop/jsonschema"
)

// A document is a definition file as it is written. Its tags are the one list of
// keys: the loader and the JSON Schema are both made of it.
type document struct {
	Key       string           `yaml:"key" json:"key" jsonschema:"pattern=^[a-z0-9][a-z0-9._-]{0\\,63}$,description=Names the campaign for good. Running the same key again continues it"`
	Title     string           `yaml:"title" json:"title,omitempty" jsonschema:"description=What people call the campaign"`
	Class     string           `yaml:"class" json:"class,omitempty" jsonschema:"enum=routine,enum=urgent,enum=emergency,default=routine,description=How pressing it is"`
	Sender    string           `yaml:"sender" json:"sender,omitempty" jsonschema:"pattern=^[ -~]{0\\,20}$,description=Number or name shown on the handset. Left out: the provider's own"`
	Signature string           `yaml:"signature" json:"signature,omitempty" jsonschema:"description=Put in front of every text in 【】 and counted"`
	Text      string           `yaml:"text" json:"text,omitempty" jsonschema:"description=The text. ((name)) is replaced by the recipient's value in that column and ((name|default)) by default where there is none"`
	Texts     texts            `yaml:"texts" json:"texts,omitempty" jsonschema:"description=Texts by language. The first is for every language that is not listed"`
	Language  string           `yaml:"language" json:"language,omitempty" jsonschema:"description=The column that names a recipient's language. Needed with texts"`
	Audience  documentAudience `yaml:"audience" json:"audience" jsonschema:"description=Who the recipients are"`
	Schedule  documentSchedule `yaml:"schedule" json:"schedule,omitempty" jsonschema:"description=When it may send. Left out: at once and at any hour"`
	Receipts  documentReceipts `yaml:"receipts" json:"receipts,omitempty" jsonschema:"description=Whether carriers are asked for receipts"`
	InDoubt   string           `yaml:"in_doubt" json:"in_doubt,omitempty" jsonschema:"enum=resend,enum=hold,description=What becomes of recipients for whom no answer came. Left out: resend for an emergency and hold for all else"`
	Routes    []Route          `yaml:"routes" json:"routes,omitempty" jsonschema:"description=Used instead of the routes of the configuration"`
	Replies   replies          `yaml:"replies" json:"replies,omitempty" jsonschema:"description=What people may answer: each keyword and what it says of them. For example 1: safe and 2: need help"`

	OverrideSuppression bool   `yaml:"override_suppression" json:"override_suppression,omitempty" jsonschema:"description=Send it also to those who opted out. For an emergency alone. Wants override_reason"`
	OverrideReason      string `yaml:"override_reason" json:"override_reason,omitempty" jsonschema:"minLength=1,description=Why those who opted out must get this. Kept in the ledger and shown in the report"`
}

type documentAudience struct {
	Files   []documentFile    `yaml:"files" json:"files" jsonschema:"minItems=1,description=CSV or TSV or XLSX files. Relative paths begin at this file's folder. A file is its path or has keys: file and sheet and encoding"`
	Columns map[string]string `yaml:"columns" json:"columns,omitempty" jsonschema:"description=The name here: the column's name in the files. number is the column of telephone numbers"`
	Where   string            `yaml:"where" json:"where,omitempty" jsonschema:"description=Who of them is meant. For example: district in ['浦东新区'\\, '徐汇区']"`
	Exclude []documentFile    `yaml:"exclude" json:"exclude,omitempty" jsonschema:"description=Files of numbers that get nothing"`
	// Encoding is for the text files, also those of Exclude, that name none of their own.
	Encoding string         `yaml:"encoding" json:"encoding,omitempty" jsonschema:"minLength=1,description=What the text files are written in. For example utf-8 or gb18030 or big5. Left out: it is found out"`
	Missing  string         `yaml:"missing" json:"missing,omitempty" jsonschema:"enum=refuse,enum=exclude,enum=send,default=refuse,description=What becomes of rows without a value for a placeholder that has no default. refuse: the campaign is refused. exclude: the rows are excluded. send: nothing is put in"`
	Expect   documentExpect `yaml:"expect" json:"expect,omitempty" jsonschema:"description=How many recipients the plan must have. Another count refuses the campaign"`
}

type documentExpect struct {
	Min int `yaml:"min" json:"min,omitempty" jsonschema:"minimum=0"`
	Max int `yaml:"max" json:"max,omitempty" jsonschema:"minimum=0"`
}

type documentSchedule struct {
	Start     string         `yaml:"start" json:"start,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$,description=2026-07-01 08:00 in the window's zone or 2026-07-01T08:00:00+08:00"`
	Window    documentWindow `yaml:"window" json:"window,omitempty" jsonschema:"description=Hours of the day in which messages may leave"`
	Tolerance string         `yaml:"tolerance" json:"tolerance,omitempty" jsonschema:"pattern=^([0-9]+([.][0-9]+)?(ms|s|m|h))+$,default=30m,description=How late it may still start when nobody was there to start it. Later it is paused and says so"`
	Expires   string         `yaml:"expires" json:"expires,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$,description=When the message is worth nothing any more. Written like start"`
	Every     string         `yaml:"every" json:"every,omitempty" jsonschema:"description=Send it again and again: minute hour day month weekday. For example 0 8 * * MON-FRI. Each time is a campaign of its own to the audience as it was submitted"`
	Zone      string         `yaml:"zone" json:"zone,omitempty" jsonschema:"description=Whose clock every is by. For example Asia/Shanghai. Needed with every"`
	Until     string         `yaml:"until" json:"until,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$,description=The last time of every. Written like start"`
	Lasts     string         `yaml:"lasts" json:"lasts,omitempty" jsonschema:"pattern=^([0-9]+([.][0-9]+)?(ms|s|m|h))+$,description=How long each time of every is worth anything. Left out: for ever"`
}

type documentWindow struct {
	From string `yaml:"from" json:"from" jsonschema:"pattern=^[0-9]{1\\,2}:[0-9]{2}$,description=For example 08:00"`
	To   string `yaml:"to" json:"to" jsonschema:"pattern=^[0-9]{1\\,2}:[0-9]{2}$,description=For example 21:30"`
	Zone string `yaml:"zone" json:"zone,omitempty" jsonschema:"description=For example Asia/Shanghai. Left out: this machine's"`
}

type documentReceipts struct {
	Wanted *bool  `yaml:"wanted" json:"wanted,omitempty" jsonschema:"default=true"`
	Wait   string `yaml:"wait" json:"wait,omitempty" jsonschema:"pattern=^([0-9]+([.][0-9]+)?(ms|s|m|h))+$,default=1h,description=How long to wait for receipts after the last message. For example 30m"`
}

// texts keeps the order in which the file lists the languages.
type texts []Text

func (t *texts) UnmarshalYAML(unmarshal func(any) error) error {
	var items yaml.MapSlice
	if err := unmarshal(&items); err != nil {
		return err
	}
	for _, item := range items {
		text, ok := item.Value.(string)
		if !ok {
			return fmt.Errorf("the text of language %v is no text: put it in quotes", item.Key)
		}
		*t = append(*t, Text{Language: fmt.Sprint(item.Key), Text: text})
	}
	return nil
}

// JSONSchema describes texts as they are written: an object of strings.
func (texts) JSONSchema() *jsonschema.Schema {
	one := uint64(1)
	return &jsonschema.Schema{Type: "object", MinProperties: &one, AdditionalProperties: &jsonschema.Schema{Type: "string"}}
}

// replies keeps the order in which the file lists the keywords.
type replies Replies

func (r *replies) UnmarshalYAML(unmarshal func(any) error) error {
	var items yaml.MapSlice
	if err := unmarshal(&items); err != nil {
		return err
	}
	for _, item := range items {
		label, ok := item.Value.(string)
		if !ok {
			return fmt.Errorf("what the reply %v says of a person is no text: put it in quotes", item.Key)
		}
		*r = append(*r, Reply{Keyword: fmt.Sprint(item.Key), Label: label})
	}
	return nil
}

// JSONSchema describes replies as they are written: an object of strings.
func (replies) JSONSchema() *jsonschema.Schema {
	one, most := uint64(1), uint64(maxReplies)
	return &jsonschema.Schema{
		Type: "object", MinProperties: &one, MaxProperties: &most,
		AdditionalProperties: &jsonschema.Schema{Type: "string", MinLength: &one},
	}
}

// Schema is the JSON Schema of definition files, for editors.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{ExpandedStruct: true, DoNotReference: true, Anonymous: true}
	s := r.Reflect(&document{})
	s.Title = "Tocsin campaign"
	s.OneOf = []*jsonschema.Schema{{Required: []string{"text"}}, {Required: []string{"texts", "language"}}}
	if routes, ok := s.Properties.Get("routes"); ok {
		routes.Items.OneOf = []*jsonschema.Schema{{Required: []string{"carrier"}}, {Required: []string{"prefix"}}}
	}
	s.If = &jsonschema.Schema{Properties: jsonschema.NewProperties(), Required: []string{"override_suppression"}}
	s.If.Properties.Set("override_suppression", &jsonschema.Schema{Const: true})
	s.Then = &jsonschema.Schema{Properties: jsonschema.NewProperties(), Required: []string{"override_reason", "class"}}
	s.Then.Properties.Set("class", &jsonschema.Schema{Const: "emergency"})
	s.Else = &jsonschema.Schema{Not: &jsonschema.Schema{Required: []string{"override_reason"}}}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema of campaigns: %w", err)
	}
	return append(text, '\n'), nil
}
