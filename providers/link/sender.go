package link

import (
	"strings"

	"tocsin/providers/sms"
)

// FitsPadded reports whether a text fits a field of n octets filled up with NULs.
func FitsPadded(text string, n int) bool { return len(text) <= n && strings.IndexByte(text, 0) < 0 }

// RefuseSenders refuses the messages whose sender fits no PDU, and sends none of
// the others this time; it reports whether there are any.
func RefuseSenders(msgs []sms.Message, acks []sms.Ack, fits func(sender string) bool) bool {
	var fine *sms.Envelope
	for i := range msgs {
		if e := msgs[i].Envelope; e != fine {
			if !fits(e.Sender) {
				for i := range msgs {
					acks[i] = sms.Ack{Done: msgs[i].Done, Outcome: sms.NotSent, Reason: sms.BadSender}
					if !fits(msgs[i].Envelope.Sender) {
						acks[i].Outcome = sms.Refused
					}
				}
				return true
			}
			fine = e
		}
	}
	return false
}
