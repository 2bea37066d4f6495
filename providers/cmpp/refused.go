package cmpp

import "tocsin/providers"

// loginFaults are what a CONNECT that was refused means, CMPP 3.0 section 7.4.1.2; it
// has no word of its own for too many connections. Illegal source address means the
// account, and with many gateways this machine's address.
var loginFaults = map[uint32]providers.LoginFault{
	ConnectMalformed: providers.BadForm,
	ConnectSource:    providers.BadCredentials,
	ConnectSecret:    providers.BadCredentials,
	ConnectVersion:   providers.BadVersion,
}

// refused is the gateway's no to a login.
func refused(status uint32, err error) error {
	return &providers.LoginError{Fault: loginFaults[status], Code: status, Err: err}
}

// Told is link.Teller's.
func (s *speaker) Told() (version uint8, name string) { return s.version, "" }
