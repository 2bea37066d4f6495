package smpp

import "tocsin/providers/sms"

// Statuses that steer the session or are named in code, SMPP 3.4 section 5.1.3.
const (
	StatusOK         = 0x00
	StatusInvCmdID   = 0x03
	StatusInvBind    = 0x04
	StatusAlready    = 0x05
	StatusSysErr     = 0x08
	StatusInvDest    = 0x0B
	StatusBindFail   = 0x0D
	StatusInvPasswd  = 0x0E
	StatusInvSysID   = 0x0F
	StatusMsgQFul    = 0x14
	StatusThrottled  = 0x58
	StatusSubmitFail = 0x45
)

// A verdict is what a command_status means to us.
type verdict struct {
	outcome sms.Outcome
	reason  sms.Reason
}

// statuses maps command_status to our words. What is missing is temporary: a
// vendor's own code must not lose anybody.
var statuses = map[uint32]verdict{
	0x00: {sms.Taken, sms.None},
	0x01: {sms.Refused, sms.BadRequest},    // message length is invalid
	0x02: {sms.NotNow, sms.CarrierFault},   // command length is invalid
	0x03: {sms.NotNow, sms.BadRequest},     // invalid command id
	0x04: {sms.NotNow, sms.LineDown},       // incorrect bind status
	0x05: {sms.NotNow, sms.LineDown},       // already in bound state
	0x06: {sms.Refused, sms.BadRequest},    // invalid priority flag
	0x07: {sms.Refused, sms.BadRequest},    // invalid registered delivery flag
	0x08: {sms.NotNow, sms.CarrierFault},   // system error
	0x0A: {sms.Refused, sms.BadSender},     // invalid source address
	0x0B: {sms.Refused, sms.InvalidNumber}, // invalid destination address
	0x14: {sms.NotNow, sms.QueueFull},      // message queue full
	0x15: {sms.Refused, sms.BadRequest},    // invalid service type
	0x33: {sms.Refused, sms.BadRequest},    // invalid number of destinations
	0x34: {sms.Refused, sms.BadRequest},    // invalid distribution list name
	0x40: {sms.Refused, sms.BadRequest},    // destination flag is invalid
	0x42: {sms.Refused, sms.BadRequest},    // invalid submit with replace
	0x43: {sms.Refused, sms.BadRequest},    // invalid esm_class
	0x44: {sms.Refused, sms.BadRequest},    // cannot submit to distribution list
	0x45: {sms.NotNow, sms.CarrierFault},   // submit failed
	0x48: {sms.Refused, sms.BadSender},     // invalid source TON
	0x49: {sms.Refused, sms.BadSender},     // invalid source NPI
	0x50: {sms.Refused, sms.BadRequest},    // invalid destination TON
	0x51: {sms.Refused, sms.BadRequest},    // invalid destination NPI
	0x53: {sms.Refused, sms.BadRequest},    // invalid system_type
	0x54: {sms.Refused, sms.BadRequest},    // invalid replace_if_present flag
	0x55: {sms.Refused, sms.BadRequest},    // invalid number of messages
	0x58: {sms.NotNow, sms.Throttled},      // throttling error
	0x61: {sms.Refused, sms.BadRequest},    // invalid scheduled delivery time
	0x62: {sms.Refused, sms.BadRequest},    // invalid validity period
	0x63: {sms.Refused, sms.BadRequest},    // predefined message is invalid or not found
	0x64: {sms.NotNow, sms.CarrierFault},   // receiver temporary application error
	0x65: {sms.Refused, sms.Rejected},      // receiver permanent application error
	0x66: {sms.Refused, sms.Rejected},      // receiver rejects the message
	0xC0: {sms.Refused, sms.BadRequest},    // error in the optional part
	0xC1: {sms.Refused, sms.BadRequest},    // optional parameter not allowed
	0xC2: {sms.Refused, sms.BadRequest},    // invalid parameter length
	0xC3: {sms.Refused, sms.BadRequest},    // expected optional parameter missing
	0xC4: {sms.Refused, sms.BadRequest},    // invalid optional parameter value
	0xFE: {sms.Refused, sms.Unreachable},   // delivery failure
	0xFF: {sms.NotNow, sms.CarrierFault},   // unknown error
	// SMPP 5.0 section 4.7.6.
	0x100: {sms.Refused, sms.NotPermitted}, // not authorised to use this service
	0x101: {sms.Refused, sms.NotPermitted}, // prohibited
	0x102: {sms.NotNow, sms.CarrierFault},  // service is not available
	0x103: {sms.Refused, sms.NotPermitted}, // service denied
	0x104: {sms.Refused, sms.BadRequest},   // invalid data coding
}

// verdictOf is what a status means; unknown ones are temporary faults.
func verdictOf(status uint32) verdict {
	if status == StatusOK {
		return verdict{sms.Taken, sms.None}
	}
	if v, ok := statuses[status]; ok {
		return v
	}
	return verdict{sms.NotNow, sms.CarrierFault}
}
