package cmpp

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"time"

	"tocsin/providers/wire"
)

// A Connect is CMPP_CONNECT, CMPP 3.0 section 7.4.1.1.
type Connect struct {
	Source        []byte // Source_Addr: SP_Id, at most 6 octets
	Authenticator []byte // 16 octets
	Version       uint8
	Timestamp     uint32 // MMDDhhmmss, as a number
}

// Fields lists the body in wire order.
func (c *Connect) Fields(f *wire.Fields) {
	f.Padded(&c.Source, 6)
	f.Octets(&c.Authenticator, md5.Size)
	f.Uint8(&c.Version)
	f.Uint32(&c.Timestamp)
}

// A ConnectAnswer is CMPP_CONNECT_RESP. Its Status has one octet in 2.0 and four in
// 3.0: a reader goes by the length.
type ConnectAnswer struct {
	Status        uint32
	Authenticator []byte // AuthenticatorISMG, 16 octets; zeros on a failure
	Version       uint8
	Wide          bool // Status has four octets
}

// Sizes of a CONNECT_RESP's body, in octets.
const (
	narrowAnswer = 1 + md5.Size + 1
	wideAnswer   = 4 + md5.Size + 1
)

// ReadConnectAnswer reads the body of either width.
func ReadConnectAnswer(body []byte) (ConnectAnswer, error) {
	a := ConnectAnswer{Wide: len(body) == wideAnswer}
	err := wire.Decode(body, &a)
	return a, err
}

// Fields lists the body in wire order.
func (a *ConnectAnswer) Fields(f *wire.Fields) {
	version := V20
	if a.Wide {
		version = V30
	}
	result(f, &a.Status, version)
	f.Octets(&a.Authenticator, md5.Size)
	f.Uint8(&a.Version)
}

// Statuses of CONNECT_RESP, CMPP 3.0 section 7.4.1.2.
const (
	ConnectOK        = 0
	ConnectMalformed = 1
	ConnectSource    = 2 // illegal source address
	ConnectSecret    = 3 // authentication failed
	ConnectVersion   = 4 // too high
)

// Authenticator is AuthenticatorSource: MD5 of Source_Addr, nine NULs, the shared
// secret and the timestamp in ten digits. Source_Addr is not padded.
func Authenticator(source, secret string, timestamp uint32) [md5.Size]byte {
	b := append([]byte(source), make([]byte, 9)...)
	b = append(b, secret...)
	return md5.Sum(fmt.Appendf(b, "%010d", timestamp))
}

// Reply is AuthenticatorISMG: MD5 of the status, AuthenticatorSource and the secret.
func Reply(a ConnectAnswer, source [md5.Size]byte, secret string) [md5.Size]byte {
	var b []byte
	if a.Wide {
		b = binary.BigEndian.AppendUint32(b, a.Status)
	} else {
		b = append(b, byte(a.Status))
	}
	return md5.Sum(append(append(b, source[:]...), secret...))
}

// Timestamp is a CONNECT's.
func Timestamp(at time.Time) uint32 {
	at = at.In(wire.Beijing)
	return uint32((((int(at.Month())*100+at.Day())*100+at.Hour())*100+at.Minute())*100 + at.Second())
}
