package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// Input from people is checked before anything of it is written: ErrValue refuses it, so
// that they learn of the fault. Input from carriers is made storable instead, so that it
// is kept.

// ErrValue says that a value cannot be kept. Nothing was changed.
var ErrValue = errors.New("this value is refused")

// How long a text may be, in octets. An index of PostgreSQL takes 2,704.
const (
	maxRef   = 255     // a carrier's reference, as sms.Refs has it
	maxName  = 256     // a key, the name of a person, a provider or an area
	maxWhy   = 4000    // a reason, a title
	maxPath  = 4096    // Linux's own limit
	maxText  = 1 << 16 // what a handset is sent, or sends
	maxLong  = 1 << 20 // a definition: campaigns.Parse takes less
	maxAreas = 1000    // of a broadcast: far above what one PDU holds
)

// A field is a text from outside, with the name that people know it by.
type field struct {
	name, text string
	most       int
}

// checkFields refuses the first of the fields that is not one plain line.
func checkFields(fields ...field) error {
	for _, f := range fields {
		if err := campaigns.CheckLine(f.text, f.most); err != nil {
			return fmt.Errorf("%w: %s %w", ErrValue, f.name, err)
		}
	}
	return nil
}

// checkLong refuses a text that may have several lines.
func checkLong(name, text string, most int) error {
	if err := campaigns.CheckLines(text, most); err != nil {
		return fmt.Errorf("%w: %s %w", ErrValue, name, err)
	}
	return nil
}

// A span is a number from outside, with its permitted range.
type span struct {
	name           string
	value, low, to int64
}

// checkRanges refuses the first of the numbers that is out of its range.
func checkRanges(numbers ...span) error {
	for _, n := range numbers {
		if n.value < n.low || n.value > n.to {
			return fmt.Errorf("%w: %s is %d, and it may be %d to %d", ErrValue, n.name, n.value, n.low, n.to)
		}
	}
	return nil
}

// latest is the latest time that anybody can mean, in milliseconds since 1970: the end
// of the year 9999.
const latest = 253402300799999

// mostDigits is above every telephone number: ITU-T E.164, 15 digits.
const mostDigits sms.Number = 1e15

// checkNumbers refuses what is no telephone number. It does not quote it.
func checkNumbers(numbers []sms.Number) error {
	for i, n := range numbers {
		if n == 0 || n >= mostDigits {
			return fmt.Errorf("%w: numbers[%d] is no telephone number", ErrValue, i)
		}
	}
	return nil
}

// known reports whether a key can be one that is in the ledger; the databases differ in
// what they say of others.
func known(key string) bool { return campaigns.CheckLine(key, maxName) == nil }

// storable is s as a column of text holds it: NULs and octets that are no UTF-8 are
// replaced, and what is too long is cut. Carriers send anything.
func storable(s string, most int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// storableReceipt is a receipt as the journal holds it.
func storableReceipt(r *sms.Receipt) *sms.Receipt {
	own := *r
	own.Ref = own.Ref[:min(len(own.Ref), maxRef)]
	if own.State >= sms.States { // a word that nobody knows settles nothing
		own.State = sms.Accepted
	}
	return &own
}

// storableRefs are references as the journal holds them: of MaxSegments segments at most.
func storableRefs(r sms.Refs) sms.Refs {
	if len(r) <= maxRef { // the usual case; more segments than there can be are cut by segmentOf
		return r
	}
	var own sms.Refs
	for range sms.MaxSegments {
		var one []byte
		if one, r = r.Next(); one == nil {
			break
		}
		own = sms.AppendRef(own, one)
	}
	return own
}

// checkOffer refuses indexes that are not those of recipients of the loaded page p,
// ascending, each with a count of segments.
func (p *page) checkOffer(indexes []uint16, parts []uint8) error {
	if len(parts) != len(indexes) {
		return fmt.Errorf("%w: %d recipients are offered with %d counts of segments", ErrValue, len(indexes), len(parts))
	}
	for k, i := range indexes {
		if int(i) >= p.size || k > 0 && i <= indexes[k-1] {
			return fmt.Errorf("%w: recipient %d of %d is offered in place %d", ErrValue, i, p.size, k)
		}
		if parts[k] < 1 || parts[k] > sms.MaxSegments {
			return fmt.Errorf("%w: a text of %d segments, and it may have 1 to %d", ErrValue, parts[k], sms.MaxSegments)
		}
	}
	return nil
}

// checkAnswer refuses answers for anybody but recipients of the loaded page p.
func (p *page) checkAnswer(indexes []uint16, acks []sms.Ack) error {
	if len(acks) != len(indexes) || len(acks) > p.size {
		return fmt.Errorf("%w: %d answers for %d recipients of %d", ErrValue, len(acks), len(indexes), p.size)
	}
	for _, i := range indexes {
		if int(i) >= p.size {
			return fmt.Errorf("%w: an answer for recipient %d of %d", ErrValue, i, p.size)
		}
	}
	return nil
}

// check refuses a draft with a value that cannot be kept.
func (d *Draft) check() error {
	if err := checkFields(field{"the campaign's key", d.Key, maxName}, field{"the title", d.Title, maxWhy}, field{"the hash", d.Hash, maxName},
		field{"the path of the definition", d.Path, maxPath}, field{"who submits it", d.Who, maxName}, field{"the reason", d.Why, maxWhy},
		field{"who approves it", d.Approver, maxName}, field{"the key of the campaign that it retries", d.RetryOf, maxName},
		field{"the key of the campaign that it is a time of", d.OccurrenceOf, maxName}); err != nil {
		return err
	}
	if d.Key == "" {
		return fmt.Errorf("%w: a campaign has a key", ErrValue)
	}
	if d.State != "" {
		if err := checkState(d.State); err != nil {
			return err
		}
	}
	if err := checkLong("the definition", d.Definition, maxLong); err != nil {
		return err
	}
	return checkRanges(span{"class", int64(d.Class), 0, sms.Classes - 1}, span{"the start", d.Due, 0, latest})
}

// checkBatch refuses a batch that is no page: its numbers ascend, and each has its line.
func checkBatch(b *campaigns.Batch) error {
	if len(b.Numbers) == 0 || len(b.Numbers) > 1<<16 || len(b.Lines) != len(b.Numbers) {
		return fmt.Errorf("%w: a batch of %d numbers and %d lines", ErrValue, len(b.Numbers), len(b.Lines))
	}
	if b.Numbers[0] == 0 || b.Numbers[len(b.Numbers)-1] >= mostDigits || !slices.IsSorted(b.Numbers) {
		return fmt.Errorf("%w: the numbers of a batch are telephone numbers, ascending", ErrValue)
	}
	return checkFields(field{"the route", string(b.Route), maxPath})
}
