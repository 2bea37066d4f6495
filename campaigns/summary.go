package campaigns

import (
	"encoding/json"
	"slices"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// A Summary is what a plan counted. Rows is Planned and all of Excluded together.
type Summary struct {
	// Columns are the names of the values in Fields: those of the files, by the
	// names that the definition gives them, in order of appearance.
	Columns  []string       `json:"columns"`
	Rows     int            `json:"rows"`
	Excluded map[string]int `json:"excluded"` // by reason, all of them
	Planned  int            `json:"planned"`
	// Routes and SegmentsPerRoute count recipients and segments.
	Routes           map[sms.Route]int `json:"routes"`
	Segments         int               `json:"segments"`
	SegmentsPerRoute map[sms.Route]int `json:"segments_per_route"`
	// BySegments is how many recipients have a text of so many segments.
	BySegments map[int]int    `json:"by_segments"`
	Languages  map[string]int `json:"languages,omitempty"` // recipients by language of their text
	// OtherLanguages is how many have a language without a text: they get the first.
	OtherLanguages int `json:"other_languages,omitempty"`
	// Encoding is GSM-7, UCS-2, "GSM-7 and UCS-2" and the like; ForcingUCS2 holds what
	// keeps texts from being GSM-7: of the definition's texts, or where these do
	// not, some of what columns put in.
	Encoding    string     `json:"encoding"`
	ForcingUCS2 Characters `json:"forcing_ucs2,omitempty"`
	Longest     Longest    `json:"longest"`
	Samples     []Sample   `json:"samples"`
	// UnreadExcludes is how many rows of the exclude files have no number that can be
	// read, in plans of versions that did not refuse them.
	UnreadExcludes int `json:"unread_excludes,omitempty"`
	// Missing is how many rows have no value in a column for which a placeholder of their
	// text has no default, by column, and Fillers how many values of texts are what
	// programs write for none, such as NULL.
	Missing map[string]int `json:"missing,omitempty"`
	Fillers map[string]int `json:"fillers,omitempty"`
	// Marks tell the audience's files, and the exclude files, from later ones.
	Marks []Mark `json:"marks,omitempty"`
	// Replies are what people may answer. Override is why the campaign also goes to people
	// who have opted out, and Overridden how many of its recipients have.
	Replies    Replies `json:"replies,omitempty"`
	Override   string  `json:"override,omitempty"`
	Overridden int     `json:"overridden,omitempty"`
	// Encodings are what the audience's files are written in, and FileRows how many
	// rows each has, in their order.
	Encodings []string `json:"encodings"`
	FileRows  []int    `json:"file_rows"`
	// FileLines counts the lines of each text file; a workbook has none.
	FileLines []audience.Lines `json:"file_lines"`
	// Books are the workbooks among the audience's and the exclude files.
	Books []Book `json:"books,omitempty"`
}

// Longest is the longest text of a plan.
type Longest struct {
	Characters int    `json:"characters"` // as a carrier counts: septets, UTF-16 units or octets
	Segments   int    `json:"segments"`
	Over       int    `json:"over,omitempty"` // characters fewer would save a segment
	File       int    `json:"file"`           // index in Audience.Files
	Line       uint32 `json:"line"`
}

// over is by how many characters a text of n, and of more than one segment, does
// not fit one segment fewer.
func over(coding sms.Coding, n, segments int) int {
	one, many := sms.OneGSM7, sms.ManyGSM7
	switch coding {
	case sms.UCS2:
		one, many = sms.OneUCS2, sms.ManyUCS2
	case sms.ASCII, sms.GB:
		one, many = sms.OneOctets, sms.ManyOctets
	}
	switch segments {
	case 0, 1:
		return 0
	case 2:
		return n - one
	}
	return n - (segments-1)*many
}

// A Sample is one recipient's text.
type Sample struct {
	File     int    `json:"file"` // index in Audience.Files
	Line     uint32 `json:"line"`
	Language string `json:"language,omitempty"`
	Segments int    `json:"segments"`
	Text     string `json:"text"`
}

// Characters are written as one text in JSON.
type Characters []rune

// MarshalJSON writes the characters as a text.
func (c Characters) MarshalJSON() ([]byte, error) { return json.Marshal(string(c)) }

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Characters) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*c = []rune(s)
	return nil
}

const (
	maxSamples = 3
	maxForcing = 40 // characters that columns put in; more help nobody
)

// forcing adds the characters of a text that GSM7 cannot write.
func (s *Summary) forcing(text string) {
	for _, r := range sms.ForcingUCS2(text) {
		if len(s.ForcingUCS2) < maxForcing && !slices.Contains(s.ForcingUCS2, r) {
			s.ForcingUCS2 = append(s.ForcingUCS2, r)
		}
	}
}
