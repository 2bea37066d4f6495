package providers

import (
	"context"
	"sync/atomic"

	"tocsin/providers/sms"
)

// Renewed is a Provider that makes another one anew for each Run after the first, so
// that one that has stopped for good (bad credentials) can be tried again with what
// its settings and secrets say by then. Its Run may be called again once it has
// returned.
type Renewed struct {
	make  func() (Provider, error)
	inner atomic.Pointer[made]
	ran   bool // Run's alone
	fault atomic.Pointer[string]
}

// made holds an interface for an atomic pointer.
type made struct{ Provider }

// NewRenewed makes the first one. Its error is make's.
func NewRenewed(make func() (Provider, error)) (*Renewed, error) {
	r := &Renewed{make: make}
	return r, r.renew()
}

func (r *Renewed) renew() error {
	p, err := r.make()
	if err != nil {
		return err
	}
	r.inner.Store(&made{p})
	return nil
}

// Run is the inner one's, which is a new one each time.
func (r *Renewed) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	err := r.run(ctx, receive)
	if err != nil {
		fault := err.Error()
		r.fault.Store(&fault)
	}
	return err
}

func (r *Renewed) run(ctx context.Context, receive sms.ReceiveFunc) error {
	if r.ran {
		if err := r.renew(); err != nil {
			return err
		}
	}
	r.ran = true
	r.fault.Store(nil)
	return r.inner.Load().Run(ctx, receive)
}

// Inner is the one that is made last.
func (r *Renewed) Inner() Provider { return r.inner.Load().Provider }

// Submit is the inner one's.
func (r *Renewed) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	r.inner.Load().Submit(ctx, msgs, acks)
}

// Line is the inner one's; once Run has returned an error it says so.
func (r *Renewed) Line() Line {
	l := r.inner.Load().Line()
	if fault := r.fault.Load(); fault != nil {
		l.Stopped, l.Fault = true, *fault
	}
	return l
}
