package ledger

import (
	"encoding/binary"

	"tocsin/providers/sms"
)

// These methods make a record and apply it at once.

// claim begins the next epoch of a page.
func (c *commit) claim(p *page, owner string) {
	p.epoch++
	p.owner = owner
	c.touch(p)
}

// release gives a loaded page back. Its waiting recipients go to the provider that a
// reroute has named meanwhile, if there was one.
func (c *commit) release(p *page) {
	p.owner = ""
	c.touch(p)
	if p.next != "" {
		c.give(p, p.next)
	}
}

// give gives the waiting recipients of the loaded page p to another provider. Recipients
// that were offered through the one before keep it on record.
func (c *commit) give(p *page, to string) {
	if p.counts[sms.Waiting] > 0 {
		d := c.head(kindGive, p)
		from := p.route.Place(p.provider)
		d.journal = binary.AppendUvarint(d.journal, uint64(from))
		p.give(from)
		p.route = p.route.With(to) // so that its receipts are known as the page's
		p.epoch++                  // the task that names the old provider is stale
		c.hop(p, to)
		p.provider = to
	}
	p.next = ""
	c.touch(p)
	c.do(`UPDATE page SET route = $1, next = '' WHERE id = $2`, string(p.route), p.id)
}

// sendOn writes down the provider that the waiting recipients of p go to when its worker
// gives the page back, which it does before it offers more.
func (c *commit) sendOn(p *page, to string) {
	p.next = to
	c.touch(p)
	c.do(`UPDATE page SET next = $1 WHERE id = $2`, to, p.id)
}

// offer notes the intent to send to recipients, ascending, of the loaded page p.
func (c *commit) offer(p *page, indexes []uint16, parts []uint8) {
	at := p.ticks(c.at)
	rs := runs(nil, indexes)
	same := parts[0]
	for _, n := range parts {
		if n != same {
			same = 0
			break
		}
	}
	d := c.head(kindOffer, p)
	d.journal = appendUvarints(d.journal, uint64(at), uint64(same))
	d.journal = appendRuns(d.journal, rs)
	if same == 0 {
		d.journal = append(d.journal, parts...)
	}
	k := 0
	p.offer(at, rs, func(int) uint8 { k++; return parts[k-1] })
}

// answer notes what the carrier answered; acks[k] speaks of recipient indexes[k].
// Equal neighbours become one entry.
func (c *commit) answer(p *page, indexes []uint16, acks []sms.Ack) {
	at := p.ticks(c.at)
	d := c.head(kindAnswer, p)
	d.journal = binary.AppendUvarint(d.journal, uint64(at))
	entries := 0
	body := c.scratch[:0]
	var last answer
	before := (*answer)(nil)
	for k := 0; k < len(acks); {
		a := toAnswer(int(indexes[k]), &acks[k])
		next := k + 1
		for next < len(acks) && int(indexes[next]) == a.start+a.length && sameAck(&acks[k], &acks[next]) {
			a.length++
			next++
		}
		body = appendAnswer(body, before, a)
		last = a
		before = &last
		entries++
		p.answer(at, a)
		k = next
	}
	c.scratch = body
	d.journal = binary.AppendUvarint(d.journal, uint64(entries))
	d.journal = append(d.journal, body...)
}

// learn writes down a segment's reference that a receipt has brought, so that the same
// receipt, when it is repeated, is not taken for another segment's. The record is an answer
// that says nothing else.
func (c *commit) learn(p *page, s said, ref []byte) {
	var refs sms.Refs
	for range s.segment {
		refs = sms.AppendRef(refs, nil)
	}
	refs = sms.AppendRef(refs, ref)
	c.answer(p, []uint16{uint16(s.index)}, []sms.Ack{{Outcome: sms.Unknown, Refs: refs}})
}

func toAnswer(index int, a *sms.Ack) answer {
	outcome := a.Outcome
	if outcome >= sms.Outcomes { // nobody knows what it means
		outcome = sms.Unknown
	}
	return answer{
		run: run{index, 1}, outcome: outcome, reason: a.Reason, code: uint16(min(a.Code, 1<<16-1)),
		done: a.Done, batch: a.Batch, refs: storableRefs(a.Refs),
	}
}

// sameAck reports whether two answers are one: the same words, and the same
// memory of references.
func sameAck(a, b *sms.Ack) bool {
	if a.Outcome != b.Outcome || a.Reason != b.Reason || a.Code != b.Code || a.Done != b.Done || a.Batch != b.Batch ||
		len(a.Refs) != len(b.Refs) {
		return false
	}
	return len(a.Refs) == 0 || &a.Refs[0] == &b.Refs[0]
}

// shift moves those of p's recipients that are in state from, all of them or
// those that which picks.
func (c *commit) shift(p *page, from, to sms.State, which func(i int) bool) int {
	var indexes []uint16
	for i, s := range p.people.state {
		if s == from && (which == nil || which(i)) {
			indexes = append(indexes, uint16(i))
		}
	}
	if len(indexes) == 0 {
		return 0
	}
	at := p.ticks(c.at)
	rs := runs(nil, indexes)
	d := c.head(kindShift, p)
	d.journal = appendUvarints(d.journal, uint64(at), uint64(from), uint64(to))
	d.journal = appendRuns(d.journal, rs)
	p.shift(at, from, to, rs)
	return len(indexes)
}
