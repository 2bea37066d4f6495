package httpgw

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"
)

const (
	dialTimeout = 10 * time.Second
	// idleTime is below the shortest keep-alive of usual servers, Apache's 5 s: a request
	// on a connection that the carrier is just closing would be in doubt.
	idleTime = 4 * time.Second
	mostBody = 1 << 20 // octets of an answer or a callback; far above any
)

// A client makes requests, each once.
type client struct {
	transport *http.Transport
	host      string // what is dialled
	tls       *tls.Config
}

func newClient(base *url.URL, encryption *tls.Config, connections int) *client {
	c := &client{host: base.Host}
	port := "80"
	if base.Scheme == "https" {
		port = "443"
		if encryption == nil {
			encryption = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		c.tls = encryption.Clone()
		if c.tls.ServerName == "" {
			c.tls.ServerName = base.Hostname()
		}
	}
	if base.Port() == "" {
		c.host = net.JoinHostPort(base.Hostname(), port)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) }
	c.transport = &http.Transport{
		DialContext: dial, DialTLSContext: dial, DisableCompression: true, IdleConnTimeout: idleTime,
		MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, MaxResponseHeaderBytes: 64 << 10,
		// HTTP/1.1: one request at a time on a connection, so that what left is known.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	return c
}

// dial connects. Its error names host and port, nothing else of the URL.
func (c *client) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.host)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDial, err)
	}
	if c.tls == nil {
		return &conn{Conn: raw}, nil
	}
	secure := tls.Client(raw, c.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("%w to %s: %w", errDial, c.host, err)
	}
	return &conn{Conn: secure}, nil
}

// errDial wraps errors of connecting.
var errDial = errors.New("connect")

var errSealed = errors.New("the request was given up before it was written")

// A conn knows whether any octet of the request at hand left, and reads nothing while
// there is none.
type conn struct {
	net.Conn
	mu      sync.Mutex
	busy    int  // requests begun and not over
	writing int  // calls of Write that have not returned
	wrote   bool // octets of this request left
	sealed  bool // none may leave any more
}

// begin is the start of a request on the connection.
func (c *conn) begin() {
	c.mu.Lock()
	c.wrote = false
	c.busy++
	c.mu.Unlock()
}

// over is the end of one: its answer is read. The next one may have begun.
func (c *conn) over() {
	c.mu.Lock()
	c.busy--
	c.mu.Unlock()
}

var errUnasked = errors.New("the carrier said something that nobody had asked")

// Read reads answers. What comes unasked ends the connection here: net/http would write it
// into the program's log, and it may hold numbers.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 && c.busy == 0 {
		return 0, errUnasked
	}
	return n, err
}

// Write writes unless the request was given up.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	if c.sealed {
		c.mu.Unlock()
		return 0, errSealed
	}
	c.writing++
	c.mu.Unlock()
	n, err := c.Conn.Write(b)
	c.mu.Lock()
	c.writing--
	c.wrote = c.wrote || n > 0
	c.mu.Unlock()
	return n, err
}

// seal ends the connection's writing and reports whether octets of the request left, or
// may be leaving.
func (c *conn) seal() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sealed = true
	return c.wrote || c.writing > 0
}

// once is a body that can be read once: net/http repeats no request with it.
type once struct{ io.Reader }

func (once) Close() error { return nil }

// A response is a carrier's answer.
type response struct {
	status int
	header http.Header
	body   []byte
}

// errUnsent wraps errors of requests of which no octet left.
var errUnsent = errors.New("not sent")

// do makes a request, once. An error that is errUnsent says that no octet of it left;
// after any other one it may have.
func (c *client) do(ctx context.Context, method, address string, header http.Header, body []byte) (*response, error) {
	var used []*conn
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		one := info.Conn.(*conn)
		one.begin()
		used = append(used, one)
	}})
	r, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: the request cannot be written", errUnsent) // its words hold the URL
	}
	r.Header = header
	// A body without GetBody, an empty one too: without a body net/http repeats a GET
	// when the connection ends in front of the answer, and others with an Idempotency-Key.
	if len(body) > 0 || method == http.MethodGet || header.Get("Idempotency-Key") != "" {
		r.Body, r.ContentLength = once{&reader{body}}, int64(len(body))
	}
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	answer, err := c.transport.RoundTrip(r)
	if err != nil {
		left := false
		for _, one := range used {
			left = one.seal() || left
		}
		if !left {
			return nil, fmt.Errorf("%w: %w", errUnsent, err)
		}
		return nil, errors.New("there was no answer")
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(io.LimitReader(answer.Body, mostBody+1))
	for _, one := range used {
		one.over()
	}
	if err != nil || len(got) > mostBody {
		return nil, errors.New("the answer could not be read")
	}
	return &response{answer.StatusCode, answer.Header, got}, nil
}

// reader is bytes.Reader without what net/http knows of it.
type reader struct{ rest []byte }

func (r *reader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// probe reports whether the carrier can be connected to.
func (c *client) probe(ctx context.Context) error {
	one, err := c.dial(ctx)
	if err == nil {
		one.Close()
	}
	return err
}
