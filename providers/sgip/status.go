package sgip

import (
	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Results, SGIP 1.2 section 4.3.
const (
	ResultOK        = 0
	ResultLogin     = 1 // illegal login
	ResultAgain     = 2 // logged in already
	ResultMany      = 3 // too many connections
	ResultLoginType = 4
	ResultForm      = 5 // parameter format
	ResultNumber    = 6 // illegal number
	ResultSize      = 8 // message length
	ResultSequence  = 9
	ResultBusy      = 11 // the node is
	ResultFull      = 33 // the message centre's queue is
	ResultSpeed     = 88 // not in the standard: gateways say so what SMPP says with its 0x58
)

// results is what each result means for the messages of a submit, or the code of a
// failed report. What is missing is temporary: it must not lose anybody.
var results = map[uint8]link.Verdict{
	ResultOK:        link.Taken,
	ResultLogin:     {Outcome: sms.NotNow, Reason: sms.LineDown},
	ResultAgain:     {Outcome: sms.NotNow, Reason: sms.LineDown},
	ResultMany:      {Outcome: sms.NotNow, Reason: sms.LineDown},
	ResultLoginType: {Outcome: sms.NotNow, Reason: sms.LineDown},
	ResultForm:      {Outcome: sms.Refused, Reason: sms.BadRequest},
	ResultNumber:    {Outcome: sms.Refused, Reason: sms.InvalidNumber},
	7:               {Outcome: sms.Refused, Reason: sms.BadRequest}, // message id
	ResultSize:      {Outcome: sms.Refused, Reason: sms.BadRequest},
	ResultSequence:  {Outcome: sms.NotNow, Reason: sms.CarrierFault},
	10:              {Outcome: sms.Refused, Reason: sms.NotPermitted}, // name server
	ResultBusy:      {Outcome: sms.NotNow, Reason: sms.Throttled},
	21:              {Outcome: sms.NotNow, Reason: sms.Unreachable},    // cannot be reached for now
	22:              {Outcome: sms.Refused, Reason: sms.NotPermitted},  // routing
	23:              {Outcome: sms.Refused, Reason: sms.NotPermitted},  // no route
	24:              {Outcome: sms.Refused, Reason: sms.BadRequest},    // number that pays
	25:              {Outcome: sms.Refused, Reason: sms.Unreachable},   // off, or no coverage
	26:              {Outcome: sms.Refused, Reason: sms.Unreachable},   // its memory is full
	27:              {Outcome: sms.Refused, Reason: sms.InvalidNumber}, // takes no messages
	28:              {Outcome: sms.NotNow, Reason: sms.Unreachable},    // error while receiving
	29:              {Outcome: sms.Refused, Reason: sms.InvalidNumber}, // nobody
	30:              {Outcome: sms.Refused, Reason: sms.Blocked},       // not provided
	31:              {Outcome: sms.Refused, Reason: sms.InvalidNumber}, // illegal equipment
	32:              {Outcome: sms.NotNow, Reason: sms.CarrierFault},   // system failure
	ResultFull:      {Outcome: sms.NotNow, Reason: sms.QueueFull},
	ResultSpeed:     {Outcome: sms.NotNow, Reason: sms.Throttled},
}

// verdictOf is what a result means as the answer to a submit.
func verdictOf(result uint8) link.Verdict {
	if v, ok := results[result]; ok {
		return v
	}
	return link.Verdict{Outcome: sms.NotNow, Reason: sms.CarrierFault}
}

// divisible reports whether parts of a batch that was refused so may be taken.
func divisible(result uint8) bool {
	return result == ResultNumber || result == ResultForm || result == ResultSize
}
