package providertest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
)

func TestALoginThatIsNeverAnsweredIsGivenUpAfterTenSecondsAndTriedAgain(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		for _, tt := range []struct {
			name string
			say  func(p *peer, h heard)
		}{
			{"silent", func(*peer, heard) {}},
			{"dripping", func(p *peer, h heard) { p.drip(p.admit(h, 0), time.Second) }},
			{"half an answer", func(p *peer, h heard) { p.Say(p.admit(h, 0)[:p.header]) }},
		} {
			t.Run(tt.name, func(t *testing.T) {
				play{script: func(p *peer) {
					if p.N > 2 {
						p.well()
						return
					}
					if h, ok := p.next(); ok {
						tt.say(p, h)
					}
					p.serve(func(h heard) { p.T.Errorf("got %x before the login was answered", h.frame) })
				}, act: func(s *stage) {
					s.until("the second call", func() bool { return len(s.dialled()) == 2 })
					if at := s.dialled(); at[1]-at[0] < link.DialTimeout || at[1]-at[0] > link.DialTimeout+time.Second {
						s.t.Errorf("called at %v, want a second time after about %v", at, link.DialTimeout)
					}
					wantAck(s.t, s.submit(warnings(1, true))[0], sms.NotSent, sms.LineDown)
					s.renewed(3)
					s.another()
				}}.inMemory(t, g)
			})
		}
	})
}

func TestALoginCutAnywhereIsTriedAgain(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		cut := func(after int) play {
			return play{script: func(p *peer) {
				if p.N > 1 {
					p.well()
					return
				}
				if h, ok := p.next(); ok {
					answer := p.admit(h, 0)
					p.Say(answer[:min(after, len(answer)-1)])
				}
				p.HangUp()
			}, act: func(s *stage) {
				s.renewed(2)
				s.another()
			}}
		}
		t.Run("in memory", func(t *testing.T) {
			for after := range 40 { // longer than any answer but for its last octet
				t.Run(fmt.Sprintf("behind octet %d", after), func(t *testing.T) { cut(after).inMemory(t, g) })
			}
		})
		t.Run("over TCP", func(t *testing.T) {
			for _, after := range []int{0, g.header, 40} {
				t.Run(fmt.Sprintf("behind octet %d", after), func(t *testing.T) { cut(after).overTCP(t, g) })
			}
		})
	})
}

func TestALoginAnsweredByGarbageIsTriedAgain(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		for _, tt := range []struct {
			name string
			junk func(p *peer, h heard) []byte
		}{
			{"another protocol", func(*peer, heard) []byte { return []byte("220 mail.example.org ESMTP ready for you\r\n") }},
			{"a length of 2^31", func(*peer, heard) []byte { return []byte{0x80, 0, 0, 0} }},
			{"another PDU", func(p *peer, _ heard) []byte { return p.bye(1) }},
			{"its own words", func(_ *peer, h heard) []byte { return h.frame }},
		} {
			t.Run(tt.name, func(t *testing.T) {
				play{script: func(p *peer) {
					if p.N > 1 {
						p.well()
						return
					}
					if h, ok := p.next(); ok {
						p.Say(tt.junk(p, h))
					}
					p.serve(func(h heard) { p.T.Errorf("got %x and was not let in", h.frame) })
				}, act: func(s *stage) {
					s.renewed(2)
					s.another()
				}}.inBoth(t, g)
			})
		}
	})
}

func TestAWrongLoginEndsTheRunAndIsNotTriedAgain(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		for _, status := range g.wrong {
			t.Run(fmt.Sprintf("status %d", status), func(t *testing.T) {
				play{script: func(p *peer) {
					if h, ok := p.next(); ok {
						p.Say(p.admit(h, status))
					}
					p.serve(func(h heard) { p.T.Errorf("got %x and was not let in", h.frame) })
				}, act: func(s *stage) {
					err := <-s.ended
					s.ended <- nil
					if !errors.Is(err, link.ErrCredentials) {
						s.t.Errorf("got %v, want %v", err, link.ErrCredentials)
					}
					s.wantDials(1)
					if l := s.provider.Line(); l.Up != 0 || l.Fault == "" {
						s.t.Errorf("got %+v, want it to say what is wrong", l)
					}
					wantAck(s.t, s.submit(warnings(1, true))[0], sms.NotSent, sms.LineDown)
				}}.inBoth(t, g)
			})
		}
	})
}

func TestALoginRefusedForAWhileIsTriedLessAndLessAndThenHolds(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		for _, status := range g.later {
			t.Run(fmt.Sprintf("status %d", status), func(t *testing.T) {
				const refusals = 12
				play{script: func(p *peer) {
					if p.N > refusals {
						p.well()
						return
					}
					if h, ok := p.next(); ok {
						p.Say(p.admit(h, status))
						p.HangUp()
					}
				}, act: func(s *stage) {
					wantAck(s.t, s.submit(warnings(1, true))[0], sms.NotSent, sms.LineDown)
					for len(s.dialled()) <= refusals {
						time.Sleep(time.Second)
					}
					s.renewed(refusals + 1)
					at := s.dialled()
					for i, least := 1, link.FirstPause/2; i < len(at); i++ {
						if pause := at[i] - at[i-1]; pause < least || pause > 3*least+time.Second {
							s.t.Errorf("pause %d is %v, want %v to %v", i, pause, least, 3*least)
						}
						least = min(2*least, link.LongestPause/2)
					}
					s.another()
				}}.inMemory(t, g)
			})
		}
	})
}

// Of two connections the carrier lets one in: that one works, undisturbed.
func TestACarrierThatAllowsFewerConnectionsIsUsedByThose(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		for _, tt := range []struct {
			name   string
			refuse func(p *peer)
		}{
			{"refused with a status", func(p *peer) {
				if h, ok := p.next(); ok {
					p.Say(p.admit(h, p.later[0]))
				}
			}},
			{"hung up on", func(*peer) {}},
			{"reset", (*peer).reset},
		} {
			t.Run(tt.name, func(t *testing.T) {
				play{account: account{connections: 2, window: 2}, script: func(p *peer) {
					if p.N == 1 {
						p.well()
						return
					}
					tt.refuse(p)
				}, act: func(s *stage) {
					s.up()
					s.until("the other one was tried again", func() bool { return len(s.dialled()) >= 3 })
					for _, a := range s.submit(warnings(50, true)) {
						wantAck(s.t, a, sms.Taken, sms.None)
					}
					if l := s.provider.Line(); l.Up != 1 {
						s.t.Errorf("got %+v, want one connection", l)
					}
				}}.inBoth(t, g)
			})
		}
	})
}

// Nothing more is sent behind the carrier's goodbye, and what it answers still counts.
func TestAGoodbyeInTheWindowKeepsTheAnswersBehindItAndSendsNothingMore(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{account: account{window: 2}, script: firstThenWell(func(p *peer) {
			all := p.submits(2)
			p.Say(p.bye(7))
			for _, h := range all {
				p.stage.took(h.to)
				p.SayAfter(10*time.Millisecond, p.answer(h, 0))
			}
			if h, ok := p.next(); !ok || h.kind != goodbyeAnswer || h.sequence != 7 {
				p.T.Errorf("got %x, %v, want the answer to goodbye and no submit", h.frame, ok)
			}
		}), act: func(s *stage) {
			s.up()
			acks := s.submit(warnings(3, true))
			wantAck(s.t, acks[0], sms.Taken, sms.None)
			wantAck(s.t, acks[1], sms.Taken, sms.None)
			wantAck(s.t, acks[2], sms.NotSent, sms.LineDown)
			s.renewed(2)
			s.another()
		}}.inBoth(t, g)
	})
}

func TestAGoodbyeWithoutAnswersLeavesTheWindowInDoubt(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		for _, tt := range []struct {
			name string
			then func(p *peer)
		}{
			{"and hangs up", func(*peer) {}},
			{"and waits", func(p *peer) {
				p.serve(func(h heard) {
					if h.kind == submit {
						p.T.Error("a submit behind the goodbye")
					}
				})
			}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				play{account: account{window: 3}, script: firstThenWell(func(p *peer) {
					p.take(p.submits(3)[0])
					p.Say(p.bye(7))
					tt.then(p)
				}), act: func(s *stage) {
					s.up()
					acks := s.submit(warnings(3, true))
					wantAck(s.t, acks[0], sms.Taken, sms.None)
					wantAck(s.t, acks[1], sms.Unknown, sms.LineDown)
					wantAck(s.t, acks[2], sms.Unknown, sms.LineDown)
					s.renewed(2)
					s.another()
				}}.inMemory(t, g)
			})
		}
	})
}

// The end of Run waits for what is in flight, and says goodbye.
func TestTheEndOfRunWaitsForAnswersAndSaysGoodbye(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		left := false
		play{account: account{window: 2}, script: func(p *peer) {
			p.letIn()
			for _, h := range p.submits(2) {
				p.stage.took(h.to)
				p.SayAfter(500*time.Millisecond, p.answer(h, 0))
			}
			p.serve(func(h heard) {
				left = left || h.kind == goodbye
				p.usual(h)
			})
		}, act: func(s *stage) {
			s.up()
			done := s.begin(warnings(2, true))
			s.until("both are under way", func() bool { return s.provider.Line().InFlight == 2 })
			s.stop()
			for _, a := range <-done {
				wantAck(s.t, a, sms.Taken, sms.None)
			}
			if err := <-s.ended; err != nil {
				s.t.Errorf("got %v", err)
			}
			s.ended <- nil
			if s.wantDials(1); !left {
				s.t.Error("it left without a goodbye")
			}
			wantAck(s.t, s.submitIn(context.Background(), warnings(1, true))[0], sms.NotSent, sms.LineDown)
		}}.inMemory(t, g)
	})
}
