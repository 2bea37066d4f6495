package campaigns

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tocsin/providers/sms"
)

// What a definition may ask for: a report shows all of it.
const (
	maxReplies = 20
	maxLabel   = 40 // characters
)

// replies reads what people may answer.
func (l *loader) replies() error {
	usual := NewKeywords(nil, nil)
	seen := map[string]string{}
	for _, r := range l.doc.Replies {
		r.Keyword, r.Label = strings.TrimSpace(r.Keyword), strings.TrimSpace(r.Label)
		f := Fold(r.Keyword)
		switch {
		case f == "":
			l.add(l.refuse("$.replies", "the reply %q cannot be told from others: a keyword has letters or digits", r.Keyword))
			continue
		case seen[f] != "":
			l.add(l.refuse("$.replies", "the replies %q and %q are one: capital letters, spaces and punctuation make no other", seen[f], r.Keyword))
			continue
		case usual.Meaning(r.Keyword) != Other:
			l.add(l.refuse("$.replies", "the reply %q is how people opt out, or in again: choose another keyword", r.Keyword))
			continue
		case r.Label == "" || utf8.RuneCountInString(r.Label) > maxLabel || strings.IndexFunc(r.Label, unicode.IsControl) >= 0:
			l.add(l.refuse("$.replies", "the reply %q wants 1 to %d characters on one line that say what it says of a person", r.Keyword, maxLabel))
			continue
		}
		seen[f] = r.Keyword
		l.d.Replies = append(l.d.Replies, r)
	}
	if len(l.d.Replies) > maxReplies {
		return l.refuse("$.replies", "there are %d replies: at most %d", len(l.d.Replies), maxReplies)
	}
	return nil
}

// maxReason is the longest reason for an override, in octets.
const maxReason = 500

// override reads whether the campaign also goes to people who have opted out.
func (l *loader) override() error {
	why := strings.TrimSpace(l.doc.OverrideReason)
	switch {
	case !l.doc.OverrideSuppression && l.doc.OverrideReason != "":
		return l.refuse("$.override_reason", "override_reason is for override_suppression: true, which is not there")
	case !l.doc.OverrideSuppression:
		return nil
	case l.d.Class != sms.Emergency:
		return l.refuse("$.override_suppression", "override_suppression sends to people who opted out, and is for class emergency alone: this one is %s", l.d.Class)
	case why == "":
		return l.refuse("$.override_suppression", "override_suppression wants override_reason: why those who opted out must get this; it is kept and shown")
	case len(why) > maxReason || strings.IndexFunc(why, unicode.IsControl) >= 0:
		return l.refuse("$.override_reason", "override_reason is one line of at most %d octets", maxReason)
	}
	l.d.Override = why
	return nil
}
