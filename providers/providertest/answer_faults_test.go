package providertest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"tocsin/providers/sms"
)

// Whatever the carrier says for now, the same message is for later, with the carrier's own
// number; in the end it is taken, and nothing is sent again by the link itself.
func TestThrottledOnEveryAnswerIsForLaterAndTakenInTheEnd(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		for code, reason := range g.temporary {
			t.Run(fmt.Sprintf("with %d", code), func(t *testing.T) {
				const rounds = 5
				play{account: account{window: 4}, script: func(p *peer) {
					p.letIn()
					asked := 0
					p.serveSubmits(func(h heard) {
						if asked++; asked <= rounds*8 {
							p.Say(p.answer(h, code))
						} else {
							p.take(h)
						}
					})
				}, act: func(s *stage) {
					s.up()
					msgs := warnings(8, true)
					for range rounds {
						for _, a := range s.submit(msgs) {
							if wantAck(s.t, a, sms.NotNow, reason); a.Code != code {
								s.t.Errorf("got code %d, want %d", a.Code, code)
							}
						}
					}
					for _, a := range s.submit(msgs) {
						wantAck(s.t, a, sms.Taken, sms.None)
					}
					s.wantDials(1)
				}}.inBoth(t, g)
			})
		}
	})
}

func TestRefusedForGoodIsRefusedWithItsReasonAndTheOthersTaken(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		for code, reason := range g.permanent {
			t.Run(fmt.Sprintf("with %d", code), func(t *testing.T) {
				play{account: account{window: 4}, script: func(p *peer) {
					p.letIn()
					p.serveSubmits(func(h heard) {
						if h.to[0]%2 == 1 {
							p.Say(p.answer(h, code))
						} else {
							p.take(h)
						}
					})
				}, act: func(s *stage) {
					s.up()
					msgs := warnings(20, true)
					for i, a := range s.submit(msgs) {
						if msgs[i].To%2 == 0 {
							wantAck(s.t, a, sms.Taken, sms.None)
						} else if wantAck(s.t, a, sms.Refused, reason); a.Code != code {
							s.t.Errorf("got code %d, want %d", a.Code, code)
						}
					}
					s.wantDials(1)
				}}.inBoth(t, g)
			})
		}
	})
}

// Answers may come in any order; each finds its own request, and the window is never
// exceeded.
func TestAnswersOutOfOrderFindTheirOwnRequests(t *testing.T) {
	const window = 5
	inEach(t, func(t *testing.T, g *tongue) {
		refs := map[sms.Number]string{} // as the carrier named them
		play{account: account{window: window}, script: func(p *peer) {
			p.letIn()
			var waiting []heard
			p.serveSubmits(func(h heard) {
				if len(waiting) >= window {
					p.T.Errorf("%d requests are open, the window is %d", len(waiting)+1, window)
				}
				if waiting = append(waiting, h); len(waiting) < window {
					return
				}
				open := waiting
				waiting = nil
				slices.Reverse(open)
				open[0], open[2] = open[2], open[0]
				for _, h := range open {
					p.stage.mu.Lock()
					refs[h.to[0]] = p.ref(p.id(h))
					p.stage.mu.Unlock()
					p.take(h)
				}
			})
		}, act: func(s *stage) {
			s.up()
			msgs := warnings(6*window, true)
			acks := s.submit(msgs)
			s.mu.Lock()
			defer s.mu.Unlock()
			for i, a := range acks {
				wantAck(s.t, a, sms.Taken, sms.None)
				if ref, rest := a.Refs.Next(); string(ref) != refs[msgs[i].To] || len(rest) > 0 {
					s.t.Errorf("message %d: got reference %q, want %q", i, ref, refs[msgs[i].To])
				}
			}
		}}.inBoth(t, g)
	})
}

func TestAnswersToNobodyAndAnswersTwiceChangeNothing(t *testing.T) {
	const window = 4
	inEach(t, func(t *testing.T, g *tongue) {
		for _, tt := range []struct {
			name string
			junk func(p *peer, h heard) []byte
		}{
			{"of a sequence number never used", func(p *peer, h heard) []byte { return p.answer(p.resequenced(h, h.sequence+1<<12), 0) }},
			{"of a place that the window has not", func(p *peer, h heard) []byte { return p.answer(p.resequenced(h, h.sequence|0xFFF), 0) }},
			{"of sequence number 0", func(p *peer, h heard) []byte { return p.answer(p.resequenced(h, 0), 0) }},
			{"of the largest sequence number", func(p *peer, h heard) []byte { return p.answer(p.resequenced(h, 1<<32-1), 0) }},
			{"twice, as taken", func(p *peer, h heard) []byte { return p.answer(h, 0) }},
			{"twice, the second time throttled", func(p *peer, h heard) []byte { return p.answer(h, p.throttled) }},
			{"a login's", func(p *peer, h heard) []byte { return p.admit(heard{frame: p.hello, sequence: h.sequence}, 0) }},
			{"a test's", func(p *peer, h heard) []byte {
				if p.ask == nil {
					return nil
				}
				return p.empty(p.read(p.ask(h.sequence)))
			}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				play{account: account{window: window}, script: func(p *peer) {
					p.letIn()
					var waiting []heard
					p.serveSubmits(func(h heard) {
						if waiting = append(waiting, h); len(waiting) < window {
							return
						}
						for _, h := range waiting {
							p.take(h)
							if junk := tt.junk(p, h); junk != nil {
								p.Say(junk)
							}
						}
						waiting = nil
					})
				}, act: func(s *stage) {
					s.up()
					for round := range 3 {
						msgs := warnings(3*window, true)
						var refs []string
						for i := range msgs {
							msgs[i].To += sms.Number(1000 * round)
						}
						for _, a := range s.submit(msgs) {
							wantAck(s.t, a, sms.Taken, sms.None)
							ref, _ := a.Refs.Next()
							refs = append(refs, string(ref))
						}
						slices.Sort(refs)
						if n := len(slices.Compact(refs)); n != len(msgs) {
							s.t.Errorf("got %d references for %d messages", n, len(msgs))
						}
					}
					if l := s.provider.Line(); l.InFlight != 0 {
						s.t.Errorf("got %+v, want nothing in flight", l)
					}
					s.wantDials(1)
				}}.inBoth(t, g)
			})
		}
	})
}

func TestAnAnswerAfterItsCallerGaveUpIsNobodys(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		second := "" // the reference of the next one
		play{account: account{window: 1}, script: func(p *peer) {
			p.letIn()
			asked := 0
			p.serveSubmits(func(h heard) {
				p.stage.took(h.to)
				if asked++; asked == 1 {
					p.SayAfter(2*time.Second, p.answer(h, 0))
					return
				}
				p.stage.mu.Lock()
				second = p.ref(p.id(h))
				p.stage.mu.Unlock()
				p.Say(p.answer(h, 0))
			})
		}, act: func(s *stage) {
			s.up()
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			acks := s.submitIn(ctx, warnings(2, true))
			wantAck(s.t, acks[0], sms.Unknown, sms.NoAnswer)
			wantAck(s.t, acks[1], sms.NotSent, sms.NoAnswer)
			if ref, _ := s.another().Refs.Next(); string(ref) != second {
				s.t.Errorf("got reference %q, want the second's, %q", ref, second)
			}
			s.wantDials(1)
		}}.inMemory(t, g)
	})
}

// An answer that comes when it is not waited for any more finds its line cut; the
// receipt, on the next one, still says what became of the message.
func TestALateAnswerCostsItsLineAndTheReceiptStillComes(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		const timeout = 10 * time.Second
		var late heard
		play{account: account{window: 2, timeout: timeout}, script: func(p *peer) {
			p.letIn()
			if p.N > 1 {
				p.stage.mu.Lock()
				p.Say(p.receipt(p.sequence(), p.id(late), late.to[0], true))
				p.stage.mu.Unlock()
				p.serve(p.usual)
				return
			}
			h := p.submits(1)[0]
			p.stage.mu.Lock()
			late = h
			p.stage.mu.Unlock()
			p.SayAfter(timeout+5*time.Second, p.answer(h, 0))
			p.serve(func(heard) {})
		}, act: func(s *stage) {
			s.up()
			msgs := warnings(1, true)
			wantAck(s.t, s.submit(msgs)[0], sms.Unknown, sms.LineDown)
			s.renewed(2)
			s.until("the receipt came", func() bool { return len(s.came()) == 1 })
			if w := s.came()[0]; w.to != msgs[0].To || w.state != sms.Delivered || w.ref != g.ref(g.id(late)) {
				s.t.Errorf("got %+v received", w)
			}
			time.Sleep(time.Minute)
			s.another()
			s.wantDials(2)
		}}.inMemory(t, g)
	})
}
