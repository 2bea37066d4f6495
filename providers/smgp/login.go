package smgp

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/wire"
)

// A Login is Login, SMGP 3.0.3 section 7.2.1.
type Login struct {
	Client        []byte // ClientID, at most 8 octets
	Authenticator []byte // 16 octets
	Mode          uint8  // LoginMode: 0 to send, 1 to receive, 2 for both
	Timestamp     uint32 // MMDDhhmmss, as a number
	Version       uint8
}

// Both is the LoginMode of a connection for both directions.
const Both = 2

// Fields lists the body in wire order.
func (l *Login) Fields(f *wire.Fields) {
	f.Padded(&l.Client, 8)
	f.Octets(&l.Authenticator, md5.Size)
	f.Uint8(&l.Mode)
	f.Uint32(&l.Timestamp)
	f.Uint8(&l.Version)
}

// A LoginAnswer is Login_Resp.
type LoginAnswer struct {
	Status        uint32
	Authenticator []byte // AuthenticatorServer, 16 octets; zeros on a failure
	Version       uint8
}

// Fields lists the body in wire order.
func (a *LoginAnswer) Fields(f *wire.Fields) {
	f.Uint32(&a.Status)
	f.Octets(&a.Authenticator, md5.Size)
	f.Uint8(&a.Version)
}

// Authenticator is AuthenticatorClient: MD5 of ClientID, seven NULs, the shared secret
// and the timestamp in ten digits. ClientID is not padded.
func Authenticator(client, secret string, timestamp uint32) [md5.Size]byte {
	b := append([]byte(client), make([]byte, 7)...)
	b = append(b, secret...)
	return md5.Sum(fmt.Appendf(b, "%010d", timestamp))
}

// Reply is AuthenticatorServer: MD5 of the status, AuthenticatorClient and the secret.
func Reply(status uint32, client [md5.Size]byte, secret string) [md5.Size]byte {
	b := binary.BigEndian.AppendUint32(nil, status)
	return md5.Sum(append(append(b, client[:]...), secret...))
}

// Timestamp is a Login's.
func Timestamp(at time.Time) uint32 {
	at = at.In(wire.Beijing)
	return uint32((((int(at.Month())*100+at.Day())*100+at.Hour())*100+at.Minute())*100 + at.Second())
}

// protocol logs in as one account.
type protocol struct {
	c   Config
	log *slog.Logger
}

// Login sends Login and waits for its answer.
func (p *protocol) Login(conn net.Conn, r *wire.Reader, _ link.Role) (link.Speaker, error) {
	stamp := Timestamp(time.Now())
	digest := Authenticator(p.c.ClientID, p.c.Password, stamp)
	request, err := Append(nil, LoginID, 1, &Login{
		Client: []byte(p.c.ClientID), Authenticator: digest[:], Mode: Both, Timestamp: stamp, Version: Version30,
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
	if h.ID != LoginID|Response {
		return nil, fmt.Errorf("answered by PDU %#x: %w", h.ID, ErrPDU)
	}
	var a LoginAnswer
	if err := wire.Decode(body, &a); err != nil {
		return nil, fmt.Errorf("Login_Resp: %w", err)
	}
	switch a.Status {
	case StatusOK:
	case StatusAddress, StatusSecret:
		return nil, refused(a.Status, fmt.Errorf("status %d: %w", a.Status, ErrCredentials))
	case StatusVersion:
		return nil, refused(a.Status, fmt.Errorf("status %d: the gateway does not speak this version, it names %d.%d", a.Status, a.Version>>4, a.Version&15))
	default:
		return nil, refused(a.Status, fmt.Errorf("refused with status %d", a.Status))
	}
	if own := Reply(a.Status, digest, p.c.Password); !bytes.Equal(own[:], a.Authenticator) {
		p.log.Warn("the gateway's own digest is not what the password makes it", "address", p.c.Address)
	}
	return &speaker{c: p.c, version: a.Version, valid: wire.Validity{InBeijing: true}}, nil
}
