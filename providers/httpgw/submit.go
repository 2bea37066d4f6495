package httpgw

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"tocsin/providers/sms"
)

// Submit offers msgs; see providers.Provider.
func (p *Provider) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	for i := range acks {
		acks[i] = sms.Ack{Outcome: sms.NotSent, Reason: sms.LineDown, Done: msgs[i].Done}
	}
	var running sync.WaitGroup
	defer running.Wait()
	for first := 0; first < len(msgs); {
		m := &msgs[first]
		if all := uint16(1)<<m.Content.Segments - 1; m.Done == all { // all of it was taken before
			acks[first].Outcome, acks[first].Reason = sms.Taken, sms.None
			first++
			continue
		}
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			why(acks[first:], sms.NoAnswer)
			return
		}
		if ctx.Err() != nil || !p.begin() {
			<-p.slots
			if ctx.Err() != nil {
				why(acks[first:], sms.NoAnswer)
			}
			return
		}
		n := p.together(msgs[first:])
		some, answers := msgs[first:first+n], acks[first:first+n]
		first += n
		running.Go(func() {
			defer p.end()
			p.offer(ctx, some, answers)
		})
	}
}

// why says of messages not sent why.
func why(acks []sms.Ack, reason sms.Reason) {
	for i := range acks {
		acks[i].Reason = reason
	}
}

// begin takes a flight's place; false: nothing may be sent now.
func (p *Provider) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault() != "" {
		return false
	}
	p.inFlight++
	p.flights.Add(1)
	return true
}

func (p *Provider) end() {
	p.mu.Lock()
	p.inFlight--
	p.mu.Unlock()
	p.flights.Done()
	<-p.slots
}

// together is how many of the first messages share a request.
func (p *Provider) together(msgs []sms.Message) int {
	most := p.c.Batch
	if p.single.Load() {
		most = 1
	}
	n := 1
	for n < min(most, len(msgs)) {
		a, b := &msgs[0], &msgs[n]
		if b.Done != 0 || a.Done != 0 || a.Envelope != b.Envelope || !p.send.mixed && !a.Content.Same(b.Content) {
			break
		}
		n++
	}
	return n
}

// offer makes the request for some messages, and for parts of them where all were refused
// together, and fills their acks.
func (p *Provider) offer(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	c := p.newCall(msgs)
	defer func() {
		if recover() != nil { // its words may hold anything
			p.log.Error("a request panicked: what it had not answered is in doubt")
			p.fill(c, acks, verdict{sms.Unknown, sms.NoAnswer, plain}, "", "", true)
		}
	}()
	if msgs[0].Over(c.at) { // it has waited for room in the window too long
		p.fill(c, acks, verdict{sms.NotSent, sms.TooLate, plain}, "", "", false)
		return
	}
	a, err := p.exchange(ctx, c, p.send)
	switch {
	case errors.Is(err, errUnsent):
		reason := sms.LineDown
		if ctx.Err() != nil {
			reason = sms.NoAnswer
		}
		p.fill(c, acks, verdict{sms.NotSent, reason, plain}, "", "", false)
		return
	case err != nil:
		p.fill(c, acks, verdict{sms.Unknown, sms.NoAnswer, plain}, "", "", true)
		p.doubt(c, msgs)
		return
	}
	r := p.read(a, c)
	if pause := retryAfter(a.header, c.at); pause > 0 && a.status/100 != 2 {
		p.mu.Lock()
		p.until = time.Now().Add(pause)
		p.mu.Unlock()
	}
	if r.each != nil {
		for i := range r.each {
			e := &r.each[i]
			p.effect(e.verdict, e.code, a.status)
			p.fillOne(c, i, &acks[i], e.verdict, e.code, e.id, false)
		}
		p.doubtUnknown(c, msgs, acks)
		return
	}
	p.effect(r.all, r.code, a.status)
	// Nobody was taken, and one of them may be why.
	if len(msgs) > 1 && r.all.effect == noBatches {
		for i := range msgs {
			p.offer(ctx, msgs[i:i+1], acks[i:i+1])
		}
		return
	}
	if len(msgs) > 1 && r.all.outcome == sms.Refused {
		half := len(msgs) / 2
		p.offer(ctx, msgs[:half], acks[:half])
		p.offer(ctx, msgs[half:], acks[half:])
		return
	}
	p.fill(c, acks, r.all, r.code, r.id, len(msgs) > 1)
	p.doubtUnknown(c, msgs, acks)
}

// effect does what a verdict means for everybody.
func (p *Provider) effect(v verdict, code string, status int) {
	switch v.effect {
	case noBatches:
		if p.c.Batch > 1 && !p.single.Swap(true) {
			p.log.Warn("the carrier takes no batches: numbers go one by one")
		}
	case stops:
		p.stop(code, status)
	}
}

// staleTries is how often a request is begun anew when the connection it was to be
// written on turns out to be closed and no octet of it left.
const staleTries = 3

// exchange makes one request, within the time-out, as long as Run lets it.
func (p *Provider) exchange(ctx context.Context, c *call, f *form) (*response, error) {
	timely, cancel := context.WithTimeout(ctx, p.c.Timeout)
	defer cancel()
	p.mu.Lock()
	hard := p.hard
	p.mu.Unlock()
	defer context.AfterFunc(hard, cancel)()
	for try := 1; ; try++ {
		a, err := c.make(func(method, address string, header http.Header, body []byte) (*response, error) {
			return p.client.do(timely, method, address, header, body)
		}, f)
		switch {
		case !errors.Is(err, errUnsent) || ctx.Err() != nil || hard.Err() != nil:
			return a, err
		case errors.Is(err, errDial), timely.Err() != nil:
			p.lost(err)
			return a, err
		case try == staleTries:
			return a, err
		}
	}
}

// fill says the same of every message of a call.
func (p *Provider) fill(c *call, acks []sms.Ack, v verdict, code, id string, shared bool) {
	for i := range acks {
		if i > 0 && c.msgs[i].Content.Segments == c.msgs[i-1].Content.Segments { // one memory: one entry of the journal
			done := c.msgs[i].Done
			if acks[i] = acks[i-1]; v.outcome != sms.Taken {
				acks[i].Done = done
			}
			continue
		}
		p.fillOne(c, i, &acks[i], v, code, id, shared)
	}
}

// fillOne says what became of message i. The carrier takes texts whole, so that every
// segment has the same reference; shared: other messages too.
func (p *Provider) fillOne(c *call, i int, a *sms.Ack, v verdict, code, id string, shared bool) {
	m := &c.msgs[i]
	*a = sms.Ack{Outcome: v.outcome, Reason: v.reason, Code: number(code), Done: m.Done}
	ref := ""
	if v.outcome == sms.Taken {
		a.Done, ref = 1<<m.Content.Segments-1, id
	}
	if own := p.c.Answer.Own; own && (v.outcome == sms.Taken || v.outcome == sms.Unknown) {
		ref, shared = c.reference, false // each number's receipt names it, and number and reference are one message's
	}
	if ref == "" {
		return
	}
	a.Batch = shared
	for range m.Content.Segments {
		a.Refs = sms.AppendRef(a.Refs, []byte(ref))
	}
}
