package dispatcher

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A stream is one direction of a connection: what is written and not yet read.
// Writing never waits, as with a socket whose buffer is large: whoever holds a
// lock while writing holds it for no time, which virtual time needs.
type stream struct {
	mu       sync.Mutex
	buf      []byte
	ended    bool          // nothing more will come
	swallows bool          // what is written goes nowhere
	left     int           // octets until the line breaks in the middle of a write; below 0: never
	change   chan struct{} // one word for the one reader
}

func newStream() *stream { return &stream{left: -1, change: make(chan struct{}, 1)} }

func (s *stream) tell() {
	select {
	case s.change <- struct{}{}:
	default:
	}
}

func (s *stream) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.tell()
}

var errReset = errors.New("connection reset by peer")

func (s *stream) write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.tell()
	switch {
	case s.swallows:
		return len(b), nil
	case s.ended:
		return 0, errReset
	case s.left >= 0 && len(b) > s.left:
		s.buf = append(s.buf, b[:s.left]...)
		s.ended = true
		return s.left, errReset
	case s.left >= 0:
		s.left -= len(b)
	}
	s.buf = append(s.buf, b...)
	return len(b), nil
}

// A pipe is one end of a connection in memory.
type pipe struct {
	in, out *stream

	mu       sync.Mutex
	deadline time.Time
	closed   bool
}

var _ net.Conn = (*pipe)(nil)

// newPipe is a connection: what one end writes the other reads.
func newPipe() (a, b *pipe) {
	there, back := newStream(), newStream()
	return &pipe{in: back, out: there}, &pipe{in: there, out: back}
}

// Read waits for octets, the other side's end, or the deadline.
func (p *pipe) Read(b []byte) (int, error) {
	for {
		p.mu.Lock()
		deadline, closed := p.deadline, p.closed
		p.mu.Unlock()
		if closed {
			return 0, net.ErrClosed
		}
		p.in.mu.Lock()
		n, ended := copy(b, p.in.buf), p.in.ended
		p.in.buf = p.in.buf[n:]
		p.in.mu.Unlock()
		switch {
		case n > 0:
			return n, nil
		case ended:
			return 0, io.EOF
		case deadline.IsZero():
			<-p.in.change
			continue
		case !time.Now().Before(deadline):
			return 0, os.ErrDeadlineExceeded
		}
		t := time.NewTimer(time.Until(deadline))
		select {
		case <-p.in.change:
		case <-t.C:
		}
		t.Stop()
	}
}

// Write never waits.
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	return p.out.write(b)
}

// Close ends both directions; what was written before can still be read.
func (p *pipe) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.in.tell()
	p.out.mu.Lock()
	swallows := p.out.swallows
	p.out.mu.Unlock()
	if !swallows { // on a line that swallows the other side hears nothing
		p.out.end()
	}
	p.in.mu.Lock()
	p.in.ended = true
	p.in.mu.Unlock()
	return nil
}

func (p *pipe) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	p.deadline = t
	p.mu.Unlock()
	p.in.tell()
	return nil
}

func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

func (p *pipe) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// Place is the address of every end.
type place struct{}

func (place) Network() string { return "pipe" }
func (place) String() string  { return "pipe" }

func (p *pipe) LocalAddr() net.Addr  { return place{} }
func (p *pipe) RemoteAddr() net.Addr { return place{} }

// A network takes a provider's calls to its carrier.
type network struct {
	listener *listener

	mu     sync.Mutex
	lines  []*pipe // the carrier's ends
	ours   []*pipe
	dialed int
	down   bool        // nobody answers a call
	onCall func(*pipe) // looks at our end of each new line
}

func newNetwork() *network {
	return &network{listener: &listener{calls: make(chan net.Conn, 64), closed: make(chan struct{})}}
}

var errRefused = errors.New("connection refused")

// dial calls the carrier.
func (n *network) dial() (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return nil, errRefused
	}
	ours, theirs := newPipe()
	select {
	case n.listener.calls <- theirs:
	default:
		return nil, errRefused
	}
	n.dialed++
	n.lines, n.ours = append(n.lines, theirs), append(n.ours, ours)
	if n.onCall != nil {
		n.onCall(ours)
	}
	return ours, nil
}

// cut ends every line at once, as a network does; what was written is read.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.lines {
		n.ours[i].out.end()
		n.lines[i].out.end()
	}
	n.lines, n.ours = nil, nil
}

func (n *network) setDown(down bool) {
	n.mu.Lock()
	n.down = down
	n.mu.Unlock()
	if down {
		n.cut()
	}
}

func (n *network) calls() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialed
}

// A listener gives a carrier the lines that were dialled.
type listener struct {
	calls  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return place{} }
