package providers

import (
	"context"
	"errors"
	"time"

	"tocsin/providers/sms"
)

// A Sent is one segment that a carrier has accepted.
type Sent struct {
	To     sms.Number
	Sender string // its Envelope's; empty: the provider's own
	Ref    []byte // one of its Ack's Refs
}

// A Canceller is a Provider whose carrier can take back what it has accepted and not
// yet delivered: by cancel_sm of SMPP or CMPP_CANCEL. As finds one inside wrappers.
type Canceller interface {
	// Cancel asks the carrier to take s back. nil: it will not be delivered. ErrKept: the
	// carrier answered that it stays, delivered or unknown to it; so does a second Cancel
	// of the same. Any other error: there is no answer, and nobody knows; ErrNotAsked says
	// that the request has not left. It may be called from several goroutines.
	Cancel(ctx context.Context, s Sent) error
}

// A Querier is a Provider whose carrier says what became of one segment: by query_sm of
// SMPP.
type Querier interface {
	// Query asks what became of s. The answer is as a receipt would say it, State Accepted
	// while it is on its way. Errors are Cancel's; ErrKept: the carrier does not know s.
	Query(ctx context.Context, s Sent) (sms.Receipt, error)
}

// An Accountant is a Provider whose carrier tells a day's figures: by CMPP_QUERY or
// SMGP's Query.
type Accountant interface {
	// Figures asks for those of a day of Beijing's calendar; service "" is all of the
	// account, else one of its services. Errors are Cancel's.
	Figures(ctx context.Context, day time.Time, service string) (Figures, error)
}

// Figures are what a carrier has counted in a day.
type Figures struct {
	// Sent to handsets: messages, the people they were for, and of these the delivered,
	// the waiting and the failed.
	Messages, People, Delivered, Waiting, Failed uint32
	// Come from handsets: delivered to us, waiting, failed.
	Come, ComeWaiting, ComeFailed uint32
}

// Errors of a Canceller, a Querier and an Accountant.
var (
	ErrKept     = errors.New("the carrier has answered that it does not")
	ErrNotAsked = errors.New("the carrier was not asked")
	ErrNoAnswer = errors.New("the carrier was asked and has not answered")
)

// As finds in a Provider, or in what it wraps, one that can do T besides: a Canceller,
// for example. Wrappers say with Inner what they wrap.
func As[T any](p Provider) (t T, ok bool) {
	for p != nil {
		if t, ok = p.(T); ok {
			return t, true
		}
		w, wraps := p.(interface{ Inner() Provider })
		if !wraps {
			break
		}
		p = w.Inner()
	}
	return t, false
}
