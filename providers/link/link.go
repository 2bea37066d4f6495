package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/providers"
	"tocsin/providers/sms"
)

// Config is how the connections of one account are kept.
type Config struct {
	Address     string // host:port
	Roles       []Role // for each of Connections one connection of each role; none: there are none to keep
	Connections int
	Window      int           // requests unanswered on one connection, at most MaxWindow
	Batch       int           // most messages in one request
	TLS         *tls.Config   // nil: none
	Idle        time.Duration // silence after which the peer is tested; 0: 15 s
	Patience    time.Duration // after which an answer is not waited for and the line is renewed; 0: 30 s
	HeaderSize  int           // of a frame, in octets
	MaxFrame    int           // longest frame that is read, in octets
}

// Options is what New needs.
type Options struct {
	Config   Config
	Protocol Protocol
	Logger   *slog.Logger // nil: nothing is logged
	// Dial connects; nil: TCP, or TLS, to the address.
	Dial func(ctx context.Context) (net.Conn, error)
}

// A Link is the connections of one account.
type Link struct {
	c        Config
	protocol Protocol
	log      *slog.Logger
	dial     func(ctx context.Context) (net.Conn, error)

	single     atomic.Bool   // the carrier takes no batches
	congestion atomic.Uint64 // its last word on how busy it is: when, ms since 1970, and the level in the low 8 bits

	mu    sync.Mutex // guards what follows, and the slots of every line
	lines []*line    // logged in, able to send
	jobs  []*job
	asks  []*ask // not sent yet
	fault string
	refs  []byte // arena of references
}

var _ providers.Provider = (*Link)(nil)

// New makes a Link; nothing is dialled until Run.
func New(o Options) *Link {
	c := o.Config
	c.Connections, c.Window, c.Batch = max(c.Connections, 1), min(max(c.Window, 1), MaxWindow), max(c.Batch, 1)
	if c.Idle <= 0 {
		c.Idle = 15 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 30 * time.Second
	}
	l := &Link{c: c, protocol: o.Protocol, log: o.Logger, dial: o.Dial, fault: "not connected yet"}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.dial == nil {
		l.dial = l.dialTCP
	}
	return l
}

// congestionAge is how long a carrier's word on how busy it is counts: SMPP 5.0 says
// nothing of it, and a line that is idle hears nothing new.
const congestionAge = 5 * time.Second

// DialTimeout bounds connecting and logging in, each.
const DialTimeout = 10 * time.Second

func (p *Link) dialTCP(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: DialTimeout}
	if p.c.TLS != nil {
		return (&tls.Dialer{NetDialer: &d, Config: p.c.TLS}).DialContext(ctx, "tcp", p.c.Address)
	}
	return d.DialContext(ctx, "tcp", p.c.Address)
}

// Line says how the connections stand.
func (p *Link) Line() providers.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := providers.Line{Up: len(p.lines), Connections: p.c.Connections, Window: p.c.Window * p.c.Connections, Batch: p.c.Batch}
	if p.single.Load() {
		l.Batch = 1
	}
	if c := p.congestion.Load(); time.Now().UnixMilli()-int64(c>>8) < congestionAge.Milliseconds() {
		l.Congestion = uint8(c)
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
func (p *Link) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if len(msgs) == 0 {
		return
	}
	j := newJob(p, msgs, acks)
	p.mu.Lock()
	if len(p.lines) == 0 {
		p.mu.Unlock()
		j.exhaust(sms.LineDown)
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

// abandon ends a job whose caller waits no longer: what was not sent is not sent,
// what is in flight is unknown. Under p.mu.
func (p *Link) abandon(j *job) {
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
				j.answer(&l.slots[i], Verdict{sms.Unknown, sms.NoAnswer}, 0, nil)
				l.slots[i].job = nil // its answer will find nobody
			}
		}
	}
	j.exhaust(sms.NoAnswer)
}

// unsent ends every job that waits, when a line is lost. Under p.mu.
func (p *Link) unsent() {
	for _, j := range p.jobs {
		if !j.closed {
			j.exhaust(sms.LineDown)
		}
	}
	p.jobs = nil
	for _, a := range p.asks {
		a.end(nil, providers.ErrNotAsked)
	}
	p.asks = nil
}

// again puts a job that was all begun back in line. Under p.mu.
func (p *Link) again(j *job) {
	for _, other := range p.jobs {
		if other == j {
			return
		}
	}
	p.jobs = append(p.jobs, j)
}

// ref keeps a reference in the arena, as sms.Refs of one segment. Under p.mu.
func (p *Link) ref(id []byte) sms.Refs {
	return sms.AppendRef(p.room(min(len(id), 255) + 1)[:0], id)
}

// arena is how much memory for references is made at a time, in octets.
const arena = 16 << 10

// room is n octets of the arena. Under p.mu.
func (p *Link) room(n int) []byte {
	if len(p.refs)+n > cap(p.refs) {
		p.refs = make([]byte, 0, max(arena, n))
	}
	at := len(p.refs)
	p.refs = p.refs[:at+n]
	return p.refs[at : at+n : at+n]
}

// Run keeps the connections up; see providers.Provider.
func (p *Link) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for range p.c.Connections {
		for _, role := range p.c.Roles {
			wg.Go(func() {
				if err := p.keep(ctx, role, receive); err != nil {
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
