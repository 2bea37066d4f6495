package smpp

import (
	"context"
	"fmt"

	"tocsin/providers"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A Query is query_sm, section 4.8.1.
type Query struct {
	ID     []byte // message_id
	Source Address
}

// Fields lists the body in wire order.
func (q *Query) Fields(f *wire.Fields) {
	f.CBytes(&q.ID, idSize)
	q.Source.fields(f, addressSize)
}

// A QueryAnswer is query_sm_resp, section 4.8.2. With a status that is not 0 it may have
// no body.
type QueryAnswer struct {
	Absent bool
	ID     []byte // message_id
	Final  []byte // final_date; empty: it has none yet
	State  uint8  // message_state
	Error  uint8  // error_code
}

// Fields lists the body in wire order.
func (a *QueryAnswer) Fields(f *wire.Fields) {
	if f.Absent(&a.Absent) {
		return
	}
	f.CBytes(&a.ID, idSize)
	f.CBytes(&a.Final, 17)
	f.Uint8(&a.State)
	f.Uint8(&a.Error)
}

// A Cancel is cancel_sm, section 4.9.1. Its answer has no body.
type Cancel struct {
	Service    []byte // service_type
	ID         []byte // message_id
	Source, To Address
}

// Fields lists the body in wire order.
func (c *Cancel) Fields(f *wire.Fields) {
	f.CBytes(&c.Service, 6)
	f.CBytes(&c.ID, idSize)
	c.Source.fields(f, addressSize)
	c.To.fields(f, addressSize)
}

var (
	_ providers.Canceller = Provider{}
	_ providers.Querier   = Provider{}
)

// Cancel asks the carrier to take a segment back; see providers.Canceller.
func (p Provider) Cancel(ctx context.Context, s providers.Sent) error {
	_, err := p.ask(ctx, CancelSM, &Cancel{ID: s.Ref, Source: p.source(s.Sender), To: Address{1, 1, s.To.AppendDigits(nil)}})
	return err
}

// Query asks what became of a segment; see providers.Querier.
func (p Provider) Query(ctx context.Context, s providers.Sent) (sms.Receipt, error) {
	r := sms.Receipt{To: s.To, Ref: s.Ref}
	body, err := p.ask(ctx, QuerySM, &Query{ID: s.Ref, Source: p.source(s.Sender)})
	if err != nil {
		return r, err
	}
	var a QueryAnswer
	if err := wire.Decode(body, &a); err != nil {
		return r, fmt.Errorf("query_sm_resp: %w", err)
	}
	switch {
	case a.State == 0: // SCHEDULED, 5.0
		r.State = sms.Accepted
		return r, nil
	case int(a.State) >= len(states):
		return r, fmt.Errorf("query_sm_resp: message_state %d: %w", a.State, ErrPDU)
	}
	r.State, r.Reason = states[a.State].state, states[a.State].reason
	if r.State == sms.Failed {
		r.Code = uint32(a.Error)
	}
	r.Time = wire.Absolute(a.Final)
	return r, nil
}

// source is the address that a message of this sender came from.
func (p Provider) source(sender string) Address {
	if sender == "" {
		sender = p.sender
	}
	ton, npi := addressKind(sender)
	return Address{ton, npi, []byte(sender)}
}

// ask sends a request and is the body of its answer.
func (p Provider) ask(ctx context.Context, id uint32, body wire.Body) ([]byte, error) {
	if _, err := Append(nil, id, 0, 1, body); err != nil { // a reference of another carrier's
		return nil, fmt.Errorf("%w: %w", providers.ErrNotAsked, err)
	}
	frame, err := p.Ask(ctx, func(b []byte, sequence uint32) []byte {
		b, _ = Append(b, id, 0, sequence, body) // it fits, as above
		return b
	})
	if err != nil {
		return nil, err
	}
	h, answer := Split(frame)
	if h.Status != StatusOK || h.ID != id|Response {
		return nil, fmt.Errorf("status %#x: %w", h.Status, providers.ErrKept)
	}
	return answer, nil
}
