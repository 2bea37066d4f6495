package linktest

import (
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Survives offers msgs, gives the session a frame twice, as a carrier without manners
// may, and checks the result: a settled message is counted once, no place of the window
// is lost, and a frame that answers no submit settles nothing. It returns the acks.
func Survives(t *testing.T, r *link.Rehearsal, msgs []sms.Message, frame []byte, answers bool) []sms.Ack {
	t.Helper()
	acks := make([]sms.Ack, len(msgs))
	r.Offer(msgs, acks)
	r.Written()
	before := r.Open()
	for range 2 {
		if r.Hear(frame) != nil {
			break
		}
	}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	settled := 0
	for i := range acks {
		if acks[i].Outcome != sms.NotSent {
			settled++
		}
	}
	if !answers && settled > 0 {
		t.Fatalf("a frame that answers no submit settled %d messages", settled)
	}
	if before-r.Open() != settled {
		t.Fatalf("%d messages are settled, %d counted", settled, before-r.Open())
	}
	return acks
}
