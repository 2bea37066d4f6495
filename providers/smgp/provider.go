package smgp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"tocsin/providers"
	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Config is one account.
type Config struct {
	Address     string // host:port
	ClientID    string // at most 8 characters
	Password    string // the shared secret, at most 15 characters
	ServiceID   string // at most 10 characters
	FeeType     string // two digits; empty: 00, free
	FeeCode     string // cents; empty: 000000
	Connections int
	Window      int // PDUs unanswered on one connection
	Batch       int // most numbers of a Submit, at most MaxBatch
	// CarrierSigns: the carrier puts the signature, 【…】, in front of texts itself. A text's
	// own is not sent; it is counted like the rest, for that is what handsets show.
	CarrierSigns bool
	Sender       string // SrcTermID, at most 21 digits
	// National sends numbers without their 86.
	National   bool
	ActiveTest time.Duration // silence after which the line is tested; 0: 60 s
	Timeout    time.Duration // after which an answer is not waited for and the line is renewed; 0: 60 s
}

// Options is what New needs.
type Options struct {
	Config Config
	Logger *slog.Logger // nil: nothing is logged
	// Dial connects; nil: TCP to the address.
	Dial func(ctx context.Context) (net.Conn, error)
}

// A Provider is one SMGP account.
type Provider struct{ *link.Link }

var _ providers.Provider = Provider{}

// ErrCredentials says that the gateway refused the login.
var ErrCredentials = fmt.Errorf("the gateway refuses client_id, password or this machine's address: %w", link.ErrCredentials)

// Times of SMGP 3.0.3 section 6 are 180 s for the test of an idle line, which firewalls
// on the way seldom wait for, and 60 s for an answer.
const (
	defaultActiveTest = 60 * time.Second
	defaultTimeout    = 60 * time.Second
)

// New checks the configuration and makes a Provider; nothing is dialled yet.
func New(o Options) (*Provider, error) {
	c := o.Config
	switch {
	case c.ClientID == "" || len(c.ClientID) > 8:
		return nil, errors.New("client_id has 1 to 8 characters (SMGP 3.0.3, 7.2.1): write it as the carrier gave it")
	case len(c.Password) > 15:
		return nil, errors.New("the password is longer than 15 characters (SMGP 3.0.3, 7.2.1): see that its file holds nothing else")
	case len(c.ServiceID) > 10:
		return nil, errors.New("service_id is longer than 10 characters (SMGP 3.0.3, 7.2.3)")
	case !fits(c.Sender):
		return nil, errors.New("sender is longer than 21 characters or holds a NUL (SrcTermID, SMGP 3.0.3, 7.2.3)")
	case c.FeeType != "" && len(c.FeeType) != 2 || len(c.FeeCode) > 6:
		return nil, errors.New("fee_type has 2 digits and fee_code at most 6 (SMGP 3.0.3, 7.2.3)")
	case c.Window > link.MaxWindow:
		return nil, fmt.Errorf("window is larger than %d", link.MaxWindow)
	case c.Batch > MaxBatch:
		return nil, fmt.Errorf("batch is larger than %d (SMGP 3.0.3, 7.2.3)", MaxBatch)
	}
	if c.FeeType == "" {
		c.FeeType = "00"
	}
	if c.FeeCode == "" {
		c.FeeCode = "000000"
	}
	if c.ActiveTest <= 0 {
		c.ActiveTest = defaultActiveTest
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Provider{link.New(link.Options{
		Config: link.Config{
			Address: c.Address, Roles: []link.Role{{Sends: true}}, Connections: c.Connections, Window: c.Window, Batch: c.Batch,
			Idle: c.ActiveTest, Patience: c.Timeout, HeaderSize: HeaderSize, MaxFrame: MaxFrame,
		},
		Protocol: &protocol{c: c, log: o.Logger}, Logger: o.Logger, Dial: o.Dial,
	})}, nil
}

// Submit offers msgs; see providers.Provider.
func (p Provider) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if !link.RefuseSenders(msgs, acks, fits) {
		p.Link.Submit(ctx, msgs, acks)
	}
}

// fits reports whether a sender fits SrcTermID.
func fits(sender string) bool { return link.FitsPadded(sender, numberSize) }
