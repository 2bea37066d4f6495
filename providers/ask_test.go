package providers

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/providers/sms"
)

// taker is a Provider that can cancel.
type taker struct{ Provider }

func (taker) Cancel(context.Context, Sent) error { return ErrKept }

// plain is one that cannot.
type plain struct{}

func (plain) Submit(context.Context, []sms.Message, []sms.Ack) {}
func (plain) Run(context.Context, sms.ReceiveFunc) error       { return nil }
func (plain) Line() Line                                       { return Line{} }

// wrapped puts every wrapper there is around p.
func wrapped(t *testing.T, p Provider) Provider {
	t.Helper()
	renewed, err := NewRenewed(func() (Provider, error) { return p, nil })
	if err != nil {
		t.Fatal(err)
	}
	metered := NewMetrics(prometheus.NewRegistry()).Wrap("carrier", NewBreaker(renewed, nil))
	return NewLimited(metered, nil)
}

func TestWhoCanCancelIsFoundInsideItsWrappers(t *testing.T) {
	for _, tt := range []struct {
		name string
		p    Provider
		want bool
	}{
		{"who can, alone", taker{plain{}}, true},
		{"who can, in all of them", wrapped(t, taker{plain{}}), true},
		{"who cannot, alone", plain{}, false},
		{"who cannot, in all of them", wrapped(t, plain{}), false},
		{"nobody", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, ok := As[Canceller](tt.p)
			if ok != tt.want || ok && c.Cancel(t.Context(), Sent{}) != ErrKept {
				t.Errorf("got %v, %v, want %v", c, ok, tt.want)
			}
		})
	}
}
