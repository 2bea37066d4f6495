package httpgw

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/providers"
	"tocsin/providers/sms"
)

// Options is what New needs.
type Options struct {
	Config Config
	Door   *Door        // where carriers call; nil: they do not
	Logger *slog.Logger // nil: nothing is logged
}

// A Provider is one account with one gateway.
type Provider struct {
	c        Config
	base     *url.URL
	door     *Door
	log      *slog.Logger
	client   *client
	send     *form
	poll     *form
	query    *form
	of       parts          // what a signature is made of
	pattern  *regexp.Regexp // of answers
	suffix   parts          // of our address
	callback string         // our address, as it is told the carrier; "": none
	slots    chan struct{}
	doubts   doubts
	single   atomic.Bool // the carrier takes no batches
	dead     chan error  // has room for one: going on is pointless

	mu       sync.Mutex
	running  bool
	down     string // why the carrier cannot be reached; "": it can
	until    time.Time
	inFlight int
	flights  sync.WaitGroup
	hard     context.Context // of requests: ends when Run does not wait any more
	wake     chan struct{}
}

var _ providers.Provider = (*Provider)(nil)

const defaultTimeout = 30 * time.Second

// keyForm is what a key in a callback's address may be: what no gateway's own escapes read.
var keyForm = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// New checks the configuration and makes a Provider; nothing is dialled yet. Its errors
// say what to write.
func New(o Options) (*Provider, error) {
	p := &Provider{c: o.Config, door: o.Door, log: o.Logger, dead: make(chan error, 1), wake: make(chan struct{}, 1)}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.c.Connections, p.c.Window, p.c.Batch = max(p.c.Connections, 1), max(p.c.Window, 1), max(p.c.Batch, 1)
	if p.c.Timeout <= 0 {
		p.c.Timeout = defaultTimeout
	}
	if err := p.compile(); err != nil {
		return nil, err
	}
	p.slots = make(chan struct{}, p.c.Connections*p.c.Window)
	p.client = newClient(p.base, p.c.TLS, cap(p.slots)+2) // polls and queries have two of their own
	return p, nil
}

// compile reads what the configuration says once.
func (p *Provider) compile() (err error) {
	if p.base, err = readBase(p.c.URL); err != nil {
		return err
	}
	if err := p.c.Sign.check(); err != nil {
		return err
	}
	if p.c.Answer.Pattern != "" {
		if p.pattern, err = regexp.Compile(p.c.Answer.Pattern); err != nil {
			return fmt.Errorf("answer: pattern: %w", err)
		}
	}
	if p.of, err = compileText(p.c.Sign.Of, p.known); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	if p.send, err = p.form(&p.c.Send); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if p.c.Poll != nil {
		if p.poll, err = p.form(&p.c.Poll.Request); err != nil {
			return fmt.Errorf("poll: %w", err)
		}
	}
	if p.c.Query != nil {
		if p.query, err = p.form(&p.c.Query.Request); err != nil {
			return fmt.Errorf("query: %w", err)
		}
	}
	for code, word := range p.c.Verdicts {
		if !Word(word) {
			return fmt.Errorf("verdicts: %s is %q, which is no verdict", code, word)
		}
	}
	return p.compileCallback()
}

// Line says how the connections stand: HTTP has no login, so all are up until the carrier
// cannot be reached or asks to be left alone.
func (p *Provider) Line() providers.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := providers.Line{
		Up: p.c.Connections, Connections: p.c.Connections, InFlight: p.inFlight, Window: cap(p.slots), Batch: p.c.Batch, Fault: p.fault(),
	}
	if p.single.Load() {
		l.Batch = 1
	}
	if l.Fault != "" {
		l.Up = 0
	}
	return l
}

// fault is why nothing may be sent; "": it may. Under p.mu.
func (p *Provider) fault() string {
	switch {
	case !p.running:
		return "not running"
	case p.down != "":
		return p.down
	case time.Now().Before(p.until):
		return "the carrier asks to wait (Retry-After)"
	}
	return ""
}

// Pauses between two tries to reach a carrier, doubled from the first to the longest, and
// how long what is in flight may take at the end.
const (
	firstPause   = 200 * time.Millisecond
	longestPause = 30 * time.Second
	drainTime    = 5 * time.Second
)

// Run keeps watch over the carrier, takes its receipts and asks for those that do not
// come; see providers.Provider.
func (p *Provider) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	hard, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if p.door != nil && (p.c.Callback.Path != "" || p.c.Incoming != nil) {
		leave, err := p.attach(receive)
		if err != nil {
			return err
		}
		defer leave()
	}
	p.mu.Lock()
	p.running, p.hard, p.down = true, hard, "not connected yet"
	p.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	wg.Go(func() { p.watch(ctx) })
	if p.c.Poll != nil && p.c.Poll.Every > 0 {
		wg.Go(func() { p.pollReceipts(ctx, receive) })
	}
	if p.c.Query != nil {
		wg.Go(func() { p.askAbout(ctx, receive) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-p.dead:
		cancel(err)
	}
	p.mu.Lock()
	p.running = false
	p.mu.Unlock()
	timer := time.AfterFunc(drainTime, stop)
	p.flights.Wait()
	timer.Stop()
	stop()
	wg.Wait()
	p.client.transport.CloseIdleConnections()
	return err
}

// watch connects until it succeeds, at the start and whenever the carrier could not be
// reached.
func (p *Provider) watch(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		p.mu.Lock()
		down := p.down != ""
		p.mu.Unlock()
		if !down {
			pause = firstPause
			select {
			case <-p.wake:
			case <-ctx.Done():
			}
			continue
		}
		err := p.client.probe(ctx)
		p.mu.Lock()
		if err == nil {
			p.down = ""
		} else {
			p.down = err.Error()
		}
		p.mu.Unlock()
		if err == nil {
			p.log.Info("the carrier can be reached", "host", p.base.Host)
			continue
		}
		if ctx.Err() == nil {
			p.log.Warn("the carrier cannot be reached", "host", p.base.Host, "err", err)
		}
		sleep(ctx, pause)
		pause = min(2*pause, longestPause)
	}
}

// lost notes that the carrier could not be reached.
func (p *Provider) lost(err error) {
	p.mu.Lock()
	p.down = err.Error()
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// stop ends Run: the carrier refuses the account until a person corrects it.
func (p *Provider) stop(code string, status int) {
	select {
	case p.dead <- fmt.Errorf("%w (it answers %d %s)", ErrAccount, status, tellable(code)):
	default:
	}
}

// tellable is a code of the carrier's as an error may say it: what holds anything else is
// left out.
func tellable(code string) string {
	if len(code) > 60 || !keyForm.MatchString(code) || longDigits.MatchString(code) {
		return ""
	}
	return code
}

// longDigits may be a telephone number.
var longDigits = regexp.MustCompile(`[0-9]{7}`)

// ErrAccount says that the carrier refuses the account.
var ErrAccount = errors.New("the carrier refuses the account: look at account, password and what they may do")

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
