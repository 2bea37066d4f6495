package cmpp

import (
	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Results of SUBMIT_RESP and DELIVER_RESP, CMPP 3.0 section 7.4.3.2.
const (
	ResultOK        = 0
	ResultMalformed = 1
	ResultLength    = 4
	ResultFlow      = 8  // flow control
	ResultForeign   = 9  // this gateway does not serve the number
	ResultFee       = 12 // Fee_terminal_Id
	ResultNumber    = 13 // Dest_terminal_Id: one bad number refuses the whole batch
)

// results is what each result means for the messages of a submit. What is missing, a
// vendor's own from 100 on above all, is temporary: it must not lose anybody.
var results = map[uint32]link.Verdict{
	ResultOK:        link.Taken,
	ResultMalformed: {Outcome: sms.Refused, Reason: sms.BadRequest},    // message structure
	2:               {Outcome: sms.Refused, Reason: sms.BadRequest},    // command word
	3:               {Outcome: sms.NotNow, Reason: sms.CarrierFault},   // message number repeated
	ResultLength:    {Outcome: sms.Refused, Reason: sms.BadRequest},    // message length
	5:               {Outcome: sms.Refused, Reason: sms.BadRequest},    // fee code
	6:               {Outcome: sms.Refused, Reason: sms.BadRequest},    // longer than allowed
	7:               {Outcome: sms.Refused, Reason: sms.BadRequest},    // service code
	ResultFlow:      {Outcome: sms.NotNow, Reason: sms.Throttled},      // flow control
	ResultForeign:   {Outcome: sms.Refused, Reason: sms.NotPermitted},  // this gateway does not serve the number
	10:              {Outcome: sms.Refused, Reason: sms.BadSender},     // Src_Id
	11:              {Outcome: sms.Refused, Reason: sms.BadSender},     // Msg_src
	ResultFee:       {Outcome: sms.Refused, Reason: sms.BadRequest},    // Fee_terminal_Id
	ResultNumber:    {Outcome: sms.Refused, Reason: sms.InvalidNumber}, // Dest_terminal_Id
}

// verdictOf is what a result means as the answer to a submit.
func verdictOf(result uint32) link.Verdict {
	if v, ok := results[result]; ok {
		return v
	}
	return link.Verdict{Outcome: sms.NotNow, Reason: sms.CarrierFault}
}

// divisible reports whether parts of a batch that was refused so may be taken: a number
// is bad, this gateway serves one of them not, or one of them cannot be charged; or the
// batch is too long for the gateway's taste. The other messages of the batch must not be lost for that.
func divisible(result uint32) bool {
	switch result {
	case ResultNumber, ResultForeign, ResultFee, ResultMalformed, ResultLength:
		return true
	}
	return false
}
