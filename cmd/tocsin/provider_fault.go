package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"tocsin/providers"
)

// Faults of a call that the carrier has not named, in one word; the others are those of
// providers.LoginFault.
const (
	faultSettings  = "settings"            // a password or a certificate cannot be read
	faultName      = "dns"                 // the address has no such host
	faultNobody    = "nobody"              // nobody listens there
	faultNoWay     = "no_way"              // the network does not go there
	faultSilence   = "silence"             // no connection comes about in time
	faultPlain     = "no_tls"              // what answers does not speak TLS
	faultOver      = "certificate_over"    // the certificate's time is over, or has not begun
	faultStranger  = "certificate_name"    // it is another name's
	faultAuthority = "certificate_unknown" // nobody trusted has signed it
	faultTLS       = "tls"
	faultConnect   = "connect"
	faultMute      = "mute"    // it takes the connection and does not answer the login
	faultHungUp    = "hung_up" // it takes the connection and hangs up
	faultStrange   = "strange" // it answers in no words of the protocol
	faultUntested  = "untested"
	faultListen    = "listen"
)

// faultOf is what went wrong with a call, in one word.
func faultOf(err error, h *providers.Hello) string {
	var refused *providers.LoginError
	switch {
	case errors.As(err, &refused):
		return refused.Fault.String()
	case h.Connect == 0:
		return connectFault(err)
	case h.Tests < h.Logins:
		return faultUntested
	case late(err):
		return faultMute
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return faultHungUp
	}
	return faultStrange
}

func connectFault(err error) string {
	var name *net.DNSError
	var plain tls.RecordHeaderError
	var stranger x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var alert tls.AlertError
	var op *net.OpError
	switch {
	case errors.As(err, &name):
		return faultName
	case errors.As(err, &plain):
		return faultPlain
	case errors.As(err, &stranger):
		return faultStranger
	case errors.As(err, &authority):
		return faultAuthority
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return faultOver
	case errors.As(err, &invalid), errors.As(err, &alert):
		return faultTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return faultNobody
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return faultNoWay
	case late(err):
		return faultSilence
	case errors.As(err, &op) && op.Op == "remote error": // crypto/tls: an alert of the other side
		return faultTLS
	}
	return faultConnect
}

// late reports whether a time is over.
func late(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
