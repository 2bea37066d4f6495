package httpgw

import (
	"context"
	"time"
)

// A crowd lets so many in at once; the others wait in line for a while. Some carriers call
// for hundreds of receipts at a time and forget those they could not bring.
type crowd struct {
	inside   chan struct{} // places
	all      chan struct{} // places inside and in line
	patience time.Duration
}

const (
	mostInside   = 64               // are served at once
	mostInLine   = 4096             // callers wait; the next one is refused at once
	linePatience = 20 * time.Second // then a waiting caller is refused
)

func newCrowd() *crowd {
	return &crowd{make(chan struct{}, mostInside), make(chan struct{}, mostInside+mostInLine), linePatience}
}

// enter reports whether the caller is in; it must leave then.
func (c *crowd) enter(ctx context.Context) bool {
	select {
	case c.all <- struct{}{}:
	default:
		return false
	}
	select {
	case c.inside <- struct{}{}:
		return true
	default:
	}
	t := time.NewTimer(c.patience)
	defer t.Stop()
	select {
	case c.inside <- struct{}{}:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	<-c.all
	return false
}

func (c *crowd) leave() {
	<-c.inside
	<-c.all
}
