package sgip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"tocsin/providers"
	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Config is one account.
type Config struct {
	Address  string // host:port
	Login    string // at most 16 characters
	Password string // at most 16 characters
	Node     uint32 // our node number, 3AAAAQQQQQ
	CorpID   string // at most 5 characters
	// ServiceType is at most 10 characters.
	ServiceType string
	FeeType     byte   // 0 to 4
	FeeValue    string // cents; empty: 0
	Connections int
	Window      int // PDUs unanswered on one connection
	Batch       int // most numbers of a Submit, at most MaxBatch and what the packet holds
	Packet      int // most octets of a PDU; 0: MaxPacket
	// CarrierSigns: the carrier puts the signature, 【…】, in front of texts itself. A text's
	// own is not sent; it is counted like the rest, for that is what handsets show.
	CarrierSigns bool
	Sender       string // SPNumber, at most 21 digits
	// Listen is where the gateway calls us, host:port; empty: it does not.
	Listen string
	// GatewayLogin and GatewayPassword are what the gateway says then.
	GatewayLogin, GatewayPassword string
	Timeout                       time.Duration // after which an answer is not waited for and the line is renewed; 0: 30 s
}

// Options is what New needs.
type Options struct {
	Config Config
	Logger *slog.Logger // nil: nothing is logged
	// Dial connects; nil: TCP to the address.
	Dial func(ctx context.Context) (net.Conn, error)
	// Listener is where the gateway calls; nil: one is made for Config.Listen by Run.
	Listener net.Listener
}

// A Provider is one SGIP account.
type Provider struct {
	*link.Link
	batch    int // most numbers that every Submit has room for
	listen   string
	listener net.Listener
	log      *slog.Logger
}

var _ providers.Provider = (*Provider)(nil)

// ErrCredentials says that the gateway refused the login.
var ErrCredentials = fmt.Errorf("the gateway refuses login or password: %w", link.ErrCredentials)

// defaultTimeout is SGIP 1.2 section 3.2's.
const defaultTimeout = 30 * time.Second

// New checks the configuration and makes a Provider; nothing is dialled yet.
func New(o Options) (*Provider, error) {
	c := o.Config
	switch {
	case len(c.Login) > 16 || len(c.Password) > 16 || len(c.GatewayLogin) > 16 || len(c.GatewayPassword) > 16:
		return nil, errors.New("login names and passwords have at most 16 characters (SGIP 1.2, 4.2.1)")
	case c.Node/1e9 != 3:
		return nil, errors.New("node is not a service provider's number, 3, area code and company code: write it as the carrier gave it (SGIP 1.2, 2.3)")
	case len(c.CorpID) > 5:
		return nil, errors.New("corp_id is longer than 5 characters (SGIP 1.2, 4.2.3)")
	case len(c.ServiceType) > 10:
		return nil, errors.New("service_type is longer than 10 characters (SGIP 1.2, 4.2.3)")
	case c.FeeType > 4 || len(c.FeeValue) > 6:
		return nil, errors.New("fee_type is 0 to 4 and fee_value has at most 6 digits (SGIP 1.2, 4.2.3)")
	case !fits(c.Sender):
		return nil, errors.New("sender is longer than 21 characters or holds a NUL (SPNumber, SGIP 1.2, 4.2.3)")
	case c.Window > link.MaxWindow:
		return nil, fmt.Errorf("window is larger than %d", link.MaxWindow)
	case c.Batch > MaxBatch:
		return nil, fmt.Errorf("batch is larger than %d (SGIP 1.2, 4.2.3)", MaxBatch)
	}
	if c.FeeValue == "" {
		c.FeeValue = "0"
	}
	if c.Packet <= 0 {
		c.Packet = MaxPacket
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Provider{batch: InPacket(c.Packet, MaxText), listen: c.Listen, listener: o.Listener, log: o.Logger, Link: link.New(link.Options{
		Config: link.Config{
			Address: c.Address, Roles: []link.Role{{Kind: ToGateway, Sends: true}}, Connections: c.Connections, Window: c.Window,
			Batch: c.Batch, Idle: c.Timeout, Patience: c.Timeout, HeaderSize: HeaderSize, MaxFrame: MaxFrame,
		},
		Protocol: &protocol{c: c, log: o.Logger}, Logger: o.Logger, Dial: o.Dial,
	})}
	return p, nil
}

// Run keeps the connections up and takes the gateway's calls; see providers.Provider.
func (p *Provider) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	ln := p.listener
	if ln == nil && p.listen != "" {
		var err error
		if ln, err = net.Listen("tcp", p.listen); err != nil {
			return fmt.Errorf("listen for the gateway: %w: choose another address (listen:), or end who has it", err)
		}
	}
	both, ctx := errgroup.WithContext(ctx)
	if ln != nil {
		both.Go(func() error { return p.Accept(ctx, ln, link.Role{Kind: FromGateway}, receive) })
	}
	both.Go(func() error { return p.Link.Run(ctx, receive) })
	return both.Wait()
}

// Submit offers msgs; see providers.Provider.
func (p *Provider) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if !link.RefuseSenders(msgs, acks, fits) {
		p.Link.Submit(ctx, msgs, acks)
	}
}

// Line says how the connections stand. A batch is what the packet has room for behind a
// full segment.
func (p *Provider) Line() providers.Line {
	l := p.Link.Line()
	l.Batch = min(l.Batch, p.batch)
	return l
}

// fits reports whether a sender fits SPNumber.
func fits(sender string) bool { return link.FitsPadded(sender, numberSize) }
