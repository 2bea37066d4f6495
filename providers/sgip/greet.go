package sgip

import (
	"context"
	"net"

	"tocsin/providers"
)

var _ providers.Greeter = (*Provider)(nil)

// loginFaults are what a Bind that was refused means, SGIP 1.2 section 4.3.
var loginFaults = map[uint8]providers.LoginFault{
	ResultLogin:     providers.BadCredentials,
	ResultMany:      providers.TooMany,
	ResultLoginType: providers.BadForm,
	ResultForm:      providers.BadForm,
	ResultBusy:      providers.NotNow,
}

// refused is the gateway's no to a login.
func refused(result uint8, err error) error {
	return &providers.LoginError{Fault: loginFaults[result], Code: uint32(result), Err: err}
}

// Greet calls the gateway, and tries whether it could call us; see providers.Greeter.
func (p *Provider) Greet(ctx context.Context) (providers.Hello, error) {
	h, err := p.Link.Greet(ctx)
	if h.Listen = p.listen; p.listen == "" {
		return h, err
	}
	ln, listenErr := (&net.ListenConfig{}).Listen(ctx, "tcp", p.listen)
	if h.ListenErr = listenErr; listenErr == nil {
		ln.Close()
	}
	return h, err
}
