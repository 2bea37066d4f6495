package wire

import (
	"time"

	"tocsin/providers/sms"
)

// Beijing is the time of all China, which has no summer time.
var Beijing = time.FixedZone("CST", 8*60*60)

// A Validity writes until when a message is worth anything, and from when on, as SMPP 3.4
// section 7.1.1 has it and China's carriers have it from there. It keeps the last texts:
// all messages of a campaign share them.
type Validity struct {
	// InBeijing writes it by Beijing's clock, 32 quarters of an hour before UTC, not by UTC's.
	InBeijing bool

	envelope  *sms.Envelope
	until, at string
}

// Of is the absolute time of an envelope's expiry, 16 characters, or empty.
func (v *Validity) Of(e *sms.Envelope) string {
	v.keep(e)
	return v.until
}

// At is the absolute time before which an envelope's messages are not delivered, 16
// characters, or empty.
func (v *Validity) At(e *sms.Envelope) string {
	v.keep(e)
	return v.at
}

func (v *Validity) keep(e *sms.Envelope) {
	if v.envelope != e {
		v.envelope, v.until, v.at = e, v.text(e.Expires), v.text(e.NotBefore)
	}
}

func (v *Validity) text(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case v.InBeijing:
		return t.In(Beijing).Format("060102150405") + "032+"
	}
	return t.UTC().Format("060102150405") + "000+"
}

// Absolute reads what a Validity writes, of any zone, in milliseconds since 1970; 0 when
// it is no absolute time.
func Absolute(text []byte) int64 {
	if len(text) != 16 || text[15] != '+' && text[15] != '-' || text[13] < '0' || text[13] > '4' || text[14] < '0' || text[14] > '9' {
		return 0
	}
	at := Date(text[:12], time.UTC)
	if at == 0 {
		return 0
	}
	zone := time.Duration(text[13]-'0')*10 + time.Duration(text[14]-'0')
	if text[15] == '-' {
		zone = -zone
	}
	return at - (zone * 15 * time.Minute).Milliseconds()
}
