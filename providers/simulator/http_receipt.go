package simulator

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	bringAtOnce  = 16 // callbacks under way at once
	keptMessages = 20 // of one number, for queries
)

// expect decides the receipts of what was taken, queues them, and returns those that come
// before the answer.
func (h *httpSide) expect(s *httpSubmit, now time.Time) (early []httpReceipt) {
	config := &h.c.config
	var due []httpReceipt
	h.mu.Lock()
	for i, m := range s.msgs {
		if m.refused {
			continue
		}
		luck := mix(m.number) ^ h.c.nextID.Load() + uint64(i)
		r := httpReceipt{httpMessage: m, ref: s.ref, back: s.back, sender: s.sender, taken: now, at: now.UnixNano() + int64(config.Latency) + int64(config.ReceiptDelay)}
		r.failed = h.c.happens(config.FailReceipts, luck, saltFail)
		r.lost = !config.Receipts || !s.receipts || h.c.happens(config.LoseReceipts, luck, saltLose)
		if text := h.c.replyOf(m.number); text != "" {
			reply := r
			reply.reply, reply.back, reply.at = text, config.ReplyTo, now.UnixNano()+int64(config.Latency+config.ReplyDelay)
			due = append(due, reply)
		}
		kept := append(h.records[m.number], r)
		h.records[m.number] = kept[max(len(kept)-keptMessages, 0):]
		if r.lost {
			continue
		}
		if h.c.happens(config.EarlyReceipts, luck, saltEarly) {
			early = append(early, r)
		} else {
			due = append(due, r)
		}
		if h.c.happens(config.DuplicateReceipts, luck, saltDuplicate) {
			due = append(due, r)
		}
		if h.c.happens(config.UnknownReceipts, luck, saltUnknown) {
			r.number = 8610000000000 + mix(luck+saltStranger)%1e10 // no mobile number begins with 8610
			r.id, r.ref = r.id+"0", r.ref+"0"
			due = append(due, r)
		}
	}
	h.waiting += len(due) + len(early)
	h.queue = append(h.queue, due...)
	h.mu.Unlock()
	h.rouse()
	return early
}

func (h *httpSide) rouse() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// bring takes receipts to the client when they are due, until ctx ends.
func (h *httpSide) bring(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	places := make(chan struct{}, bringAtOnce)
	for ctx.Err() == nil {
		some, next := h.due(time.Now().UnixNano(), false)
		if len(some) == 0 {
			t := time.NewTimer(next)
			select {
			case <-t.C:
			case <-h.wake:
			case <-ctx.Done():
			}
			t.Stop()
			continue
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		under.Go(func() {
			h.carry(some)
			<-places
		})
	}
}

// due takes receipts that are due and go to one address, one reply, or, polled, receipts
// that have no address and wait for the client; with none it says how long until there may
// be some.
func (h *httpSide) due(now int64, polled bool) (some []httpReceipt, next time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next = time.Hour
	rest := h.queue[:0]
	for _, r := range h.queue {
		switch {
		case polled != (r.back == "" && h.c.config.DialBack == ""):
		case r.at > now:
			next = min(next, time.Duration(r.at-now))
		case len(some) == 0, len(some) < h.flavour.most() && some[0].back == r.back && some[0].reply+r.reply == "":
			some = append(some, r)
			continue
		}
		rest = append(rest, r)
	}
	h.queue = rest
	return some, next
}

// carry takes receipts to the client; those that it does not take come again.
func (h *httpSide) carry(some []httpReceipt) {
	counts := &h.c.counts
	counts.sent.Add(int64(len(some)))
	if h.post(some) {
		counts.acknowledged.Add(int64(len(some)))
		h.mu.Lock()
		h.waiting -= len(some)
		h.mu.Unlock()
		return
	}
	counts.again.Add(int64(len(some)))
	for i := range some {
		some[i].at = time.Now().Add(resendAfter).UnixNano()
	}
	h.mu.Lock()
	h.queue = append(h.queue, some...)
	h.mu.Unlock()
	h.rouse()
}

// carryAll is carry for receipts that go to one address, as many at once as may.
func (h *httpSide) carryAll(all []httpReceipt) {
	var under sync.WaitGroup
	for some := range slices.Chunk(all, h.flavour.most()) {
		under.Go(func() { h.carry(some) })
	}
	under.Wait()
}

// post makes one callback and reports whether the client has taken it.
func (h *httpSide) post(some []httpReceipt) bool {
	var r *http.Request
	var err error
	if some[0].reply != "" {
		r, err = h.flavour.reply(&h.c.config, &some[0])
	} else {
		r, err = h.flavour.report(&h.c.config, some)
	}
	if err != nil {
		return false
	}
	answer, err := h.back.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode/100 == 2
}

// of are the messages taken for a number that ask picks.
func (h *httpSide) of(number uint64, ask func(*httpReceipt) bool) []httpReceipt {
	h.mu.Lock()
	defer h.mu.Unlock()
	var some []httpReceipt
	for _, r := range h.records[number] {
		if ask(&r) {
			some = append(some, r)
		}
	}
	return some
}
