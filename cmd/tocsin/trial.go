package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/providers"
	"tocsin/providers/sms"
)

// A trial is one message to one number, to see whether a provider works.
type trial struct {
	config  configs.ProviderConfig
	say     *trialWords
	quiet   bool // JSON is written instead
	message sms.Message
	record  *record
	offered bool          // bytes may have left
	noted   chan struct{} // closed when the answer is on disk

	mu     sync.Mutex // guards what follows
	result trialResult
	refs   [][]byte // what the carrier calls its segments
	sentAt time.Time
	came   chan error // a receipt, nil, or why none can come any more
}

// trialResult is what a trial came to, as JSON.
type trialResult struct {
	Provider string         `json:"provider"`
	To       string         `json:"to"`
	Segments int            `json:"segments"`
	Encoding string         `json:"encoding"`
	Outcome  string         `json:"outcome"` // taken, refused, not_now, not_sent or unknown
	Reason   string         `json:"reason,omitempty"`
	Code     uint32         `json:"code,omitempty"`
	IDs      []string       `json:"ids,omitempty"`
	After    string         `json:"after,omitempty"`
	Receipts []trialReceipt `json:"receipts,omitempty"`
}

type trialReceipt struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	Code   uint32 `json:"code,omitempty"`
	ID     string `json:"id"`
	After  string `json:"after"`
}

// run logs in, writes down what it is about to do, sends, and waits for receipts.
func (t *trial) run(ctx context.Context, wait time.Duration) error {
	t.came, t.noted = make(chan error, 1+sms.MaxSegments), make(chan struct{})
	t.config.Connections, t.config.Batch = 1, 1
	hears := t.listens()
	p, err := configs.Provider(t.config, nil)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	var failed error
	ended := make(chan struct{})
	before := p.Line().Fault
	go func() {
		defer close(ended)
		failed = p.Run(running, t.receive)
	}()
	defer func() {
		stop()
		<-ended
	}()
	if err := up(ctx, p, before, ended); err != nil {
		if errors.Is(err, errEnded) && failed != nil {
			err = failed
		}
		return fmt.Errorf("provider %s: %w (tocsin provider check %s says more)", t.config.Name, err, t.config.Name)
	}
	if err := t.submit(ctx, p); err != nil {
		return err
	}
	if t.result.Outcome != sms.Taken.String() || wait == 0 {
		return nil
	}
	if !hears {
		t.tell(t.say.NoListener)
		return nil
	}
	return t.wait(ctx, wait)
}

// listens takes SGIP's listener out of the settings when somebody has it: their
// receipts go there. It reports whether receipts can come here.
func (t *trial) listens() bool {
	if t.config.Protocol != configs.SGIP {
		return true
	}
	if t.config.Listen == "" {
		return false
	}
	ln, err := net.Listen("tcp", t.config.Listen)
	if err != nil {
		t.config.Listen = ""
		return false
	}
	ln.Close()
	return true
}

var errEnded = errors.New("the line has ended")

// up waits until the line stands; its error says why it does not, at the first try.
func up(ctx context.Context, p providers.Provider, before string, ended <-chan struct{}) error {
	late := time.NewTimer(checkWithin)
	defer late.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		l := p.Line()
		switch {
		case l.Up > 0:
			return nil
		case l.Fault != before && l.Fault != "":
			return errors.New(l.Fault)
		}
		select {
		case <-ended:
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return errors.New("the line does not come up")
		case <-tick.C:
		}
	}
}

// submit offers the message once. What is about to be done is on disk before.
func (t *trial) submit(ctx context.Context, p providers.Provider) error {
	if err := t.record.note(ctx, fmt.Sprintf("about to send one message to %s", t.message.To)); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t.offered = true
	defer close(t.noted)
	t.mu.Lock()
	t.sentAt = time.Now()
	t.mu.Unlock()
	acks := make([]sms.Ack, 1)
	p.Submit(ctx, []sms.Message{t.message}, acks)
	a := &acks[0]
	t.mu.Lock()
	r := &t.result
	r.Outcome, r.Reason, r.Code = a.Outcome.String(), a.Reason.String(), a.Code
	if a.Outcome != sms.NotSent {
		r.After = took(time.Since(t.sentAt))
	}
	for refs := a.Refs; len(refs) > 0; {
		var ref []byte
		if ref, refs = refs.Next(); len(ref) > 0 {
			t.refs = append(t.refs, ref)
			r.IDs = append(r.IDs, word(ref))
		}
	}
	t.mu.Unlock()
	t.tell(t.say.answer(r))
	what := r.Outcome
	if r.Reason != "" {
		what += fmt.Sprintf(" (%s, code %d)", r.Reason, r.Code)
	}
	for _, id := range r.IDs {
		what += ", id " + id
	}
	return t.record.note(context.WithoutCancel(ctx), what)
}

// wait waits until every segment has its last receipt.
func (t *trial) wait(ctx context.Context, d time.Duration) error {
	late := time.NewTimer(d)
	defer late.Stop()
	for !t.settled() {
		select {
		case err := <-t.came:
			if err != nil {
				t.tell(t.say.Others)
				return nil
			}
		case <-ctx.Done():
			return nil
		case <-late.C:
			t.tell(fmt.Sprintf(t.say.NoReceipt, d))
			return nil
		}
	}
	return nil
}

// settled reports whether there is a last receipt for every segment.
func (t *trial) settled() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := 0
	for _, r := range t.result.Receipts {
		if r.State != sms.Accepted.String() {
			last++
		}
	}
	return last >= t.result.Segments
}

// receive takes this test's receipts and keeps those of others.
func (t *trial) receive(receipts []sms.Receipt, incoming []sms.Incoming) error {
	var others []sms.Receipt
	own := 0
	for i := range receipts {
		r := &receipts[i]
		if !t.mine(r) {
			others = append(others, *r)
			continue
		}
		what := fmt.Sprintf("receipt %s, id %s", r.State, word(r.Ref))
		if err := t.record.note(context.Background(), what); err != nil {
			return err
		}
		own++
		t.heard(r)
	}
	if err := t.record.keep(others, incoming); err != nil {
		t.signal(err)
		return err
	}
	return nil
}

// mine reports whether a receipt is this test's: for its number, by its id where the
// carrier has said one. It waits for the answer, which the receipt may have overtaken.
func (t *trial) mine(r *sms.Receipt) bool {
	t.mu.Lock()
	sent := !t.sentAt.IsZero()
	t.mu.Unlock()
	if r.To != t.message.To || !sent {
		return false
	}
	<-t.noted
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, ref := range t.refs {
		if ledger.SameRef(ref, r.Ref) {
			return true
		}
	}
	return len(r.Ref) == 0 || len(t.refs) == 0
}

func (t *trial) heard(r *sms.Receipt) {
	t.mu.Lock()
	one := trialReceipt{State: r.State.String(), Reason: r.Reason.String(), Code: r.Code, ID: word(r.Ref), After: took(time.Since(t.sentAt))}
	t.result.Receipts = append(t.result.Receipts, one)
	t.mu.Unlock()
	t.tell(t.say.receipt(&one))
	t.signal(nil)
}

func (t *trial) signal(err error) {
	select {
	case t.came <- err:
	default:
	}
}

// tell says something to people.
func (t *trial) tell(text string) {
	if !t.quiet {
		fmt.Fprint(os.Stdout, text)
	}
}

// verdict is the error with the exit code that it came to.
func (t *trial) verdict() error {
	switch t.result.Outcome {
	case sms.Taken.String():
		for _, r := range t.result.Receipts {
			if r.State == sms.Failed.String() {
				return &exitError{code: exitFailed}
			}
		}
		return nil
	case sms.Unknown.String():
		return &exitError{code: exitOpen}
	}
	return &exitError{code: exitFailed}
}
