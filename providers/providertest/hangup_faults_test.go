package providertest_test

import (
	"io"
	"testing"
)

// A carrier that is still speaking when we leave is heard out: a reset would look like a
// fault to it, and could take our goodbye with it.
func TestACarrierThatIsStillSpeakingAtTheGoodbyeIsNotReset(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		ended := make(chan error, 1)
		play{script: func(p *peer) {
			p.letIn()
			p.serve(func(h heard) {
				if p.usual(h); h.kind != goodbye {
					return
				}
				_, err := io.Copy(io.Discard, p.Conn)
				for range 3 {
					if err == nil {
						_, err = p.Conn.Write(p.message(p.sequence(), "", "hello"))
					}
				}
				ended <- err
			})
		}, act: func(s *stage) {
			s.up()
			s.another()
			s.stop()
			if err := <-s.ended; err != nil {
				s.t.Errorf("got %v", err)
			}
			s.ended <- nil
			if err := <-ended; err != nil {
				s.t.Errorf("the carrier got %v", err)
			}
		}}.overTCP(t, g)
	})
}
