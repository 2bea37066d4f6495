package httpgw

import (
	"net/url"
	"strconv"
	"time"

	"tocsin/providers/sms"
)

// states are what Report.States may say besides the names of reasons.
var states = map[string]sms.State{"delivered": sms.Delivered, "failed": sms.Failed, "accepted": sms.Accepted}

// ignored is the word for a status of which no receipt is made.
const ignored = "ignore"

// reasonNamed is a reason by its name.
func reasonNamed(name string) (sms.Reason, bool) {
	for r := sms.InvalidNumber; r < sms.Reasons; r++ {
		if r.String() == name {
			return r, true
		}
	}
	return sms.None, false
}

// State reports whether a status may mean this.
func State(word string) bool {
	_, is := states[word]
	_, reason := reasonNamed(word)
	return is || reason || word == ignored
}

// Reason reports whether a reason has this name.
func Reason(name string) bool { _, ok := reasonNamed(name); return ok }

// receipt reads one record; ok is false when it is about no number or says nothing.
func (r *Report) receipt(record any, own bool) (receipt sms.Receipt, ok bool) {
	receipt = sms.Receipt{
		To: readNumber(fields(record, r.Number), r.National), Ref: []byte(field(record, r.ID)), Whole: true,
		Time: readTime(field(record, r.Time), r.Layout),
	}
	if own {
		receipt.Ref = []byte(field(record, r.Reference))
	}
	code := field(record, r.Code)
	receipt.Code = number(code)
	word := r.States[field(record, r.Status)]
	switch state, is := states[word]; {
	case receipt.To == 0 || word == ignored:
		return receipt, false
	case is:
		receipt.State = state
	default:
		receipt.State = sms.Accepted // the carrier has it, and says something of it that we do not know
		if reason, is := reasonNamed(word); is {
			receipt.State, receipt.Reason = sms.Failed, reason
		}
	}
	if receipt.State == sms.Failed {
		if reason, is := reasonNamed(r.Reasons[code]); is {
			receipt.Reason = reason
		} else if receipt.Reason == sms.None {
			receipt.Reason = sms.Unreachable
		}
	} else {
		receipt.Code = 0
	}
	return receipt, true
}

// readNumber reads a number with its country code; national: eleven digits that begin
// with 13 to 19 are a mobile's of China.
func readNumber(digits string, national bool) sms.Number {
	if n, err := sms.ParseAddress([]byte(digits), national); err == nil {
		return n
	}
	n, _ := sms.ParseAddress([]byte("+"+digits), false)
	return n
}

// readTime reads a time in milliseconds since 1970; 0: it cannot be read.
func readTime(s, layout string) int64 {
	switch layout {
	case "":
		return 0
	case "unix":
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 || n > 1<<40 {
			return 0
		}
		return n * 1000
	}
	t, err := time.ParseInLocation(layout, s, beijing)
	if err != nil {
		return 0
	}
	return t.UnixMilli()
}

// asDocument is a form as the document that paths lead through.
func asDocument(f url.Values) any {
	doc := map[string]any{}
	for key, values := range f {
		if len(values) > 0 {
			doc[key] = values[0]
		}
	}
	return doc
}
