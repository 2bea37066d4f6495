package sms

import "time"

// An Envelope is what all messages of one campaign share.
type Envelope struct {
	// Campaign is a small number that differs between campaigns: it makes the
	// concatenation reference, so that a segment sent again carries the reference of
	// its sisters, and one request may carry a segment for many.
	Campaign uint32
	// Sender is the number or name shown on the handset; empty: the provider's own.
	Sender string
	// Expires is when the carrier shall give up; zero: the carrier's default.
	Expires time.Time
	// NotBefore is when the carrier shall deliver it; zero: at once. Until then a carrier
	// that can cancel takes it back.
	NotBefore time.Time
	// Receipt asks for a receipt for every segment.
	Receipt bool
	// Class decides the priority the carrier is asked for.
	Class Class
}

// A Message is one text for one recipient, offered once.
type Message struct {
	To       Number
	Content  Content
	Envelope *Envelope
	// Done has bit i set when the carrier has taken segment i before: only the
	// others are sent.
	Done uint16
}

// Reference is the message's 8-bit concatenation reference, by which a handset knows the
// segments of one text: 3GPP TS 23.040 section 9.2.3.24.1. It is that of all messages of
// the campaign, each time they are offered; 256 campaigns in a row have one of their own.
func (m *Message) Reference() byte { return byte(m.Envelope.Campaign) }

// Over reports whether the message is worth nothing any more: it must not be sent.
func (m *Message) Over(now time.Time) bool {
	return !m.Envelope.Expires.IsZero() && now.After(m.Envelope.Expires)
}

// Class is how pressing a campaign is: it decides lane, policies and who must
// approve.
type Class uint8

const (
	Routine Class = iota
	Urgent
	Emergency

	// Classes is how many there are.
	Classes = 3
)

var classNames = [Classes]string{"routine", "urgent", "emergency"}

// String is the class's name in definitions, lanes and metrics.
func (c Class) String() string {
	if c < Classes {
		return classNames[c]
	}
	return "class?"
}

// ParseClass reads a class's name.
func ParseClass(name string) (Class, bool) {
	for i, n := range classNames {
		if n == name {
			return Class(i), true
		}
	}
	return 0, false
}
