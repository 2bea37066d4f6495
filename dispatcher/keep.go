package dispatcher

import (
	"context"
	"errors"
	"fmt"

	"tocsin/dispatcher/fault"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

// runLine keeps one provider up. One that gives up (bad credentials) is shown as
// stopped and not called again until a person enables it; the others go on.
func (d *Dispatcher) runLine(ctx context.Context, l *line) error {
	for {
		err := l.Provider.Run(ctx, func(receipts []sms.Receipt, incoming []sms.Incoming) error {
			return d.receive(l, receipts, incoming)
		})
		if err == nil || ctx.Err() != nil {
			return nil
		}
		d.log.Error("provider has stopped: it is called again once it is enabled", "provider", l.Name, "err", err)
		d.setStopped(l.Name, fmt.Errorf("provider %s has stopped: %w", l.Name, err))
		if !d.enabledAnew(ctx, l.Name) {
			return nil
		}
		d.log.Info("provider is enabled again: its carrier is called", "provider", l.Name)
		d.setStopped(l.Name, nil)
	}
}

// receive puts what a carrier says on disk.
func (d *Dispatcher) receive(l *line, receipts []sms.Receipt, incoming []sms.Incoming) error {
	fault.Point("before-receipt")
	got, err := d.ledger.Receive(l.Name, receipts, incoming)
	fault.Point("after-receipt")
	if errors.Is(err, ledger.ErrRefused) { // the carrier is not told that it is kept, and everybody else goes on
		d.log.Error("the ledger does not take what a carrier says", "provider", l.Name, "err", err)
		return err
	}
	if err != nil {
		d.fail(fmt.Errorf("note receipts: %w", err))
		return err
	}
	if d.metrics != nil {
		d.metrics.received(l.Name, got)
	}
	return nil
}

// enabledAnew waits until a person enables a provider, from now on; it reports false
// when ctx ended first. A change of its rate is no such word.
func (d *Dispatcher) enabledAnew(ctx context.Context, name string) bool {
	before := d.ledger.Provider(name)
	for sleep(ctx, lookEvery) {
		now := d.ledger.Provider(name)
		if now.State == ledger.Enabled && now.At > before.At && now.Rate == before.Rate {
			return true
		}
		if now.Rate != before.Rate {
			before = now
		}
	}
	return false
}

// setStopped notes why a line has stopped; nil: it works again.
func (d *Dispatcher) setStopped(name string, why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if why == nil {
		delete(d.gaveUp, name)
		return
	}
	d.gaveUp[name] = why
}

// stopped is why a line has stopped; nil: it has not.
func (d *Dispatcher) stopped(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gaveUp[name]
}
