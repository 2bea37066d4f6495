package wire

import (
	"time"

	"tocsin/providers/sms"
)

// Beijing is the time of all China, which has no summer time.
var Beijing = time.FixedZone("CST", 8*60*60)

// A Validity writes until when a message is worth anything, as SMPP 3.4 section 7.1.1
// has it and China's carriers have it from there. It keeps the last text: all messages
// of a campaign share it.
type Validity struct {
	// InBeijing writes it by Beijing's clock, 32 quarters of an hour before UTC, not by UTC's.
	InBeijing bool

	envelope *sms.Envelope
	text     string
}

// Of is the absolute time of an envelope's expiry, 16 characters, or empty.
func (v *Validity) Of(e *sms.Envelope) string {
	if e.Expires.IsZero() {
		return ""
	}
	if v.envelope != e {
		v.envelope = e
		if v.InBeijing {
			v.text = e.Expires.In(Beijing).Format("060102150405") + "032+"
		} else {
			v.text = e.Expires.UTC().Format("060102150405") + "000+"
		}
	}
	return v.text
}
