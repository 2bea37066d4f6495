package link

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// mostCalls is how many connections a carrier may have open to us: far above any need.
const mostCalls = 32

// Accept takes a carrier's calls on ln, for protocols in which it calls too, until ctx
// ends; then it lets what was received be acknowledged, and closes ln. Who does not log
// in within DialTimeout is cut. It returns an error when the listener has failed.
func (p *Link) Accept(ctx context.Context, ln net.Listener, role Role, receive sms.ReceiveFunc) error {
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	var calls sync.WaitGroup
	defer calls.Wait()
	places := make(chan struct{}, mostCalls)
	for {
		conn, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // no descriptor left, or the caller has hung up
			p.log.Warn("a call of the carrier could not be taken", "err", err)
			pause(ctx, time.Second)
			continue
		}
		select {
		case places <- struct{}{}:
		default:
			p.log.Warn("the carrier has too many connections open, another was refused")
			conn.Close()
			continue
		}
		calls.Go(func() {
			defer func() { <-places }()
			defer conn.Close()
			if err := p.called(ctx, conn, role, receive); err != nil && ctx.Err() == nil && !errors.Is(err, ErrGoodbye) {
				p.log.Info("the carrier's call is over", "err", err)
			}
		})
	}
}

// called lets a caller log in and serves it.
func (p *Link) called(ctx context.Context, conn net.Conn, role Role, receive sms.ReceiveFunc) error {
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) }) // while logging in
	r := wire.NewReader(conn, p.c.HeaderSize, p.c.MaxFrame)
	conn.SetDeadline(time.Now().Add(DialTimeout))
	speaker, err := p.protocol.Login(conn, r, role)
	conn.SetDeadline(time.Time{})
	if !stop() {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return p.serve(ctx, conn, r, speaker, role, receive)
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
