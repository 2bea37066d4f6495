package configs

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Replies says what messages from people mean, whatever campaign they answer. A message
// is a keyword when it is that alone, but for capital letters, spaces and punctuation.
type Replies struct {
	// OptOut are the messages that put their sender on the suppression list; none: the
	// usual ones, TD, T, 退订, STOP and others.
	OptOut []string `yaml:"opt_out"`
	// OptIn are those that take that back; none: the usual ones.
	OptIn []string `yaml:"opt_in"`
	// Within is how long after an offer a message answers it; 0: 168h.
	Within time.Duration `yaml:"within"`
}

// maxWithin is a year: nobody answers later.
const maxWithin = 366 * 24 * time.Hour

func validateReplies(c *Config, d *document) error {
	seen := map[string]bool{}
	for _, list := range []struct {
		key   string
		words []string
	}{{"opt_out", c.Replies.OptOut}, {"opt_in", c.Replies.OptIn}} {
		path := "$.replies." + list.key
		if list.words != nil && len(list.words) == 0 {
			return d.at(path, "%s is empty: name its keywords, or leave it out for the usual ones", list.key)
		}
		for i, word := range list.words {
			at := fmt.Sprintf("%s[%d]", path, i)
			if strings.IndexFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) < 0 {
				return d.at(at, "the keyword %q has no letter or digit: no message can be told to be it", word)
			}
			if seen[strings.ToUpper(word)] {
				return d.at(at, "the keyword %q stands here twice: remove one", word)
			}
			seen[strings.ToUpper(word)] = true
		}
	}
	if w := c.Replies.Within; w < 0 || w > maxWithin {
		return d.at("$.replies.within", "within is %s: write how long a message answers what was sent, for example 168h", w)
	}
	return nil
}
