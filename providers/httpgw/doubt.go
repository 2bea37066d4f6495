package httpgw

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"tocsin/providers/sms"
)

// A doubtful is a message whose answer never came. It lives in memory: after a restart the
// ledger still has the doubt, which receipts and people settle.
type doubtful struct {
	call  *call // with this message alone, and no text
	text  [sha256.Size]byte
	next  time.Time
	tries int
}

// doubts are those that are asked about.
type doubts struct {
	mu   sync.Mutex
	open []*doubtful
}

const (
	mostDoubts = 10_000                // more are left to receipts
	askEvery   = 50 * time.Millisecond // Tencent's queries are limited to 20 a second
	lookEvery  = 20 * time.Millisecond // for doubts whose time has come
)

// doubtUnknown is doubt for those of msgs that an answer has left in doubt.
func (p *Provider) doubtUnknown(c *call, msgs []sms.Message, acks []sms.Ack) {
	for i := range acks {
		if acks[i].Outcome == sms.Unknown {
			p.doubt(c, msgs[i:i+1])
		}
	}
}

// doubt remembers to ask about messages.
func (p *Provider) doubt(c *call, msgs []sms.Message) {
	if p.c.Query == nil {
		return
	}
	p.doubts.mu.Lock()
	defer p.doubts.mu.Unlock()
	for i := range msgs {
		if len(p.doubts.open) >= mostDoubts {
			p.log.Warn("too many are in doubt to ask about each: their receipts will tell")
			return
		}
		// The caller's memory is its own again: only the number and the time are kept.
		one := &call{
			p: p, at: c.at, reference: c.reference, nonce: c.nonce, texts: []string{""},
			msgs: []sms.Message{{To: msgs[i].To, Envelope: &sms.Envelope{}}},
		}
		p.doubts.open = append(p.doubts.open, &doubtful{
			call: one, text: sha256.Sum256(msgs[i].Content.AppendText(nil)), next: time.Now().Add(p.c.Query.After),
		})
	}
}

// due removes and returns a doubt whose time has come; nil: there is none.
func (d *doubts) due(now time.Time) *doubtful {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, one := range d.open {
		if !now.Before(one.next) {
			d.open = append(d.open[:i], d.open[i+1:]...)
			return one
		}
	}
	return nil
}

func (d *doubts) back(one *doubtful) {
	d.mu.Lock()
	d.open = append(d.open, one)
	d.mu.Unlock()
}

// askAbout asks about each doubt, again and again with longer pauses, until ctx ends. What
// the carrier knows is a receipt; what it does not know stays in doubt.
func (p *Provider) askAbout(ctx context.Context, receive sms.ReceiveFunc) {
	for ctx.Err() == nil {
		one := p.doubts.due(time.Now())
		if one == nil {
			sleep(ctx, lookEvery)
			continue
		}
		settled := false
		if a, err := p.exchange(ctx, p.freshCall(one), p.query); err == nil && a.status/100 == 2 {
			settled = p.settle(one, readJSON(a.body), receive)
		}
		if one.tries++; !settled && one.tries < p.c.Query.Tries {
			one.next = time.Now().Add(p.c.Query.After * time.Duration(pow3(one.tries)))
			p.doubts.back(one)
		}
		sleep(ctx, askEvery)
	}
}

// freshCall is a call to ask about a doubt: a nonce serves once, and signatures are of now.
func (p *Provider) freshCall(one *doubtful) *call {
	c := p.newCall(one.call.msgs)
	c.reference, c.asked = one.call.reference, one.call.at
	return c
}

func pow3(n int) int {
	p := 1
	for range n {
		p *= 3
	}
	return p
}

// settle makes a receipt of the record that is about a doubt; it reports whether nothing
// more need be asked: the receipt is on disk and final.
func (p *Provider) settle(one *doubtful, doc any, receive sms.ReceiveFunc) bool {
	q := &p.c.Query.Report
	for _, record := range elements(doc, q.Each) {
		receipt, ok := q.receipt(record, p.c.Answer.Own)
		if !ok || receipt.To != one.call.msgs[0].To || !one.is(q, record) {
			continue
		}
		return receive([]sms.Receipt{receipt}, nil) == nil && receipt.State != sms.Accepted
	}
	return false
}

// is reports whether a record is about the message: it has our reference, or, where the
// carrier keeps none, its text, and was made when it was sent or later.
func (one *doubtful) is(q *Report, record any) bool {
	if q.Reference != "" {
		return field(record, q.Reference) == one.call.reference
	}
	if q.Text == "" || sha256.Sum256([]byte(field(record, q.Text))) != one.text {
		return false
	}
	made := readTime(field(record, q.Created), q.CreatedLayout)
	return made == 0 || made >= one.call.at.Add(-clocksDiffer).UnixMilli()
}
