package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Carrier is a message centre that listens. Make one with New.
type Carrier struct {
	config  Config
	speaks  protocol
	ln      net.Listener
	journal *journal
	memory  *memory
	counts  counter
	gate    gate
	http    *httpSide // nil: it speaks something else
	nextID  atomic.Uint64
	picks   uint64                  // lines that receipts have been given to; under mu
	pdus    atomic.Int64            // submits read, for what falls on the n-th
	stop    context.CancelCauseFunc // ends Run; set by Run

	congestion atomic.Int64
	broadcasts broadcasts

	mu       sync.Mutex
	sessions map[*session]struct{}
	accounts map[string]*account
}

// An account is what all connections with one system id share.
type account struct {
	receivers []*session // logged in and able to take receipts
	parked    []receipt  // for the next of them
}

// New listens, so that Addr is known and clients may dial; they are answered
// once Run runs.
func New(config Config) (*Carrier, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	j, err := openJournal(&config)
	if err != nil {
		return nil, err
	}
	ln := config.Listener
	if ln == nil {
		if ln, err = net.Listen("tcp", config.Listen); err != nil {
			return nil, errors.Join(fmt.Errorf("simulator: listen: %w", err), j.close())
		}
	}
	c := &Carrier{
		config: config, speaks: protocols[config.Protocol], ln: ln, journal: j,
		gate:     gate{rate: float64(config.Rate), burst: float64(config.Burst), tokens: float64(config.Burst)},
		sessions: map[*session]struct{}{}, accounts: map[string]*account{},
	}
	if config.Remember {
		c.memory = &memory{messages: map[string][]*fate{}}
	}
	c.congestion.Store(int64(config.Congestion))
	// Ids go on from where no earlier carrier can have been: 2^20 a millisecond.
	c.nextID.Store(uint64(time.Now().UnixMilli()) << 20)
	if config.Protocol == "http" {
		c.http = newHTTPSide(c)
	}
	return c, nil
}

// Addr is where the carrier listens.
func (c *Carrier) Addr() net.Addr { return c.ln.Addr() }

// Run answers until ctx ends, closes every connection and returns nil. It
// returns an error when it cannot accept any more or its journal cannot be
// written: nothing is answered that the journal does not hold. Run is called
// once.
func (c *Carrier) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.stop = cancel
	if c.http != nil {
		err := c.http.run(ctx)
		if cause := context.Cause(ctx); err == nil && !errors.Is(cause, ctx.Err()) {
			err = cause
		}
		return errors.Join(err, c.journal.close())
	}
	var running sync.WaitGroup
	if c.config.DialBack != "" {
		for address := range strings.SplitSeq(c.config.DialBack, ",") {
			running.Go(func() { c.callBack(ctx, address) })
		}
	}
	unhook := context.AfterFunc(ctx, func() {
		c.ln.Close()
		c.Cut()
	})
	defer unhook()
	var err error
	for {
		conn, acceptErr := c.ln.Accept()
		if acceptErr != nil {
			if ctx.Err() == nil {
				err = fmt.Errorf("simulator: accept: %w", acceptErr)
				cancel(err)
			}
			break
		}
		s := c.open(conn)
		if ctx.Err() != nil {
			conn.Close()
		}
		running.Go(s.run)
	}
	c.ln.Close()
	c.Cut()
	running.Wait()
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, ctx.Err()) {
		err = cause
	}
	return errors.Join(err, c.journal.close())
}

// SetCongestion is what the carrier says of itself from here on, 0 to 100; 0: nothing.
func (c *Carrier) SetCongestion(level int) { c.congestion.Store(int64(level)) }

// Cut closes every connection at once, without goodbye.
func (c *Carrier) Cut() {
	if c.http != nil {
		c.http.cut()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.sessions {
		s.conn.Close()
	}
}

// Unbind says goodbye on every connection, as a carrier does before maintenance.
func (c *Carrier) Unbind() {
	if c.http != nil {
		c.http.cut() // HTTP has no other goodbye
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.sessions {
		s.conn.SetWriteDeadline(time.Now().Add(time.Second))
		s.conn.Write(c.speaks.goodbye) // an error ends the session's reader
		s.conn.SetWriteDeadline(time.Time{})
	}
}

func (c *Carrier) open(conn net.Conn) *session {
	s := newSession(c, conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions[s] = struct{}{}
	return s
}

// join logs s in to its account.
func (c *Carrier) join(s *session, systemID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.accounts[systemID]
	if a == nil {
		a = &account{}
		c.accounts[systemID] = a
	}
	s.account = a
	if d, ok := s.dialect.(*sgipDialect); !ok || !d.back {
		c.counts.binds.Add(1)
	}
}

// attach hands s the receipts that wait in its account, and those to come.
func (c *Carrier) attach(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.account.receivers = append(s.account.receivers, s)
	s.push(s.account.parked)
	s.account.parked = nil
}

// full reports whether no more connections may log in.
func (c *Carrier) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := 0
	for s := range c.sessions {
		if s.account != nil && !s.parted {
			in++
		}
	}
	return c.config.Most > 0 && in >= c.config.Most
}

// leave takes s out and passes on the receipts it still had.
func (c *Carrier) leave(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions, s)
	a := s.account
	if a == nil {
		return
	}
	for i, r := range a.receivers {
		if r == s {
			a.receivers = append(a.receivers[:i], a.receivers[i+1:]...)
			break
		}
	}
	// Only now: until here another session that leaves may have handed it its own.
	c.hand(a, s.takeAll())
}

func (c *Carrier) hand(a *account, receipts []receipt) {
	if len(a.receivers) > 0 {
		a.receivers[0].push(receipts)
		return
	}
	a.parked = append(a.parked, receipts...)
}
