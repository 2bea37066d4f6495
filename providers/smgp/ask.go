package smgp

import (
	"context"
	"fmt"
	"time"

	"tocsin/providers"
	"tocsin/providers/wire"
)

var _ providers.Accountant = Provider{}

// Figures asks for a day's figures by Query, SMGP 3.0.3 section 7.2.7; see
// providers.Accountant.
func (p Provider) Figures(ctx context.Context, day time.Time, service string) (providers.Figures, error) {
	q := Query{Day: day.In(wire.Beijing).AppendFormat(nil, "20060102"), Code: []byte(service)}
	if service != "" {
		q.Type = 1
	}
	if _, err := Append(nil, QueryID, 1, &q); err != nil {
		return providers.Figures{}, fmt.Errorf("%w: %w", providers.ErrNotAsked, err)
	}
	frame, err := p.Ask(ctx, func(b []byte, sequence uint32) []byte {
		b, _ = Append(b, QueryID, sequence, &q) // it fits, as above
		return b
	})
	if err != nil {
		return providers.Figures{}, err
	}
	var a QueryAnswer
	if err := wire.Decode(frame[HeaderSize:], &a); err != nil {
		return providers.Figures{}, fmt.Errorf("Query_Resp: %w: %w", providers.ErrNoAnswer, err)
	}
	return providers.Figures{
		Messages: a.SentMessages, People: a.SentUsers, Delivered: a.Sent, Waiting: a.SentWaiting, Failed: a.SentFailed,
		Come: a.Came, ComeWaiting: a.CameWaiting, ComeFailed: a.CameFailed,
	}, nil
}
