package providertest_test

import (
	"sync/atomic"
	"testing"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
)

func TestAnswersThatNeverComeLeaveTheWindowInDoubtAndRenewTheLine(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		const timeout = 20 * time.Second
		play{account: account{window: 2, timeout: timeout}, script: firstThenWell(func(p *peer) {
			p.serveSubmits(func(heard) {})
		}), act: func(s *stage) {
			s.up()
			began := time.Now()
			acks := s.submit(warnings(5, true))
			if took := time.Since(began); took < timeout || took > timeout+3*time.Second {
				s.t.Errorf("took %v, want about %v", took, timeout)
			}
			for i, a := range acks {
				if i < 2 {
					wantAck(s.t, a, sms.Unknown, sms.LineDown)
				} else {
					wantAck(s.t, a, sms.NotSent, sms.LineDown)
				}
			}
			s.renewed(2)
			s.another()
		}}.inMemory(t, g)
	})
}

// SGIP has no test of an idle line: there it is found by the next message.
func TestAPeerThatIsGoneWithoutAWordIsFoundWithinThirtySeconds(t *testing.T) {
	const idle, timeout = 15 * time.Second, 20 * time.Second
	inEach(t, func(t *testing.T, g *tongue) {
		swallow := firstThenWell(func(p *peer) { p.serve(func(heard) {}) })
		t.Run("idle", func(t *testing.T) {
			play{account: account{idle: idle, timeout: timeout}, script: swallow, act: func(s *stage) {
				s.up()
				time.Sleep(30 * time.Second)
				if g.tests {
					s.renewed(2)
					s.another()
					return
				}
				s.wantDials(1)
				wantAck(s.t, s.submit(warnings(1, true))[0], sms.Unknown, sms.LineDown)
				s.renewed(2)
				s.another()
			}}.inMemory(t, g)
		})
		t.Run("with a window under way", func(t *testing.T) {
			play{account: account{idle: idle, timeout: timeout, window: 3}, script: swallow, act: func(s *stage) {
				s.up()
				began := time.Now()
				for i, a := range s.submit(warnings(4, true)) {
					if i < 3 {
						wantAck(s.t, a, sms.Unknown, sms.LineDown)
					} else {
						wantAck(s.t, a, sms.NotSent, sms.LineDown)
					}
				}
				if took := time.Since(began); took > 30*time.Second {
					s.t.Errorf("took %v, want at most 30 s", took)
				}
				s.renewed(2)
				s.another()
			}}.inMemory(t, g)
		})
	})
}

// A line stays as long as its tests are answered; the one that is not costs it.
func TestASilentKeepAliveEndsTheLineAndAnAnsweredOneKeepsIt(t *testing.T) {
	const idle = 20 * time.Second
	inEach(t, func(t *testing.T, g *tongue) {
		var asked atomic.Int32 // on the first connection
		play{account: account{idle: idle}, script: func(p *peer) {
			p.letIn()
			p.serve(func(h heard) {
				if h.kind == keepAlive && p.N == 1 && asked.Add(1) > 3 {
					return
				}
				p.usual(h)
			})
		}, act: func(s *stage) {
			s.up()
			if !g.tests {
				time.Sleep(time.Hour)
				if s.wantDials(1); asked.Load() != 0 {
					s.t.Errorf("got %d tests of the line, want none: SGIP has no PDU for it", asked.Load())
				}
				s.another()
				return
			}
			time.Sleep(3*idle + 5*time.Second)
			if s.wantDials(1); asked.Load() != 3 {
				s.t.Errorf("got %d tests in %v, want 3", asked.Load(), 3*idle)
			}
			time.Sleep(idle + link.DialTimeout + 3*time.Second)
			s.renewed(2)
			time.Sleep(time.Hour)
			s.wantDials(2)
			s.another()
		}}.inMemory(t, g)
	})
}

// What the carrier asks is answered, and nothing is thought of it.
func TestTheCarriersOwnTestOfTheLineIsAnswered(t *testing.T) {
	inEachThat(t, func(g *tongue) bool { return g.ask != nil }, func(t *testing.T, g *tongue) {
		var answered atomic.Uint32
		play{account: account{idle: time.Hour}, script: func(p *peer) {
			p.letIn()
			p.Say(p.ask(4711))
			p.serve(func(h heard) {
				if h.kind == other {
					answered.Store(h.sequence)
				}
				p.usual(h)
			})
		}, act: func(s *stage) {
			s.up()
			s.another()
			if got := answered.Load(); got != 4711 {
				s.t.Errorf("got an answer to %d, want to 4711", got)
			}
			s.wantDials(1)
		}}.inBoth(t, g)
	})
}

// A PDU that does not end is not a word of life, however slowly it comes.
func TestAnAnswerThatDripsIsNotWaitedForForever(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		const timeout = 20 * time.Second
		play{account: account{timeout: timeout}, script: firstThenWell(func(p *peer) {
			h := p.submits(1)[0]
			answer := p.answer(h, 0)
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				p.serve(func(heard) {})
			}()
			for i := range answer[:len(answer)-1] {
				p.Say(answer[i : i+1])
				select {
				case <-gone:
					return
				case <-time.After(2 * time.Second):
				}
			}
			<-gone
		}), act: func(s *stage) {
			s.up()
			began := time.Now()
			wantAck(s.t, s.submit(warnings(1, true))[0], sms.Unknown, sms.LineDown)
			if took := time.Since(began); took > timeout+3*time.Second {
				s.t.Errorf("took %v, want about %v", took, timeout)
			}
			s.renewed(2)
			s.another()
		}}.inMemory(t, g)
	})
}

// A carrier that reads nothing: what did not leave is not sent.
func TestACarrierThatReadsNothingHoldsNobodyForEver(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{script: firstThenWell(func(*peer) { time.Sleep(time.Minute) }), act: func(s *stage) {
			s.up()
			began := time.Now()
			wantAck(s.t, s.submit(warnings(1, true))[0], sms.NotSent, sms.LineDown)
			if took := time.Since(began); took > link.WriteTimeout+time.Second {
				s.t.Errorf("took %v, want about %v", took, link.WriteTimeout)
			}
			s.renewed(2)
			s.another()
		}}.inMemory(t, g)
	})
}
