package smpp

import (
	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Statuses that steer the session or are named in code, SMPP 3.4 section 5.1.3.
const (
	StatusOK          = 0x00
	StatusInvCmdLen   = 0x02
	StatusInvCmdID    = 0x03
	StatusInvBind     = 0x04
	StatusAlready     = 0x05
	StatusSysErr      = 0x08
	StatusInvDest     = 0x0B
	StatusBindFail    = 0x0D
	StatusInvPasswd   = 0x0E
	StatusInvSysID    = 0x0F
	StatusCancelFail  = 0x11
	StatusMsgQFul     = 0x14
	StatusInvNumDests = 0x33
	StatusInvDLName   = 0x34
	StatusThrottled   = 0x58
	StatusTemporary   = 0x64
	StatusQueryFail   = 0x67
)

// A class says what to do about a status.
type class uint8

const (
	permanent class = iota // never offer it again
	temporary              // offer it again later
	throttle               // offer it again later, and everything more slowly
	lineFault              // nothing is wrong with the message: the login or the line is
)

// statuses is the whole of the command_status table, with the specification's
// words. What is missing, a vendor's own code from 0x400 on above all, is
// temporary: it must not lose anybody.
var statuses = map[uint32]struct {
	class  class
	reason sms.Reason
}{
	// SMPP 3.4, section 5.1.3.
	0x01: {permanent, sms.BadRequest},    // RINVMSGLEN: message length is invalid
	0x02: {lineFault, sms.CarrierFault},  // RINVCMDLEN: command length is invalid
	0x03: {lineFault, sms.BadRequest},    // RINVCMDID: invalid command id
	0x04: {lineFault, sms.LineDown},      // RINVBNDSTS: incorrect bind status for given command
	0x05: {lineFault, sms.LineDown},      // RALYBND: ESME already in bound state
	0x06: {permanent, sms.BadRequest},    // RINVPRTFLG: invalid priority flag
	0x07: {permanent, sms.BadRequest},    // RINVREGDLVFLG: invalid registered delivery flag
	0x08: {temporary, sms.CarrierFault},  // RSYSERR: system error
	0x0A: {permanent, sms.BadSender},     // RINVSRCADR: invalid source address
	0x0B: {permanent, sms.InvalidNumber}, // RINVDSTADR: invalid destination address
	0x0C: {temporary, sms.CarrierFault},  // RINVMSGID: message id is invalid (of no submit)
	0x0D: {lineFault, sms.LineDown},      // RBINDFAIL: bind failed
	0x0E: {lineFault, sms.LineDown},      // RINVPASWD: invalid password
	0x0F: {lineFault, sms.LineDown},      // RINVSYSID: invalid system id
	0x11: {temporary, sms.CarrierFault},  // RCANCELFAIL: cancel_sm failed (of no submit)
	0x13: {temporary, sms.CarrierFault},  // RREPLACEFAIL: replace_sm failed (of no submit)
	0x14: {throttle, sms.QueueFull},      // RMSGQFUL: message queue full
	0x15: {permanent, sms.BadRequest},    // RINVSERTYP: invalid service type
	0x33: {permanent, sms.BadRequest},    // RINVNUMDESTS: invalid number of destinations
	0x34: {permanent, sms.BadRequest},    // RINVDLNAME: invalid distribution list name
	0x40: {permanent, sms.BadRequest},    // RINVDESTFLAG: destination flag is invalid (submit_multi)
	0x42: {permanent, sms.BadRequest},    // RINVSUBREP: invalid 'submit with replace' request
	0x43: {permanent, sms.BadRequest},    // RINVESMCLASS: invalid esm_class field data
	0x44: {permanent, sms.BadRequest},    // RCNTSUBDL: cannot submit to distribution list
	0x45: {temporary, sms.CarrierFault},  // RSUBMITFAIL: submit_sm or submit_multi failed
	0x48: {permanent, sms.BadSender},     // RINVSRCTON: invalid source address TON
	0x49: {permanent, sms.BadSender},     // RINVSRCNPI: invalid source address NPI
	0x50: {permanent, sms.BadRequest},    // RINVDSTTON: invalid destination address TON
	0x51: {permanent, sms.BadRequest},    // RINVDSTNPI: invalid destination address NPI
	0x53: {permanent, sms.BadRequest},    // RINVSYSTYP: invalid system_type field
	0x54: {permanent, sms.BadRequest},    // RINVREPFLAG: invalid replace_if_present flag
	0x55: {permanent, sms.BadRequest},    // RINVNUMMSGS: invalid number of messages
	0x58: {throttle, sms.Throttled},      // RTHROTTLED: throttling error (ESME has exceeded allowed message limits)
	0x61: {permanent, sms.BadRequest},    // RINVSCHED: invalid scheduled delivery time
	0x62: {permanent, sms.BadRequest},    // RINVEXPIRY: invalid message validity period (expiry time)
	0x63: {permanent, sms.BadRequest},    // RINVDFTMSGID: predefined message invalid or not found
	0x64: {temporary, sms.CarrierFault},  // RX_T_APPN: ESME receiver temporary app error code
	0x65: {permanent, sms.Rejected},      // RX_P_APPN: ESME receiver permanent app error code
	0x66: {permanent, sms.Rejected},      // RX_R_APPN: ESME receiver reject message error code
	0x67: {temporary, sms.CarrierFault},  // RQUERYFAIL: query_sm request failed (of no submit)
	0xC0: {permanent, sms.BadRequest},    // RINVOPTPARSTREAM: error in the optional part of the PDU body
	0xC1: {permanent, sms.BadRequest},    // ROPTPARNOTALLWD: optional parameter not allowed
	0xC2: {permanent, sms.BadRequest},    // RINVPARLEN: invalid parameter length
	0xC3: {permanent, sms.BadRequest},    // RMISSINGOPTPARAM: expected optional parameter missing
	0xC4: {permanent, sms.BadRequest},    // RINVOPTPARAMVAL: invalid optional parameter value
	0xFE: {permanent, sms.Unreachable},   // RDELIVERYFAILURE: delivery failure (used for data_sm_resp)
	0xFF: {temporary, sms.CarrierFault},  // RUNKNOWNERR: unknown error
	// SMPP 5.0, section 4.7.6.
	0x100: {permanent, sms.NotPermitted}, // RSERTYPUNAUTH: ESME not authorised to use specified service_type
	0x101: {permanent, sms.NotPermitted}, // RPROHIBITED: ESME prohibited from using specified operation
	0x102: {temporary, sms.CarrierFault}, // RSERTYPUNAVAIL: specified service_type is unavailable
	0x103: {permanent, sms.NotPermitted}, // RSERTYPDENIED: specified service_type is denied
	0x104: {permanent, sms.BadRequest},   // RINVDCS: invalid data coding scheme
	0x105: {permanent, sms.BadRequest},   // RINVSRCADDRSUBUNIT: source address sub unit is invalid
	0x106: {permanent, sms.BadRequest},   // RINVDSTADDRSUBUNIT: destination address sub unit is invalid
	0x107: {permanent, sms.BadRequest},   // RINVBCASTFREQINT: broadcast frequency interval is invalid
	0x108: {permanent, sms.BadRequest},   // RINVBCASTALIAS_NAME: broadcast alias name is invalid
	0x109: {permanent, sms.BadRequest},   // RINVBCASTAREAFMT: broadcast area format is invalid
	0x10A: {permanent, sms.BadRequest},   // RINVNUMBCAST_AREAS: number of broadcast areas is invalid
	0x10B: {permanent, sms.BadRequest},   // RINVBCASTCNTTYPE: broadcast content type is invalid
	0x10C: {permanent, sms.BadRequest},   // RINVBCASTMSGCLASS: broadcast message class is invalid
	0x10D: {temporary, sms.CarrierFault}, // RBCASTFAIL: broadcast_sm operation failed
	0x10E: {permanent, sms.BadRequest},   // RBCASTQUERYFAIL: query_broadcast_sm failed
	0x10F: {permanent, sms.BadRequest},   // RBCASTCANCELFAIL: cancel_broadcast_sm failed
	0x110: {permanent, sms.BadRequest},   // RINVBCAST_REP: number of repeated broadcasts is invalid
	0x111: {permanent, sms.BadRequest},   // RINVBCASTSRVGRP: broadcast service group is invalid
	0x112: {permanent, sms.BadRequest},   // RINVBCASTCHANIND: broadcast channel indicator is invalid
}

// verdictOf is what a status means as the answer to a submit.
func verdictOf(status uint32) link.Verdict {
	if status == StatusOK {
		return link.Taken
	}
	switch s, ok := statuses[status]; {
	case !ok:
		return link.Verdict{Outcome: sms.NotNow, Reason: sms.CarrierFault}
	case s.class == permanent:
		return link.Verdict{Outcome: sms.Refused, Reason: s.reason}
	default:
		return link.Verdict{Outcome: sms.NotNow, Reason: s.reason}
	}
}

// loggedOut reports whether a status that answers a submit says that the login
// does not hold: only a new one helps.
func loggedOut(status uint32) bool {
	s, ok := statuses[status]
	return ok && s.class == lineFault && s.reason == sms.LineDown
}
