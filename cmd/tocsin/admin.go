package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tocsin/dispatcher/web"
)

// An admin serves /metrics, /healthz and /readyz to operators.
type admin struct {
	listener net.Listener
	server   *http.Server
}

// listenAdmin opens the listener at once, so that a taken address is an error
// before anything is sent. ready says why the process takes no work; nil: it does. api may be nil.
func listenAdmin(address string, gatherer prometheus.Gatherer, ready func() error, api http.Handler) (*admin, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("admin listener: %w (choose another with --admin or admin: in the configuration, or \"off\")", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	if api != nil {
		mux.Handle(web.Path, api)
	}
	return &admin{l, &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}, nil
}

// URL is where the listener is.
func (a *admin) URL() string { return "http://" + a.listener.Addr().String() }

// Run serves until ctx ends.
func (a *admin) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { a.server.Close() })
	defer stop()
	if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin listener: %w", err)
	}
	return nil
}
