package providertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tocsin/providers"
	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
)

// A word is what came in: a receipt, or a message of a person.
type word struct {
	to    sms.Number
	ref   string
	state sms.State
	text  string // of a message
	part  sms.Part
}

// A stage is a provider at work with a scripted carrier. Its auditor knows what the
// carrier saw and what the provider said of each message.
type stage struct {
	t        *testing.T
	tongue   *tongue
	provider providers.Provider
	stop     context.CancelFunc
	ended    chan error // of Run

	mu    sync.Mutex
	start time.Time
	dials []time.Duration // since start
	down  bool            // calls find nobody
	words []word
	fail  bool // receive fails
	peers []*peer
	told  atomic.Int64 // acknowledgements, where a test counts them
	count uint32

	seen   map[sms.Number]int // submits of each that reached the carrier whole
	taken  map[sms.Number]int // of them, answered as taken
	offers []offer
}

// An offer is one call of Submit, and what was said when it returned.
type offer struct {
	msgs []sms.Message
	acks []sms.Ack // the provider's
	said []sms.Ack // as they were then
}

// patience bounds every wait; only a provider that hangs meets it.
const patience = 2 * time.Minute

// A play is a provider whose every connection meets script, and act beside it.
type play struct {
	account account
	wrap    func(net.Conn) net.Conn // around the provider's end of a connection
	script  func(*peer)
	act     func(*stage)
}

// inMemory has pipes for connections, and time of its own.
func (p play) inMemory(t *testing.T, g *tongue) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p.run(t, g, func(*stage) (string, func(context.Context) (net.Conn, net.Conn, error), func()) {
			return "carrier:1", func(context.Context) (net.Conn, net.Conn, error) {
				ours, theirs := net.Pipe()
				return ours, theirs, nil
			}, func() {}
		})
	})
}

// overTCP has real connections on loopback. No goroutine may be left behind.
func (p play) overTCP(t *testing.T, g *tongue) {
	t.Helper()
	if testing.Short() {
		t.Skip("over TCP too in make test; make check has the same in memory")
	}
	before := goleak.IgnoreCurrent()
	p.run(t, g, func(s *stage) (string, func(context.Context) (net.Conn, net.Conn, error), func()) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var calling sync.Mutex // a call and its other end belong together
		return ln.Addr().String(), func(ctx context.Context) (net.Conn, net.Conn, error) {
			calling.Lock()
			defer calling.Unlock()
			ours, err := new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
			if err != nil {
				return nil, nil, err
			}
			theirs, err := ln.Accept()
			return ours, theirs, err
		}, func() { ln.Close() }
	})
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// inBoth plays in memory and over TCP.
func (p play) inBoth(t *testing.T, g *tongue) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) { p.inMemory(t, g) })
	t.Run("over TCP", func(t *testing.T) { p.overTCP(t, g) })
}

var errNobody = errors.New("connection refused")

func (p play) run(t *testing.T, g *tongue, network func(*stage) (string, func(context.Context) (net.Conn, net.Conn, error), func())) {
	t.Helper()
	s := &stage{t: t, tongue: g, ended: make(chan error, 1), start: time.Now(), seen: map[sms.Number]int{}, taken: map[sms.Number]int{}}
	address, connect, over := network(s)
	defer over()
	var scripts sync.WaitGroup
	a := p.account
	a.address, a.connections, a.window, a.batch = address, max(a.connections, 1), max(a.window, 1), max(a.batch, 1)
	a.dial = func(ctx context.Context) (net.Conn, error) {
		s.mu.Lock()
		s.dials = append(s.dials, time.Since(s.start))
		n, down := len(s.dials), s.down
		s.mu.Unlock()
		if down {
			return nil, errNobody
		}
		ours, theirs, err := connect(ctx)
		if err != nil {
			return nil, err
		}
		scripts.Go(func() {
			peer := &peer{Peer: linktest.NewPeer(t, theirs, n, g.header, g.max), tongue: g, stage: s}
			s.mu.Lock()
			s.peers = append(s.peers, peer)
			s.mu.Unlock()
			defer peer.HangUp()
			p.script(peer)
		})
		if p.wrap != nil {
			ours = p.wrap(ours)
		}
		return ours, nil
	}
	provider, err := g.provider(t, a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.provider, s.stop = provider, stop
	go func() { s.ended <- provider.Run(ctx, s.receive) }()
	p.act(s)
	stop()
	select {
	case err := <-s.ended:
		s.ended <- err
	case <-time.After(patience):
		t.Error("Run does not end")
	}
	scripts.Wait()
	s.audit()
}

func (s *stage) receive(receipts []sms.Receipt, incoming []sms.Incoming) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail {
		return errors.New("disk full")
	}
	for _, r := range receipts {
		s.words = append(s.words, word{to: r.To, ref: string(r.Ref), state: r.State})
	}
	for _, m := range incoming {
		s.words = append(s.words, word{text: m.Text, part: m.Part})
	}
	return nil
}

// cut cuts all connections.
func (s *stage) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.peers {
		p.Conn.Close()
	}
}

// nobody says whether calls find nobody from here on.
func (s *stage) nobody(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = yes
}

func (s *stage) refuseReceipts(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = yes
}

func (s *stage) saw(to []sms.Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range to {
		s.seen[n]++
	}
}

func (s *stage) took(to []sms.Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range to {
		s.taken[n]++
	}
}

// submit offers messages and waits for their acks.
func (s *stage) submit(msgs []sms.Message) []sms.Ack {
	return s.submitIn(context.Background(), msgs)
}

func (s *stage) submitIn(ctx context.Context, msgs []sms.Message) []sms.Ack {
	acks := make([]sms.Ack, len(msgs))
	s.provider.Submit(ctx, msgs, acks)
	s.mu.Lock()
	s.offers = append(s.offers, offer{msgs, acks, slices.Clone(acks)})
	s.mu.Unlock()
	return acks
}

// begin offers messages without waiting.
func (s *stage) begin(msgs []sms.Message) <-chan []sms.Ack {
	done := make(chan []sms.Ack, 1)
	go func() { done <- s.submit(msgs) }()
	return done
}

// another is one more message, to somebody new, which must be taken: the line is well.
func (s *stage) another() sms.Ack {
	s.t.Helper()
	s.mu.Lock()
	s.count++
	n := s.count
	s.mu.Unlock()
	msgs := warnings(1, true)
	msgs[0].To = sms.Number(8613800000000 + uint64(n))
	a := s.submit(msgs)[0]
	if a.Outcome != sms.Taken || a.Reason != sms.None {
		s.t.Errorf("a message afterwards: got %v %v, want it taken", a.Outcome, a.Reason)
	}
	return a
}

// until waits for what happens on another goroutine.
func (s *stage) until(what string, happened func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain until %s; line %+v, connections at %v", what, s.provider.Line(), s.dialled())
		}
	}
}

func (s *stage) up() {
	s.t.Helper()
	s.until("the line is up", func() bool { return s.provider.Line().Up > 0 })
}

// renewed waits until the provider has called the n-th time, and is let in.
func (s *stage) renewed(n int) {
	s.t.Helper()
	s.until("the line is renewed", func() bool { return len(s.dialled()) >= n && s.provider.Line().Up > 0 })
	s.wantDials(n)
}

// dialled is when the provider has called the carrier.
func (s *stage) dialled() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dials)
}

func (s *stage) wantDials(n int) {
	s.t.Helper()
	if got := s.dialled(); len(got) != n {
		s.t.Errorf("got %d connections, want %d", len(got), n)
	}
}

// came is what has been received.
func (s *stage) came() []word {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.words)
}

// kept is how many that is.
func (s *stage) kept() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.words)
}

// wantAck reports an error unless a is what o and r say.
func wantAck(t *testing.T, a sms.Ack, o sms.Outcome, r sms.Reason) {
	t.Helper()
	if a.Outcome != o || a.Reason != r {
		t.Errorf("got %v %v, want %v %v", a.Outcome, a.Reason, o, r)
	}
}

// audit holds what the provider said of each message against what the carrier saw: what
// is taken was taken, what was not sent never came, nothing came more often than it was
// offered, and nobody was told twice.
func (s *stage) audit() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	sent, took := map[sms.Number]int{}, map[sms.Number]int{}
	everybody, lost, twice, doubt := 0, 0, 0, 0
	for _, o := range s.offers {
		for i, a := range o.acks {
			everybody++
			if b := o.said[i]; a.Outcome != b.Outcome || a.Reason != b.Reason || a.Code != b.Code || string(a.Refs) != string(b.Refs) {
				s.t.Errorf("message %d was told %v %v, and %v %v later", i, b.Outcome, b.Reason, a.Outcome, a.Reason)
			}
			to := o.msgs[i].To
			switch a.Outcome {
			case sms.Taken:
				took[to]++
			case sms.Unknown:
				doubt++
			}
			if a.Outcome != sms.NotSent {
				sent[to]++
			}
		}
	}
	for to, n := range took {
		if n > s.taken[to] {
			lost += n - s.taken[to]
		}
	}
	for to, n := range s.seen {
		if n > sent[to] {
			twice += n - sent[to]
		}
	}
	if lost > 0 || twice > 0 {
		s.t.Errorf("of %d messages %d are taken for taken and are not, %d came that were not sent or too often", everybody, lost, twice)
	}
	note(s.t, everybody, lost, twice, doubt)
}

// note adds what an audit counted to the file that TOCSIN_FAULTS names, for the matrix
// of faults.
func note(t *testing.T, recipients, lost, duplicated, inDoubt int) {
	path := os.Getenv("TOCSIN_FAULTS")
	if path == "" || recipients == 0 {
		return
	}
	line, err := json.Marshal(map[string]any{
		"test": t.Name(), "recipients": recipients, "lost": lost, "duplicated": duplicated, "resent": 0, "in_doubt": inDoubt,
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}
