package cmpp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"tocsin/providers"
	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Config is one account.
type Config struct {
	Address     string  // host:port
	Version     Version // V20 or V30
	SourceAddr  string  // SP_Id, at most 6 characters
	Password    string  // the shared secret
	ServiceID   string  // Service_Id, at most 10 characters
	MsgSrc      string  // Msg_src, at most 6 characters; empty: SourceAddr
	FeeUserType byte    // who pays, 0 to 3: the handset, its source, the service provider, Fee_terminal_Id
	FeeType     string  // two digits; empty: 01, free
	FeeCode     string  // cents; empty: 000000
	Connections int
	Window      int // PDUs unanswered on one connection
	Batch       int // most numbers of a SUBMIT, at most MaxBatch
	// CarrierSigns: the carrier puts the signature, 【…】, in front of texts itself. A text's
	// own is not sent; it is counted like the rest, for that is what handsets show.
	CarrierSigns bool
	Sender       string // Src_Id, at most 21 digits
	// National sends numbers without their 86.
	National bool
	// BatchReports lets batches of 2.0 ask for reports, where a gateway takes them.
	BatchReports bool
	ActiveTest   time.Duration // silence after which the line is tested; 0: 60 s
	Timeout      time.Duration // after which an answer is not waited for and the line is renewed; 0: 60 s
}

// Options is what New needs.
type Options struct {
	Config Config
	Logger *slog.Logger // nil: nothing is logged
	// Dial connects; nil: TCP to the address.
	Dial func(ctx context.Context) (net.Conn, error)
}

// A Provider is one CMPP account.
type Provider struct {
	*link.Link
	// lone: a batch that asks for reports goes one by one; reports: the last offer did.
	lone    bool
	reports *atomic.Bool
}

var _ providers.Provider = Provider{}

// ErrCredentials says that the gateway refused the login.
var ErrCredentials = fmt.Errorf("the gateway refuses source_addr or password: %w", link.ErrCredentials)

// Times of CMPP 3.0 section 6.3 are 180 s for the test of an idle line, which firewalls
// on the way seldom wait for, and 60 s for an answer.
const (
	defaultActiveTest = 60 * time.Second
	defaultTimeout    = 60 * time.Second
)

// New checks the configuration and makes a Provider; nothing is dialled yet.
func New(o Options) (*Provider, error) {
	c := o.Config
	switch {
	case c.Version != V20 && c.Version != V30:
		return nil, errors.New(`version is neither "2.0" nor "3.0"`)
	case c.SourceAddr == "" || len(c.SourceAddr) > 6:
		return nil, errors.New("source_addr has 1 to 6 characters (SP_Id, CMPP 3.0, 7.4.1.1): write it as the carrier gave it")
	case len(c.MsgSrc) > 6:
		return nil, errors.New("msg_src is longer than 6 characters (CMPP 3.0, 7.4.3.1)")
	case len(c.ServiceID) > 10:
		return nil, errors.New("service_id is longer than 10 characters (CMPP 3.0, 7.4.3.1)")
	case !fits(c.Sender):
		return nil, errors.New("sender is longer than 21 characters or holds a NUL (Src_Id, CMPP 3.0, 7.4.3.1)")
	case c.FeeUserType > 3:
		return nil, errors.New("fee_user_type is not 0, 1, 2 or 3 (CMPP 3.0, 7.4.3.1)")
	case c.FeeType != "" && len(c.FeeType) != 2 || len(c.FeeCode) > 6:
		return nil, errors.New("fee_type has 2 digits and fee_code at most 6 (CMPP 3.0, 7.4.3.1)")
	case c.Window > link.MaxWindow:
		return nil, fmt.Errorf("window is larger than %d", link.MaxWindow)
	case c.Batch > MaxBatch:
		return nil, fmt.Errorf("batch is larger than %d: a SUBMIT has fewer than 100 numbers (CMPP 3.0, 7.4.3.1)", MaxBatch)
	}
	if c.MsgSrc == "" {
		c.MsgSrc = c.SourceAddr
	}
	if c.FeeType == "" {
		c.FeeType = "01"
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
	return &Provider{lone: c.Version < V21 && !c.BatchReports, reports: &atomic.Bool{}, Link: link.New(link.Options{
		Config: link.Config{
			Address: c.Address, Roles: []link.Role{{Sends: true}}, Connections: c.Connections, Window: c.Window, Batch: c.Batch,
			Idle: c.ActiveTest, Patience: c.Timeout, HeaderSize: HeaderSize, MaxFrame: MaxFrame,
		},
		Protocol: &protocol{c: c, log: o.Logger}, Logger: o.Logger, Dial: o.Dial,
	})}, nil
}

// Submit offers msgs; see providers.Provider.
func (p Provider) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if link.RefuseSenders(msgs, acks, fits) {
		return
	}
	if p.lone && len(msgs) > 0 {
		p.reports.Store(msgs[0].Envelope.Receipt)
	}
	p.Link.Submit(ctx, msgs, acks)
}

// Line returns the state of the connections. In 2.0 a batch is one message while reports are
// asked for: a count of what is in the window would be too low.
func (p Provider) Line() providers.Line {
	l := p.Link.Line()
	if p.lone && p.reports.Load() {
		l.Batch = 1
	}
	return l
}

// fits reports whether a sender fits Src_Id.
func fits(sender string) bool { return link.FitsPadded(sender, senderSize) }
