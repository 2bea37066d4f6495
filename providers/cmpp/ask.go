package cmpp

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"tocsin/providers"
	"tocsin/providers/wire"
)

var (
	_ providers.Canceller  = Provider{}
	_ providers.Accountant = Provider{}
)

// Cancel asks the gateway to take a message back by CMPP_CANCEL, CMPP 3.0 section 7.4.7;
// see providers.Canceller. Of a batch whose ids are a range, it is this message alone.
func (p Provider) Cancel(ctx context.Context, s providers.Sent) error {
	var id [8]byte
	if n, err := hex.Decode(id[:], s.Ref[:min(len(s.Ref), refSize)]); err != nil || n != len(id) || len(s.Ref) != refSize {
		return fmt.Errorf("%w: the reference is no Msg_Id", providers.ErrNotAsked)
	}
	body, err := p.ask(ctx, CancelID, &Cancel{binary.BigEndian.Uint64(id[:])})
	if err != nil {
		return err
	}
	a := CancelAnswer{Version: widthOf(len(body), 4)}
	if err := wire.Decode(body, &a); err != nil {
		return fmt.Errorf("CANCEL_RESP: %w: %w", providers.ErrNoAnswer, err)
	}
	if a.Success != 0 {
		return fmt.Errorf("Success_Id %d: %w", a.Success, providers.ErrKept)
	}
	return nil
}

// Figures asks for a day's figures by CMPP_QUERY, CMPP 3.0 section 7.4.6; see
// providers.Accountant.
func (p Provider) Figures(ctx context.Context, day time.Time, service string) (providers.Figures, error) {
	q := Query{Day: day.In(wire.Beijing).AppendFormat(nil, "20060102"), Code: []byte(service)}
	if service != "" {
		q.Type = 1
	}
	body, err := p.ask(ctx, QueryID, &q)
	if err != nil {
		return providers.Figures{}, err
	}
	var a QueryAnswer
	if err := wire.Decode(body, &a); err != nil {
		return providers.Figures{}, fmt.Errorf("QUERY_RESP: %w: %w", providers.ErrNoAnswer, err)
	}
	return providers.Figures{
		Messages: a.SentMessages, People: a.SentUsers, Delivered: a.Sent, Waiting: a.SentWaiting, Failed: a.SentFailed,
		Come: a.Came, ComeWaiting: a.CameWaiting, ComeFailed: a.CameFailed,
	}, nil
}

// ask sends a request and is the body of its answer.
func (p Provider) ask(ctx context.Context, id uint32, body wire.Body) ([]byte, error) {
	if _, err := Append(nil, id, 1, body); err != nil {
		return nil, fmt.Errorf("%w: %w", providers.ErrNotAsked, err)
	}
	frame, err := p.Ask(ctx, func(b []byte, sequence uint32) []byte {
		b, _ = Append(b, id, sequence, body) // it fits, as above
		return b
	})
	if err != nil {
		return nil, err
	}
	_, answer := Split(frame)
	return answer, nil
}

// widthOf is the version whose results are as wide as a body's, whose octets with one of
// 3.0 are wide: there are gateways that answer in the other version's.
func widthOf(octets, wide int) Version {
	if octets == wide {
		return V30
	}
	return V20
}
