package link

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"tocsin/providers"
	"tocsin/providers/wire"
)

var _ providers.Greeter = (*Link)(nil)

// A Teller is a Speaker that knows what the carrier said of itself when it let us in.
type Teller interface {
	// Told is the protocol's version, 0x34 for 3.4, and the carrier's name for itself;
	// zero and "" when it did not say.
	Told() (version uint8, name string)
}

// Greet calls the carrier once for each role; see providers.Greeter.
func (p *Link) Greet(ctx context.Context) (providers.Hello, error) {
	h := providers.Hello{Address: p.c.Address}
	for _, role := range p.c.Roles {
		if err := p.greet(ctx, role, &h); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (p *Link) greet(ctx context.Context, role Role, h *providers.Hello) error {
	start := time.Now()
	dialing, cancel := context.WithTimeout(ctx, DialTimeout)
	conn, err := p.dial(dialing)
	cancel()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	h.Connect = time.Since(start)
	if encrypted, ok := conn.(*tls.Conn); ok {
		state := encrypted.ConnectionState()
		h.TLS = &state
	}
	conn.SetDeadline(time.Now().Add(DialTimeout))
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	r := wire.NewReader(conn, p.c.HeaderSize, p.c.MaxFrame)
	start = time.Now()
	speaker, err := p.protocol.Login(conn, r, role)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	h.Logins, h.Login = h.Logins+1, time.Since(start)
	if t, ok := speaker.(Teller); ok {
		h.Version, h.Name = t.Told()
	}
	test := speaker.Say(nil, Test, testSequence)
	if len(test) > 0 {
		start = time.Now()
		if err := exchange(conn, r, test, test, h); err != nil {
			return fmt.Errorf("test the line: %w", err)
		}
		h.Tests, h.Test = h.Tests+1, time.Since(start)
	}
	if goodbye := speaker.Say(nil, Goodbye, goodbyeSequence); len(goodbye) > 0 {
		conn.SetDeadline(time.Now().Add(goodbyeTime))
		exchange(conn, r, goodbye, test, h) // it has been heard, whether it answers or hangs up
		HangUp(conn)
	}
	return nil
}

const goodbyeTime = 2 * time.Second // for the answer to a goodbye that nothing hangs on

// exchange writes a request and reads until it is answered; test is the request that
// tests a line. All protocols that are kept here have the command behind the length,
// with its first bit set in an answer.
func exchange(conn net.Conn, r *wire.Reader, request, test []byte, h *providers.Hello) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	for {
		frame, err := r.Next()
		if err != nil {
			return err
		}
		if frame[4]&0x80 != 0 {
			return nil
		}
		if len(test) == 0 || !bytes.Equal(frame[4:8], test[4:8]) { // else it tests the line too
			h.Arrived++
		}
	}
}
