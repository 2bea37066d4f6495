package cmpp

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/wire"
)

// protocol logs in as one account.
type protocol struct {
	c   Config
	log *slog.Logger
}

// Login sends CONNECT and waits for its answer.
func (p *protocol) Login(conn net.Conn, r *wire.Reader, _ link.Role) (link.Speaker, error) {
	stamp := Timestamp(time.Now())
	digest := Authenticator(p.c.SourceAddr, p.c.Password, stamp)
	request, err := Append(nil, ConnectID, 1, &Connect{
		Source: []byte(p.c.SourceAddr), Authenticator: digest[:], Version: uint8(p.c.Version), Timestamp: stamp,
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
	if h.ID != ConnectID|Response {
		return nil, fmt.Errorf("answered by PDU %#x: %w", h.ID, ErrPDU)
	}
	a, err := ReadConnectAnswer(body)
	if err != nil {
		return nil, fmt.Errorf("CONNECT_RESP: %w", err)
	}
	switch a.Status {
	case ConnectOK:
	case ConnectSource, ConnectSecret:
		return nil, refused(a.Status, fmt.Errorf("status %d: %w", a.Status, ErrCredentials))
	case ConnectVersion:
		return nil, refused(a.Status, fmt.Errorf("status %d: the gateway does not speak this version, it names %d.%d", a.Status, a.Version>>4, a.Version&15))
	default:
		return nil, refused(a.Status, fmt.Errorf("refused with status %d", a.Status))
	}
	if own := Reply(a, digest, p.c.Password); !bytes.Equal(own[:], a.Authenticator) {
		// Gateways differ in the width of what they hash: the login holds all the same.
		other := a
		other.Wide = !a.Wide
		if own := Reply(other, digest, p.c.Password); !bytes.Equal(own[:], a.Authenticator) {
			p.log.Warn("the gateway's own digest is not what the password makes it", "address", p.c.Address)
		}
	}
	return &speaker{c: p.c, version: a.Version, valid: wire.Validity{InBeijing: true}}, nil
}
