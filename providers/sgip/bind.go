package sgip

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/wire"
)

// A Bind is Bind, SGIP 1.2 section 4.2.1.
type Bind struct {
	Type     uint8  // Login Type: which side calls which
	Name     []byte // at most 16 octets
	Password []byte // at most 16 octets, in clear
	Reserve  []byte
}

// Login types.
const (
	ToGateway   = 1 // a service provider calls a gateway
	FromGateway = 2 // a gateway calls a service provider
)

// Fields lists the body in wire order.
func (b *Bind) Fields(f *wire.Fields) {
	f.Uint8(&b.Type)
	f.Padded(&b.Name, 16)
	f.Padded(&b.Password, 16)
	f.Padded(&b.Reserve, 8)
}

// An Answer is what answers a Bind, Submit, Deliver, Report or UserRpt.
type Answer struct {
	Result  uint8
	Reserve []byte
}

// Fields lists the body in wire order.
func (a *Answer) Fields(f *wire.Fields) {
	f.Uint8(&a.Result)
	f.Padded(&a.Reserve, 8)
}

// protocol logs in as one account, and lets the gateway log in to us.
type protocol struct {
	c   Config
	log *slog.Logger
}

// Login calls the gateway's Bind or, on a connection the gateway has made, answers its.
func (p *protocol) Login(conn net.Conn, r *wire.Reader, role link.Role) (link.Speaker, error) {
	s := &speaker{c: p.c, valid: wire.Validity{InBeijing: true}, called: role.Kind == FromGateway}
	if s.called {
		return s, p.admit(conn, r)
	}
	request, err := Append(nil, BindID, Sequence{p.c.Node, Stamp(time.Now()), 0}, &Bind{
		Type: ToGateway, Name: []byte(p.c.Login), Password: []byte(p.c.Password),
	})
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	frame, err := r.Next()
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	h, body := Split(frame)
	if h.ID != BindID|Response {
		return nil, fmt.Errorf("answered by PDU %#x: %w", h.ID, ErrPDU)
	}
	var a Answer
	if err := wire.Decode(body, &a); err != nil {
		return nil, fmt.Errorf("Bind_Resp: %w", err)
	}
	switch a.Result {
	case ResultOK, ResultAgain: // a second login finds the first in force
		return s, nil
	case ResultLogin:
		return nil, refused(a.Result, fmt.Errorf("result %d: %w", a.Result, ErrCredentials))
	default:
		return nil, refused(a.Result, fmt.Errorf("refused with result %d", a.Result))
	}
}

// admit answers the gateway's Bind.
func (p *protocol) admit(conn net.Conn, r *wire.Reader) error {
	frame, err := r.Next()
	if err != nil {
		return err
	}
	h, body := Split(frame)
	var b Bind
	result := byte(ResultOK)
	switch {
	case h.ID != BindID:
		return fmt.Errorf("begins with PDU %#x: %w", h.ID, ErrPDU)
	case wire.Decode(body, &b) != nil:
		result = ResultForm
	case b.Type != FromGateway:
		result = ResultLoginType
	case !same(b.Name, p.c.GatewayLogin) || !same(b.Password, p.c.GatewayPassword):
		result = ResultLogin
	}
	if _, err := conn.Write(AppendAnswer(nil, BindID, h.Sequence, result)); err != nil {
		return err
	}
	if result != ResultOK {
		return fmt.Errorf("the gateway's Bind was refused with result %d: compare gateway_login and its password with what the carrier was told", result)
	}
	return nil
}

// same compares in the same time whatever is given.
func same(given []byte, want string) bool {
	return subtle.ConstantTimeCompare(given, []byte(want)) == 1
}
