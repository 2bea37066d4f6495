package httpgw

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// breaker is a server that answers the first good requests of each connection, reads the
// next one whole and closes the connection; it counts what it read.
func breaker(t *testing.T, good int) (address string, requests *atomic.Int64) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	requests = &atomic.Int64{}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for n := 0; ; n++ {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, r.Body)
					requests.Add(1)
					if n >= good {
						return
					}
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			}()
		}
	}()
	return ln.Addr().String(), requests
}

func testClient(t *testing.T, address string) *client {
	t.Helper()
	base, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(base, nil, 4)
	t.Cleanup(c.transport.CloseIdleConnections)
	return c
}

// net/http repeats a GET, and whatever has an Idempotency-Key, when a connection that was
// used before ends in front of the answer. That would be a second message.
func TestARequestThatWasReadIsNeverMadeAgain(t *testing.T) {
	for _, c := range []struct {
		name, method, key string
		body              string
	}{
		{"GET", "GET", "", ""},
		{"GET with a key", "GET", "x", ""},
		{"POST", "POST", "", "to=1"},
		{"POST with a key", "POST", "x", "to=1"},
		{"POST without a body", "POST", "", ""},
		{"POST without a body, with a key", "POST", "x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, requests := breaker(t, 1)
			client := testClient(t, "http://"+address)
			header := func() http.Header {
				h := http.Header{}
				if c.key != "" {
					h.Set("Idempotency-Key", c.key)
				}
				return h
			}
			if _, err := client.do(t.Context(), c.method, "http://"+address+"/?key=hunter2", header(), []byte(c.body)); err != nil {
				t.Fatal(err)
			}
			_, err := client.do(t.Context(), c.method, "http://"+address+"/?key=hunter2", header(), []byte(c.body))
			if err == nil || errors.Is(err, errUnsent) {
				t.Errorf("got %v, want an error that leaves doubt", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the address: %v", err)
			}
			if n := requests.Load(); n != 2 {
				t.Errorf("the carrier read %d requests, want 2", n)
			}
		})
	}
}

func TestARequestOfWhichNothingLeftIsKnown(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := ln.Addr().String()
	ln.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came in spite of the certificate") }))
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	secure.StartTLS()
	defer secure.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name, address string
		ctx           context.Context
		dial          bool
	}{
		{"nobody listens", "http://" + nobody, t.Context(), true},
		{"its certificate is nobody's", secure.URL, t.Context(), true},
		{"it speaks no TLS", strings.Replace(plain.URL, "http:", "https:", 1), t.Context(), true},
		{"the caller has gone", plain.URL, gone, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := testClient(t, c.address)
			_, err := client.do(c.ctx, "POST", c.address+"/?key=hunter2", http.Header{}, []byte("x"))
			if !errors.Is(err, errUnsent) || errors.Is(err, errDial) != c.dial {
				t.Errorf("got %v (dial %v), want that nothing left", err, errors.Is(err, errDial))
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the address: %v", err)
			}
		})
	}
}

func TestARequestInFlightIsInDoubtWhenItsCallerGoes(t *testing.T) {
	came, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(came); <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-came; cancel() }()
	_, err := testClient(t, server.URL).do(ctx, "POST", server.URL, http.Header{}, []byte("x"))
	if err == nil || errors.Is(err, errUnsent) {
		t.Errorf("got %v, want an error that leaves doubt", err)
	}
}

func TestAnAnswerTooLargeToReadLeavesDoubt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, mostBody+1))
	}))
	defer server.Close()
	if _, err := testClient(t, server.URL).do(t.Context(), "POST", server.URL, http.Header{}, nil); err == nil || errors.Is(err, errUnsent) {
		t.Errorf("got %v, want an error that leaves doubt", err)
	}
}

// A conn that is sealed before anything was written writes nothing any more, and says so;
// one that is writing is not known to have written nothing.
func TestASealedConnectionWritesNothing(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	one := &conn{Conn: a}
	one.begin()
	if one.seal() {
		t.Error("nothing was written, and it says that something may have left")
	}
	if n, err := one.Write([]byte("x")); n != 0 || !errors.Is(err, errSealed) {
		t.Errorf("got %d, %v, want nothing written", n, err)
	}
	two := &conn{Conn: a}
	two.begin()
	go two.Write([]byte("x")) // nobody reads
	for {
		two.mu.Lock()
		writing := two.writing
		two.mu.Unlock()
		if writing > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if !two.seal() {
		t.Error("octets may be leaving, and it says that none did")
	}
	a.Close()
}

// net/http logs what comes unasked, and it may hold anything.
func TestWhatCarriersSayUnaskedIsNotLogged(t *testing.T) {
	var said bytes.Buffer
	log.SetOutput(&said)
	defer log.SetOutput(os.Stderr)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	gone, idle := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		<-idle
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n8613800138000")
		in.ReadByte() // until it has hung up
	}()
	if _, err := testClient(t, "http://"+ln.Addr().String()).do(t.Context(), "GET", "http://"+ln.Addr().String(), http.Header{}, nil); err != nil {
		t.Fatal(err)
	}
	close(idle) // the client has its answer and asks nothing
	<-gone
	if strings.Contains(said.String(), "8613800138000") {
		t.Errorf("the log tells %q", said.String())
	}
}
