package smgp

import (
	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Status, SMGP 3.0.3 section 7.4.
const (
	StatusOK      = 0
	StatusBusy    = 1  // system busy
	StatusMany    = 2  // too many connections
	StatusForm    = 10 // structure
	StatusAddress = 20 // IP address
	StatusSecret  = 21 // authentication
	StatusVersion = 22
	StatusNumber  = 47 // illegal destination
	StatusQuota   = 75 // a day's quota
)

// statuses is what each status means for the messages of a submit. What is missing, a
// vendor's own from 128 on above all, is temporary: it must not lose anybody.
var statuses = map[uint32]link.Verdict{
	StatusOK:     link.Taken,
	StatusBusy:   {Outcome: sms.NotNow, Reason: sms.Throttled},
	StatusMany:   {Outcome: sms.NotNow, Reason: sms.LineDown},
	StatusForm:   {Outcome: sms.Refused, Reason: sms.BadRequest},   // structure
	11:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // command word
	12:           {Outcome: sms.NotNow, Reason: sms.CarrierFault},  // sequence number repeated
	30:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // MsgType
	31:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // Priority
	32:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // FeeType
	33:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // FeeCode
	34:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // MsgFormat
	35:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // time format
	36:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // message length
	37:           {Outcome: sms.Refused, Reason: sms.TooLate},      // validity is over
	38:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // QueryType
	39:           {Outcome: sms.Refused, Reason: sms.NotPermitted}, // routing
	40:           {Outcome: sms.Refused, Reason: sms.BadRequest},   // FixedFee
	43:           {Outcome: sms.Refused, Reason: sms.BadRequest},
	44:           {Outcome: sms.Refused, Reason: sms.BadRequest},
	45:           {Outcome: sms.Refused, Reason: sms.BadRequest},
	46:           {Outcome: sms.Refused, Reason: sms.BadSender},
	StatusNumber: {Outcome: sms.Refused, Reason: sms.InvalidNumber},
	48:           {Outcome: sms.Refused, Reason: sms.BadRequest},
	49:           {Outcome: sms.Refused, Reason: sms.BadRequest},
	58:           {Outcome: sms.Refused, Reason: sms.NotPermitted}, // no route
	73:           {Outcome: sms.Refused, Reason: sms.BadRequest},
	74:           {Outcome: sms.NotNow, Reason: sms.NotPermitted}, // hours in which the account may not send
	StatusQuota:  {Outcome: sms.NotNow, Reason: sms.NotPermitted}, // a day's quota
	76:           {Outcome: sms.NotNow, Reason: sms.NotPermitted}, // the account has expired
}

// verdictOf is what a status means as the answer to a submit.
func verdictOf(status uint32) link.Verdict {
	if v, ok := statuses[status]; ok {
		return v
	}
	return link.Verdict{Outcome: sms.NotNow, Reason: sms.CarrierFault}
}

// divisible reports whether parts of a batch that was refused so may be taken.
func divisible(status uint32) bool {
	return status == StatusNumber || status == StatusForm
}
