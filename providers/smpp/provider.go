package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/providers"
	"tocsin/providers/sms"
)

// Config is one account.
type Config struct {
	Address    string // host:port
	SystemID   string // at most 15 characters
	Password   string // at most 8 characters
	SystemType string
	// Bind is "transceiver", or "separate" for a transmitter and a receiver each.
	Bind            string
	Connections     int
	Window          int // PDUs unanswered on one connection, at most 4095
	Batch           int // most recipients of a submit_multi, at most 254 (section 4.5.1); 1: submit_sm only
	Sender          string
	TLS             *tls.Config   // nil: none
	EnquireLink     time.Duration // silence after which the line is tested
	ResponseTimeout time.Duration // after which an answer is not waited for and the line is renewed
}

// Options is what New needs.
type Options struct {
	Config Config
	Logger *slog.Logger
	// Dial connects; nil: TCP, or TLS, to the address.
	Dial func(ctx context.Context) (net.Conn, error)
}

// A Provider is one SMPP account.
type Provider struct {
	c    Config
	log  *slog.Logger
	dial func(ctx context.Context) (net.Conn, error)

	single atomic.Bool // the carrier does not know submit_multi

	mu    sync.Mutex // guards what follows, and the slots of every line
	lines []*line    // logged in, able to send
	jobs  []*job
	fault string
	up    int
	refs  []byte // arena of references
}

var _ providers.Provider = (*Provider)(nil)

// ErrCredentials says that the carrier refused the login: trying again would lock
// the account.
var ErrCredentials = errors.New("the carrier refuses system_id or password")

// New checks the configuration and makes a Provider; nothing is dialled yet.
func New(o Options) (*Provider, error) {
	c := o.Config
	switch {
	case len(c.SystemID) > 15:
		return nil, errors.New("system_id is longer than 15 characters (SMPP 3.4, 5.2.1): write it as the carrier gave it, nothing around it")
	case len(c.Password) > 8:
		return nil, errors.New("the password is longer than 8 characters (SMPP 3.4, 5.2.2): ask the carrier for one of at most 8; see that its file holds nothing else")
	case len(c.SystemType) > 12:
		return nil, errors.New("system_type is longer than 12 characters (SMPP 3.4, 5.2.3): leave it empty unless the carrier names one")
	case !fitsAddress(c.Sender):
		return nil, errors.New("sender is longer than 20 characters or holds a NUL (SMPP 3.4, 5.2.8)")
	case c.Window > 4095:
		return nil, errors.New("window is larger than 4095")
	case c.Batch > 254:
		return nil, errors.New("batch is larger than 254 (SMPP 3.4, 4.5.1)")
	case c.Bind != "" && c.Bind != "transceiver" && c.Bind != "separate":
		return nil, fmt.Errorf("bind %q is neither transceiver nor separate", c.Bind)
	}
	c.Connections, c.Window, c.Batch = max(c.Connections, 1), max(c.Window, 1), max(c.Batch, 1)
	if c.EnquireLink <= 0 {
		c.EnquireLink = 15 * time.Second
	}
	if c.ResponseTimeout <= 0 {
		c.ResponseTimeout = 30 * time.Second
	}
	p := &Provider{c: c, log: o.Logger, dial: o.Dial, fault: "not connected yet"}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.dial == nil {
		p.dial = p.dialTCP
	}
	return p, nil
}

// dialTimeout bounds connecting and logging in, each.
const dialTimeout = 10 * time.Second

func (p *Provider) dialTCP(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	if p.c.TLS != nil {
		return (&tls.Dialer{NetDialer: &d, Config: p.c.TLS}).DialContext(ctx, "tcp", p.c.Address)
	}
	return d.DialContext(ctx, "tcp", p.c.Address)
}

// Line says how the connections stand.
func (p *Provider) Line() providers.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := providers.Line{Up: len(p.lines), Connections: p.c.Connections, Window: p.c.Window * p.c.Connections, Batch: p.c.Batch}
	if p.single.Load() {
		l.Batch = 1
	}
	for _, one := range p.lines {
		l.InFlight += one.inFlight()
	}
	if l.Up == 0 {
		l.Fault = p.fault
	}
	return l
}

// Submit offers msgs; see providers.Provider.
func (p *Provider) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if len(msgs) == 0 {
		return
	}
	if refuseSenders(msgs, acks) {
		return
	}
	j := newJob(msgs, acks)
	p.mu.Lock()
	if len(p.lines) == 0 {
		p.mu.Unlock()
		j.giveUp(sms.LineDown)
		return
	}
	p.jobs = append(p.jobs, j)
	lines := p.lines
	p.mu.Unlock()
	for _, l := range lines {
		l.pump()
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		p.mu.Lock()
		p.abandon(j)
		p.mu.Unlock()
	}
}

// fitsAddress reports whether a sender fits source_addr.
func fitsAddress(sender string) bool {
	return len(sender) < addressSize && strings.IndexByte(sender, 0) < 0
}

// refuseSenders refuses the messages whose sender fits no PDU, and sends none of
// the others this time; it reports whether there are any.
func refuseSenders(msgs []sms.Message, acks []sms.Ack) bool {
	var fine *sms.Envelope
	for i := range msgs {
		if e := msgs[i].Envelope; e != fine {
			if !fitsAddress(e.Sender) {
				for i := range msgs {
					acks[i] = sms.Ack{Done: msgs[i].Done, Outcome: sms.NotSent, Reason: sms.BadSender}
					if !fitsAddress(msgs[i].Envelope.Sender) {
						acks[i].Outcome = sms.Refused
					}
				}
				return true
			}
			fine = e
		}
	}
	return false
}

// abandon ends a job whose caller waits no longer: what was not sent is not sent,
// what is in flight is unknown. Under p.mu.
func (p *Provider) abandon(j *job) {
	if j.closed {
		return
	}
	for i, other := range p.jobs {
		if other == j {
			p.jobs = append(p.jobs[:i:i], p.jobs[i+1:]...)
			break
		}
	}
	for _, l := range p.lines {
		for i := range l.slots {
			if l.slots[i].job == j {
				j.answer(&l.slots[i], verdict{sms.Unknown, sms.NoAnswer}, 0, nil)
				l.slots[i].job = nil // its answer will find nobody
			}
		}
	}
	j.giveUp(sms.NoAnswer)
}

// unsent ends every job that waits, when no line is left. Under p.mu.
func (p *Provider) unsent() {
	for _, j := range p.jobs {
		if !j.closed {
			j.exhaust(sms.LineDown)
		}
	}
	p.jobs = nil
}

// ref keeps a reference in the arena, as sms.Refs of one segment. Under p.mu.
func (p *Provider) ref(id []byte) sms.Refs {
	if len(p.refs)+len(id)+1 > cap(p.refs) {
		p.refs = make([]byte, 0, max(16<<10, len(id)+1))
	}
	at := len(p.refs)
	p.refs = sms.AppendRef(p.refs, id)
	return sms.Refs(p.refs[at:len(p.refs):len(p.refs)])
}

// Run keeps the connections up; see providers.Provider.
func (p *Provider) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	binds := []uint32{BindTransceiver}
	if p.c.Bind == "separate" {
		binds = []uint32{BindTransmitter, BindReceiver}
	}
	for range p.c.Connections {
		for _, bind := range binds {
			wg.Go(func() {
				if err := p.keep(ctx, bind, receive); err != nil {
					stop(err)
				}
			})
		}
	}
	wg.Wait()
	if err := context.Cause(ctx); errors.Is(err, ErrCredentials) {
		return fmt.Errorf("%s: %w", p.c.Address, err)
	}
	return nil
}
