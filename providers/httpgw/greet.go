package httpgw

import (
	"context"
	"crypto/tls"
	"time"

	"tocsin/providers"
)

var _ providers.Greeter = (*Provider)(nil)

// Greet connects to the carrier and looks at its certificate; see providers.Greeter. HTTP
// has no login: whether the account is right the first message tells.
func (p *Provider) Greet(ctx context.Context) (providers.Hello, error) {
	h := providers.Hello{Address: p.client.host}
	start := time.Now()
	one, err := p.client.dial(ctx)
	if err != nil {
		return h, err
	}
	defer one.Close()
	h.Connect = time.Since(start)
	if secure, ok := one.(*conn).Conn.(*tls.Conn); ok {
		state := secure.ConnectionState()
		h.TLS = &state
	}
	return h, nil
}
