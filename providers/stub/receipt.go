package stub

import (
	"context"
	"time"

	"tocsin/providers/sms"
)

const (
	receiptBatch = 1000        // receipts handed over at once, at most
	receiptAgain = time.Second // until receipts that were not kept are said again
)

// A due receipt; its reference is the digits of ref.
type due struct {
	to     sms.Number
	ref    uint64
	at     int64 // nanoseconds since 1970
	failed bool
}

// A queue holds receipts in the order they fall due: the delay is the same for
// all.
type queue struct {
	items []due
	head  int
}

func (q *queue) len() int { return len(q.items) - q.head }

func (q *queue) push(d due) {
	if q.head > 4096 && q.head > len(q.items)/2 {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	q.items = append(q.items, d)
}

// expect queues the receipt of one segment, unless it gets lost.
func (p *Provider) expect(to sms.Number, ref uint64, now time.Time) {
	if chance(ref, saltLose) < p.config.LoseReceipts {
		return
	}
	empty := p.due.len() == 0
	p.due.push(due{
		to: to, ref: ref, at: now.Add(p.config.ReceiptDelay).UnixNano(),
		failed: chance(ref, saltFail) < p.config.FailReceipts,
	})
	if empty {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// Run takes the line up, hands receipts over when they are due and takes the line
// down when ctx ends. Receipts that receive does not keep are repeated.
func (p *Provider) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	p.setUp(true)
	defer p.setUp(false)
	timer := time.NewTimer(0)
	defer timer.Stop()
	batch := batch{receipts: make([]sms.Receipt, 0, receiptBatch)}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		case <-timer.C:
		}
		if next := p.deliver(ctx, receive, &batch); next > 0 {
			timer.Reset(next)
		}
	}
}

func (p *Provider) setUp(up bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up = up
}

// A batch is the receipts handed over at once and the digits their references
// point into.
type batch struct {
	receipts []sms.Receipt
	digits   [receiptBatch * refDigits]byte
}

// deliver hands over all receipts that are due and says how long until the next
// is; 0 when none is queued.
func (p *Provider) deliver(ctx context.Context, receive sms.ReceiveFunc, b *batch) time.Duration {
	for ctx.Err() == nil {
		next := p.fill(b)
		if len(b.receipts) == 0 {
			return next
		}
		if receive(b.receipts, nil) != nil {
			return receiptAgain
		}
		p.mu.Lock()
		p.due.head += len(b.receipts)
		p.mu.Unlock()
	}
	return 0
}

// fill copies the first due receipts into b and leaves them queued.
func (p *Provider) fill(b *batch) (next time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.receipts = b.receipts[:0]
	now := time.Now().UnixNano()
	for _, d := range p.due.items[p.due.head:] {
		if d.at > now {
			return time.Duration(d.at - now)
		}
		if len(b.receipts) == receiptBatch {
			break
		}
		at := len(b.receipts) * refDigits
		r := sms.Receipt{To: d.to, State: sms.Delivered, Time: d.at / 1e6}
		r.Ref = appendHex(b.digits[at:at:at+refDigits], d.ref)
		if d.failed {
			r.State, r.Reason = sms.Failed, sms.Unreachable
		}
		b.receipts = append(b.receipts, r)
	}
	return 0
}
