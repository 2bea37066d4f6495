package dispatcher

import (
	"slices"
	"sync"

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

// reset lets go of what the chunk pointed to.
func (c *chunk) reset() {
	clear(c.messages)
	clear(c.acks)
	c.octets = c.octets[:0]
}

// render writes each recipient's text.
func (c *chunk) render(o *order, k *ledger.Claim) error {
	for at, i := range c.indexes {
		content, octets, err := o.renderer.Render(c.octets, k.Fields, int(i))
		if err != nil {
			return err
		}
		c.octets = octets
		c.parts[at] = content.Segments
		c.messages[at] = sms.Message{To: k.Numbers[i], Content: content, Envelope: o.envelope, Done: k.Done[i]}
	}
	return nil
}
