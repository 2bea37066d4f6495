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
