package smpp

import (
	"testing"
	"time"

	"tocsin/providers/sms"
)

// What waits had its turn at the rate, and would leave in a burst by the other line.
func TestWhatWaitsForRoomWhenALineIsLostIsNotSentByAnother(t *testing.T) {
	play(t, Config{Window: 1, Connections: 2}, func(p *peer) {
		p.login()
		p.serveSubmits(func(h Header, body []byte) {
			if p.N == 1 {
				time.Sleep(time.Second)
				p.HangUp()
				return
			}
			time.Sleep(5 * time.Second)
			p.usual(h, body)
		})
	}, func(s *stage) {
		time.Sleep(time.Second) // both lines are up
		acks, done := s.Begin(texts(3))
		<-done
		got := map[sms.Outcome]int{}
		for _, a := range acks {
			got[a.Outcome]++
		}
		if got[sms.Unknown] != 1 || got[sms.NotSent] != 1 || got[sms.Taken] != 1 {
			t.Errorf("got %v, want one in doubt, one taken by the other line, one not sent", got)
		}
	})
}

// A batch that the carrier does not take is sent one by one, as long as its campaign has
// time and no longer.
func TestWhatIsSentAgainOneByOneIsNotSentTooLate(t *testing.T) {
	play(t, Config{Window: 1, Batch: 10}, func(p *peer) {
		p.login()
		p.serveSubmits(func(h Header, body []byte) {
			if h.ID == SubmitMulti {
				p.answer(h, StatusInvCmdID, nil)
				return
			}
			time.Sleep(time.Second)
			p.usual(h, body)
		})
	}, func(s *stage) {
		msgs := warnings(10)
		envelope := *msgs[0].Envelope
		envelope.Expires = time.Now().Add(3500 * time.Millisecond)
		for i := range msgs {
			msgs[i].Envelope = &envelope
		}
		acks, done := s.Begin(msgs)
		<-done
		for i, a := range acks {
			if want := map[bool]sms.Outcome{true: sms.Taken, false: sms.NotSent}[i < 4]; a.Outcome != want || want == sms.NotSent && a.Reason != sms.TooLate {
				t.Errorf("message %d: got %v %v, want %v", i, a.Outcome, a.Reason, want)
			}
		}
	})
}
