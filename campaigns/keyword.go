package campaigns

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What a message from a person means.
const (
	OptOut = "opt_out" // send nothing any more
	OptIn  = "opt_in"  // take that back
	Answer = "answer"  // one of its campaign's keywords
	Other  = "other"   // anything else
)

// Keywords are the messages by which people leave and come back, whatever campaign
// they answer. The zero value knows none.
type Keywords struct {
	out, in map[string]bool
}

// The usual keywords. TD, T and 退订 are what texts in China name (MIIT, order 31 of 2015,
// wants a way to refuse); STOP, STOPALL, UNSUBSCRIBE, START and UNSTOP are CTIA's.
var (
	UsualOptOut = []string{
		"TD", "T", "退订", "退訂", "退", "取消订阅", "TD退订", "T退订", "退订TD", "回复TD", "回TD", "回复T", "回T", "回复TD退订", "回T退订", "回TD退订",
		"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE",
	}
	UsualOptIn = []string{"START", "UNSTOP", "订阅", "訂閱", "DY", "恢复订阅"}
)

// NewKeywords are keywords as people write them; where a list is nil, the usual ones.
func NewKeywords(out, in []string) Keywords {
	if out == nil {
		out = UsualOptOut
	}
	if in == nil {
		in = UsualOptIn
	}
	return Keywords{folded(out), folded(in)}
}

func folded(words []string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		if f := Fold(w); f != "" {
			m[f] = true
		}
	}
	return m
}

// Meaning is what a message means on its own: OptOut, OptIn or Other.
func (k Keywords) Meaning(text string) string {
	f := Fold(text)
	switch {
	case f == "":
		return Other
	case k.out[f]:
		return OptOut
	case k.in[f]:
		return OptIn
	}
	return Other
}

// maxKeyword is the longest message that may be a keyword, in octets: with a signature
// or a row of dots around it.
const maxKeyword = 200

// Fold is what two spellings of a keyword have in common: a message without signatures
// in 【】 at its ends, in small letters and half-width, without spaces, punctuation and
// symbols. "" for a message that is too long to be one.
func Fold(text string) string {
	if len(text) > maxKeyword {
		return ""
	}
	text = strings.TrimSpace(text)
	for strings.HasPrefix(text, "【") {
		end := strings.Index(text, "】")
		if end < 0 {
			break
		}
		text = strings.TrimSpace(text[end+len("】"):])
	}
	for strings.HasSuffix(text, "】") {
		start := strings.LastIndex(text, "【")
		if start < 0 {
			break
		}
		text = strings.TrimSpace(text[:start])
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsPunct(r), unicode.IsSymbol(r), unicode.IsControl(r),
			unicode.In(r, unicode.Cf, unicode.Me, unicode.Variation_Selector), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	return strings.ToLower(strings.ToUpper(text)) // both: ſ and s are one
}

// A Reply is an answer that a campaign asks for.
type Reply struct {
	Keyword string `json:"keyword"` // as the definition writes it
	Label   string `json:"label"`   // what it says of the person
}

// Replies are all of a campaign's, in the definition's order.
type Replies []Reply

// Find is the reply that a message is; ok is false when it is none.
func (r Replies) Find(text string) (found Reply, ok bool) {
	f := Fold(text)
	at := slices.IndexFunc(r, func(one Reply) bool { return Fold(one.Keyword) == f })
	if f == "" || at < 0 {
		return Reply{}, false
	}
	return r[at], true
}

// Labels are the labels, each once, in order.
func (r Replies) Labels() []string {
	var all []string
	for _, one := range r {
		if !slices.Contains(all, one.Label) {
			all = append(all, one.Label)
		}
	}
	return all
}
