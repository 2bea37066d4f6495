package providers

import (
	"context"
	"crypto/tls"
	"time"
)

// A Greeter is a Provider that logs in to its carrier.
type Greeter interface {
	// Greet calls the carrier once, beside whatever Run keeps up: it connects, logs in
	// as often as there are kinds of connections, tests each line where the protocol can,
	// says goodbye and sends nothing. What the carrier begins to deliver meanwhile is
	// not acknowledged, so that the carrier repeats it on another line. Hello says how far it
	// came also when there is an error; a login that was refused is a *LoginError.
	Greet(ctx context.Context) (Hello, error)
}

// A Hello is what a call of a carrier found out.
type Hello struct {
	Address string
	Connect time.Duration        // until the connection stood, encryption included; 0: it did not
	TLS     *tls.ConnectionState // nil: the connection is not encrypted
	Logins  int                  // connections that the carrier let in
	Login   time.Duration        // until the last of them
	Version uint8                // of the protocol, as the carrier names it: 0x34 is 3.4; 0: it does not say
	Name    string               // what the carrier calls itself; "": it does not say
	Tests   int                  // test requests answered
	Test    time.Duration        // until the last answer
	Arrived int                  // messages and receipts that the carrier began to deliver

	// Listen is where the carrier calls us; "": it does not. ListenErr says why that
	// address cannot be opened; nil: it can.
	Listen    string
	ListenErr error
}

// A LoginFault says in one word why a carrier refuses a login.
type LoginFault uint8

const (
	OtherFault     LoginFault = iota // it does not say
	BadCredentials                   // name or password
	BadAddress                       // this machine's address
	TooMany                          // the account has as many connections as it may
	BadVersion                       // it does not speak this version
	BadForm                          // it cannot read the request, or not with these settings
	NotNow                           // it is busy, or ill

	// LoginFaults is how many there are.
	LoginFaults = 7
)

var loginFaultNames = [LoginFaults]string{"refused", "credentials", "address", "too_many", "version", "form", "busy"}

// String is the fault's name in JSON.
func (f LoginFault) String() string {
	if f < LoginFaults {
		return loginFaultNames[f]
	}
	return "fault?"
}

// A LoginError is a carrier's no to a login.
type LoginError struct {
	Fault LoginFault
	Code  uint32 // the carrier's own number
	Err   error  // in words; ErrCredentials of package link may be in it
}

func (e *LoginError) Error() string { return e.Err.Error() }

// Unwrap is errors.Is's.
func (e *LoginError) Unwrap() error { return e.Err }
