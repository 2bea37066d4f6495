package providers

import (
	"context"
	"sync"
)

// A gate counts what is in a carrier's window, whose size may change while it is
// used. Who comes first goes first.
type gate struct {
	window func() int
	door   chan struct{} // held by the next caller
	freed  chan struct{} // tells that one that there is room again

	mu   sync.Mutex
	used int
}

func newGate(window func() int) gate {
	return gate{window: window, door: make(chan struct{}, 1), freed: make(chan struct{}, 1)}
}

// enter takes n places, or none and ctx's error. More than the window has go in
// when it is empty.
func (g *gate) enter(ctx context.Context, n int) error {
	select {
	case g.door <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.door }()
	for !g.try(n) {
		select {
		case <-g.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (g *gate) try(n int) bool {
	window := g.window()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.used > 0 && g.used+n > window {
		return false
	}
	g.used += n
	return true
}

// over reports whether the window has become too small for all that are in it; the
// caller has n places of it.
func (g *gate) over(n int) bool {
	window := g.window()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.used > max(window, n)
}

// leave gives n places back.
func (g *gate) leave(n int) {
	g.mu.Lock()
	g.used -= n
	g.mu.Unlock()
	select {
	case g.freed <- struct{}{}:
	default:
	}
}
