package main

import (
	"context"
	"errors"
	"fmt"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

// A record is where a test is written down: a ledger that is open here, or the server
// that holds it.
type record struct {
	config *configs.Config
	ledger *ledger.Ledger // nil: a server has it
	gives  ledger.Command
}

// openRecord opens the ledger, or finds out that a server can be asked.
func openRecord(ctx context.Context, c *configs.Config, provider string, o *orders) (*record, error) {
	r := &record{config: c, gives: ledger.Command{Key: provider, Verb: "test", Who: o.by, Why: o.why}}
	options := ledgerOptions(c)
	options.Visitor = true
	l, err := ledger.Open(ctx, options)
	if errors.Is(err, ledger.ErrBusy) {
		return r, nil
	}
	r.ledger = l
	return r, err
}

// note puts on disk what is about to be done, or was.
func (r *record) note(ctx context.Context, what string) error {
	d := r.gives
	d.Why += ": " + what
	var err error
	if r.ledger == nil {
		_, err = call(ctx, r.config, d)
	} else {
		_, err = r.ledger.Do(ctx, d)
	}
	if err != nil {
		return fmt.Errorf("write down that %s is tested: %w", d.Key, err)
	}
	return nil
}

// errOthers says that receipts are left to the server that has the ledger.
var errOthers = errors.New("the carrier brought what is not this test's to its connection: it was left to the server that has the ledger, unacknowledged")

// keep puts what is not the test's on disk.
func (r *record) keep(receipts []sms.Receipt, incoming []sms.Incoming) error {
	if len(receipts)+len(incoming) == 0 {
		return nil
	}
	if r.ledger == nil {
		return errOthers
	}
	_, err := r.ledger.Receive(r.gives.Key, receipts, incoming)
	return err
}

// Close lets go of the ledger.
func (r *record) Close() error {
	if r.ledger == nil {
		return nil
	}
	return r.ledger.Close()
}
