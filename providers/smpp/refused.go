package smpp

import "tocsin/providers"

// loginFaults are what a bind that was refused means, SMPP 3.4 section 5.1.3. A message
// centre says RALYBND also when the account has as many connections as it may.
var loginFaults = map[uint32]providers.LoginFault{
	StatusInvPasswd: providers.BadCredentials,
	StatusInvSysID:  providers.BadCredentials,
	StatusAlready:   providers.TooMany,
	StatusInvCmdLen: providers.BadForm,
	StatusInvCmdID:  providers.BadForm,
	0x53:            providers.BadForm, // RINVSYSTYP: invalid system_type
	StatusSysErr:    providers.NotNow,
	StatusThrottled: providers.NotNow,
}

// refused is the carrier's no to a login.
func refused(status uint32, err error) error {
	return &providers.LoginError{Fault: loginFaults[status], Code: status, Err: err}
}

// Told is link.Teller's.
func (s *speaker) Told() (version uint8, name string) { return s.version, s.name }
