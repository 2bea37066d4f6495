package ledger

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// Replies says what messages from people mean.
type Replies struct {
	Keywords campaigns.Keywords
	// Within is how long after an offer a message answers it; 0: AnswersWithin.
	Within time.Duration
}

// AnswersWithin is how long a message may answer a campaign: a week, in which people
// still know what they were asked.
const AnswersWithin = 7 * 24 * time.Hour

// How long the same message of the same person is one that the carrier says again: one
// that has a name of the carrier's, and one that has none. SMSCs try again for minutes.
const (
	namedAgain   = 72 * time.Hour
	unnamedAgain = 5 * time.Minute
)

// take keeps a message that somebody sent to us, with the campaign it answers, and does
// at once what its keyword says.
func (l *Ledger) take(c *commit, provider string, m *sms.Incoming, done *Received) error {
	part := fmt.Sprint(m.Part)
	name := sha256.Sum256([]byte(strings.Join([]string{provider, m.From, m.To, m.Ref, part, m.Text}, "\x00")))
	again := unnamedAgain
	if m.Ref != "" {
		again = namedAgain
	}
	if at, known := l.lately[name]; known && c.at-at < again.Milliseconds() || done.heard[name] {
		return nil
	}
	number := sms.ChinaNumber([]byte(m.From))
	if number < shortest {
		number = 0
	}
	k, err := l.answers(c, provider, number)
	if err != nil {
		return err
	}
	meaning, keyword, campaign := campaigns.Other, "", int64(0)
	if k != nil {
		campaign = k.ID
	}
	if m.Part.Of == 0 { // a part is no keyword, whatever it looks like
		meaning = l.replies.Keywords.Meaning(m.Text)
		if k != nil && meaning == campaigns.Other {
			if r, ok := k.Replies.Find(m.Text); ok {
				meaning, keyword = campaigns.Answer, r.Keyword
			}
		}
	}
	at := m.Time.UnixMilli()
	if year := m.Time.Year(); year < 1970 || year > 9999 { // none, or none that can be
		at = c.at
	}
	from, text, ref := storable(m.From, maxName), storable(m.Text, maxText), storable(m.Ref, maxRef)
	c.do(insertIncoming, rand.Int64(), provider, from, storable(m.To, maxName), text, at, int64(number), campaign, meaning, keyword, ref, at-again.Milliseconds(),
		int64(m.Part.Ref), int64(m.Part.Number), int64(m.Part.Of))
	if number != 0 {
		switch meaning {
		case campaigns.OptOut:
			c.optOut(number, true, provider, "opted out by a message", campaign)
			c.then = append(c.then, func() { l.unwanted.set([]sms.Number{number}, true) })
		case campaigns.OptIn:
			c.optIn(number, true, provider, "opted in by a message", campaign)
			done.optedIn = append(done.optedIn, number)
		}
	}
	if m.Part.Number <= 1 { // a long message is one
		done.Incoming[meaning]++
	}
	done.heard[name] = true
	c.then = append(c.then, func() { l.remember(name, c.at) })
	return nil
}

// A message that is there already, said by the same person in the same words at most so
// long ago, is not kept twice.
const insertIncoming = `INSERT INTO incoming (id, provider, sender, recipient, text, at, number, campaign, meaning, keyword, ref, part_ref, part, parts)
	SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS BIGINT),
		CAST($8 AS BIGINT), CAST($9 AS TEXT), CAST($10 AS TEXT), CAST($11 AS TEXT),
		CAST($13 AS BIGINT), CAST($14 AS BIGINT), CAST($15 AS BIGINT)
	WHERE NOT EXISTS (SELECT 1 FROM incoming WHERE sender = CAST($3 AS TEXT) AND at >= CAST($12 AS BIGINT) AND provider = CAST($2 AS TEXT)
		AND recipient = CAST($4 AS TEXT) AND text = CAST($5 AS TEXT) AND ref = CAST($11 AS TEXT)
		AND part_ref = CAST($13 AS BIGINT) AND part = CAST($14 AS BIGINT))`

// shortest is the least number with the eight digits that a subscriber's has: below it
// are the carriers' own.
const shortest sms.Number = 1e7

// maxLately bounds the messages that are remembered.
const maxLately = 20_000

// remember notes a message so that it is not heard twice. Under l.mu.
func (l *Ledger) remember(name [sha256.Size]byte, at int64) {
	if len(l.lately) >= maxLately {
		for k, when := range l.lately {
			if at-when > unnamedAgain.Milliseconds() {
				delete(l.lately, k)
			}
		}
	}
	if len(l.lately) < maxLately {
		l.lately[name] = at
	}
}

// answers is the newest campaign that was offered to a number lately: by this provider,
// or else by another, for a carrier may bring messages on a line of their own. nil when
// there is none.
func (l *Ledger) answers(c *commit, provider string, n sms.Number) (*Campaign, error) {
	if n == 0 {
		return nil, nil
	}
	since := c.at - l.replies.Within.Milliseconds()
	var other *Campaign
	for i := len(l.campaigns) - 1; i >= 0; i-- {
		k := l.campaigns[i]
		if k.Finished != 0 && k.Finished < since {
			continue
		}
		for _, series := range k.series {
			p := pageOf(series, n)
			if p == nil || p.counts[sms.Waiting] == p.size && p.resent == 0 {
				continue
			}
			if err := l.load(p); err != nil {
				return nil, err
			}
			at := p.find(n)
			if at < 0 || p.people.sent[at] == 0 || p.millis(p.people.sent[at]) < since {
				continue
			}
			if p.through(at) == provider {
				return k, nil
			}
			if other == nil {
				other = k
			}
		}
	}
	return other, nil
}
