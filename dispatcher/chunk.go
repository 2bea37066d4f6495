package dispatcher

import (
	"slices"
	"sync"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

// A chunk is what is offered at once: recipients of one page, their messages and
// the answers. Chunks are used again: their memory is the hot path's.
type chunk struct {
	indexes  []uint16
	parts    []uint8
	messages []sms.Message
	acks     []sms.Ack
	octets   []byte // the rendered texts
}

var chunks = sync.Pool{New: func() any { return &chunk{} }}

// fill takes the recipients, which must ascend for the journal's runs.
func (c *chunk) fill(indexes []uint16) {
	c.indexes = append(c.indexes[:0], indexes...)
	slices.Sort(c.indexes)
	n := len(indexes)
	c.parts = slices.Grow(c.parts[:0], n)[:n]
	c.messages = slices.Grow(c.messages[:0], n)[:n]
	c.acks = slices.Grow(c.acks[:0], n)[:n]
	clear(c.acks)
}

// cut keeps the first n recipients only.
func (c *chunk) cut(n int) {
	c.indexes, c.parts, c.messages, c.acks = c.indexes[:n], c.parts[:n], c.messages[:n], c.acks[:n]
}

// keep removes all recipients of the chunk but those at indexes, which ascend.
func (c *chunk) keep(indexes []uint16) {
	at := 0
	for i, index := range c.indexes {
		if at < len(indexes) && indexes[at] == index {
			c.indexes[at], c.parts[at], c.messages[at], c.acks[at] = index, c.parts[i], c.messages[i], c.acks[i]
			at++
		}
	}
	c.cut(at)
}

// reset lets go of what the chunk pointed to.
func (c *chunk) reset() {
	clear(c.messages)
	clear(c.acks)
	c.octets = c.octets[:0]
}

// render writes each recipient's text and is how many could be written. Those that
// could not, by an error or a panic, are left at the end, without a message.
func (c *chunk) render(o *order, a sms.Alphabet, k *ledger.Claim) (good int) {
	good = len(c.indexes)
	envelope := o.seal(time.Now())
	for at := 0; at < good; {
		i := c.indexes[at]
		content, ok := c.text(o, a, k, int(i))
		if !ok {
			// The journal's runs want the others in order.
			copy(c.indexes[at:], c.indexes[at+1:])
			c.indexes[len(c.indexes)-1] = i
			good--
			continue
		}
		c.parts[at] = content.Segments
		c.messages[at] = sms.Message{To: k.Numbers[i], Content: content, Envelope: envelope, Done: k.Done[i]}
		at++
	}
	return good
}

// text renders one recipient's text.
func (c *chunk) text(o *order, a sms.Alphabet, k *ledger.Claim, i int) (content sms.Content, ok bool) {
	defer func() {
		if recover() != nil { // its words may hold anything
			ok = false
		}
	}()
	content, octets, err := o.renderer.Render(c.octets, a, k.Fields, i)
	if err != nil {
		return content, false
	}
	c.octets = octets
	return content, true
}
