package httpgw

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Door is where carriers call a process: one listener for all its gateways, each with a
// path of its own. It is open while anybody is behind it.
type Door struct {
	address string
	log     *slog.Logger

	mu       sync.Mutex
	rooms    map[string]*room
	server   *http.Server
	listener net.Listener
}

// A room is a handler and those inside.
type room struct {
	handler http.Handler
	inside  sync.WaitGroup
}

// NewDoor makes a Door at host:port, closed.
func NewDoor(address string) *Door { return &Door{address: address, rooms: map[string]*room{}} }

// attach puts a handler behind a path; leave removes it when the last caller has left.
func (d *Door) attach(path string, h http.Handler, log *slog.Logger) (leave func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rooms[path] != nil {
		return nil, fmt.Errorf("two providers have the callback %s: give each its own", path)
	}
	if d.server == nil {
		d.log = log
		if err := d.open(); err != nil {
			return nil, err
		}
	}
	r := &room{handler: h}
	d.rooms[path] = r
	return func() {
		d.mu.Lock()
		delete(d.rooms, path)
		last := len(d.rooms) == 0
		server := d.server
		if last {
			d.server = nil
		}
		d.mu.Unlock()
		r.inside.Wait()
		if last {
			server.Close()
		}
	}, nil
}

// open listens. Under d.mu.
func (d *Door) open() error {
	ln, err := net.Listen("tcp", d.address)
	if err != nil {
		return fmt.Errorf("listen for callbacks: %w: choose another address (callbacks: {listen: …}), or end who has it", err)
	}
	crowd := newCrowd()
	d.listener = ln
	d.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !crowd.enter(r.Context()) {
				w.Header().Set("Retry-After", "1")
				http.Error(w, "busy", http.StatusServiceUnavailable)
				return
			}
			defer crowd.leave()
			d.serve(w, r)
		}),
		// A caller who is slower than this is no carrier.
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // its words hold what callers send
	}
	go func(s *http.Server) {
		if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("no carrier can call any more", "err", err)
		}
	}(d.server)
	return nil
}

func (d *Door) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	one := d.rooms[r.URL.Path]
	if one != nil {
		one.inside.Add(1)
	}
	d.mu.Unlock()
	if one == nil {
		// Not attached yet, or not any more: the carrier is to call again.
		http.Error(w, "nobody is here", http.StatusServiceUnavailable)
		return
	}
	defer one.inside.Done()
	one.handler.ServeHTTP(w, r)
}

// Addr is where the Door listens; nil while it is closed.
func (d *Door) Addr() net.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server == nil {
		return nil
	}
	return d.listener.Addr()
}
