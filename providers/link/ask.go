package link

import (
	"bytes"
	"context"
	"time"

	"tocsin/providers"
)

// An ask is a request other than a submit: it has its place in the window, and its caller
// gets the answer. Everything in it is guarded by the link's mu.
type ask struct {
	write  func(b []byte, sequence uint32) []byte
	answer []byte // the frame
	err    error
	done   chan struct{}
}

// askTimeout is how long an answer is waited for. A carrier that has never heard of a
// request does not answer it, and no line is renewed for that.
const askTimeout = 10 * time.Second

// Ask sends the request that write appends, on any connection, and returns the frame
// that the Speaker took for its answer; see Session.Tell. The errors are
// providers.ErrNotAsked, ErrNoAnswer or ctx's, when it ends first.
func (p *Link) Ask(ctx context.Context, write func(b []byte, sequence uint32) []byte) ([]byte, error) {
	a := &ask{write: write, done: make(chan struct{})}
	p.mu.Lock()
	if len(p.lines) == 0 {
		p.mu.Unlock()
		return nil, providers.ErrNotAsked
	}
	p.asks = append(p.asks, a)
	lines := p.lines
	p.mu.Unlock()
	for _, l := range lines {
		l.pump()
	}
	late := time.NewTimer(askTimeout)
	defer late.Stop()
	err := providers.ErrNoAnswer
	select {
	case <-a.done:
		return a.answer, a.err
	case <-late.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.forget(a) {
		err = providers.ErrNotAsked
	}
	select {
	case <-a.done: // in the last moment
		return a.answer, a.err
	default:
		return nil, err
	}
}

// forget ends an ask whose caller waits no longer, and frees its place; it reports
// whether it had not been sent. Under p.mu.
func (p *Link) forget(a *ask) (waited bool) {
	for i, other := range p.asks {
		if other == a {
			p.asks = append(p.asks[:i:i], p.asks[i+1:]...)
			return true
		}
	}
	for _, l := range p.lines {
		for k := range l.slots {
			if l.slots[k].ask == a {
				l.release(uint16(k))
			}
		}
	}
	return false
}

// end gives an ask its answer. Under the link's mu.
func (a *ask) end(answer []byte, err error) {
	a.answer, a.err = answer, err
	close(a.done)
}

// release frees a place of the window: an answer that still comes finds nobody. Under
// the link's mu.
func (l *line) release(k uint16) {
	l.slots[k] = slot{}
	l.free = append(l.free, k)
}

// Tell gives a frame to the Ask that it answers; it reports whether there is one. A
// submit with this sequence number is left alone.
func (s *Session) Tell(sequence uint32, frame []byte) bool {
	l := s.line
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	k := sequence & slotMask
	if sequence == 0 || int(k) >= len(l.slots) || l.slots[k].sequence != sequence || l.slots[k].ask == nil {
		return false
	}
	a := l.slots[k].ask
	l.release(uint16(k))
	a.end(bytes.Clone(frame), nil)
	s.heard = true
	return true
}
