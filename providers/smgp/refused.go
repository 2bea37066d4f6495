package smgp

import "tocsin/providers"

// loginFaults are what a Login that was refused means, SMGP 3.0.3 section 7.4.
var loginFaults = map[uint32]providers.LoginFault{
	StatusBusy:    providers.NotNow,
	StatusMany:    providers.TooMany,
	StatusForm:    providers.BadForm,
	StatusAddress: providers.BadAddress,
	StatusSecret:  providers.BadCredentials,
	StatusVersion: providers.BadVersion,
	76:            providers.BadCredentials, // the account has expired
}

// refused is the gateway's no to a login.
func refused(status uint32, err error) error {
	return &providers.LoginError{Fault: loginFaults[status], Code: status, Err: err}
}

// Told is link.Teller's.
func (s *speaker) Told() (version uint8, name string) { return s.version, "" }
