package providertest_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"tocsin/providers/sms"
)

// Of three messages the first is answered, and the line is cut after so many octets of
// the second's answer.
func TestALineCutAnywhereAroundAnAnswerLeavesOnlyTheUnansweredInDoubt(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		size := answerSize(t, g)
		cut := func(after int) play {
			return play{account: account{window: 10}, script: firstThenWell(func(p *peer) {
				all := p.submits(3)
				p.take(all[0])
				if after == size {
					p.stage.took(all[1].to)
				}
				p.Say(p.answer(all[1], 0)[:after])
				p.HangUp()
			}), act: func(s *stage) {
				s.up()
				acks := s.submit(warnings(3, true))
				wantAck(s.t, acks[0], sms.Taken, sms.None)
				if after < size {
					wantAck(s.t, acks[1], sms.Unknown, sms.LineDown)
				} else {
					wantAck(s.t, acks[1], sms.Taken, sms.None)
				}
				wantAck(s.t, acks[2], sms.Unknown, sms.LineDown)
				s.renewed(2)
				s.another()
			}}
		}
		t.Run("in memory", func(t *testing.T) {
			for after := range size + 1 {
				t.Run(fmt.Sprintf("behind octet %d", after), func(t *testing.T) { cut(after).inMemory(t, g) })
			}
		})
		t.Run("over TCP", func(t *testing.T) {
			for _, after := range []int{0, 1, g.header, size - 1, size} {
				t.Run(fmt.Sprintf("behind octet %d", after), func(t *testing.T) { cut(after).overTCP(t, g) })
			}
		})
	})
}

// answerSize is how long the answer to a submit is.
func answerSize(t *testing.T, g *tongue) (size int) {
	t.Helper()
	play{script: func(p *peer) {
		p.letIn()
		p.serveSubmits(func(h heard) {
			size = len(p.answer(h, 0))
			p.take(h)
		})
	}, act: func(s *stage) {
		s.up()
		s.another()
	}}.inMemory(t, g)
	return size
}

func TestALineThatIsResetLeavesDoubtAndComesBack(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{account: account{window: 10}, script: firstThenWell(func(p *peer) {
			p.take(p.submits(3)[0])
			p.reset()
		}), act: func(s *stage) {
			s.up()
			acks := s.submit(warnings(3, true))
			if a := acks[0]; a.Outcome != sms.Taken { // a reset may overtake an answer
				wantAck(s.t, a, sms.Unknown, sms.LineDown)
			}
			wantAck(s.t, acks[1], sms.Unknown, sms.LineDown)
			wantAck(s.t, acks[2], sms.Unknown, sms.LineDown)
			s.renewed(2)
			s.another()
		}}.inBoth(t, g)
	})
}

// A batch shares its request's fate.
func TestALineCutLeavesWholeBatchesInDoubtAndOthersUnsent(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{account: account{window: 2, batch: 10}, script: firstThenWell(func(p *peer) {
			all := p.submits(2)
			p.take(all[0])
			all = append(all, p.submits(1)...)
			for i, h := range all {
				if len(h.to) != 10 {
					p.T.Errorf("request %d has %d recipients, want 10", i, len(h.to))
				}
			}
			p.HangUp()
		}), act: func(s *stage) {
			s.up()
			msgs := warnings(50, false)
			msgs[0].Envelope.Receipt = false // with receipts CMPP 2.0 has no batches
			for i, a := range s.submit(msgs) {
				switch i / 10 {
				case 0:
					wantAck(s.t, a, sms.Taken, sms.None)
				case 1, 2:
					wantAck(s.t, a, sms.Unknown, sms.LineDown)
				default:
					wantAck(s.t, a, sms.NotSent, sms.LineDown)
				}
			}
			s.renewed(2)
			s.another()
		}}.inBoth(t, g)
	})
}

// A network that brings PDUs octet by octet brings them.
func TestFramesTornAtEveryOctetAreWhole(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{account: account{window: 4}, script: func(p *peer) {
			h, _ := p.next()
			p.drip(p.admit(h, 0), time.Millisecond)
			p.serve(func(h heard) {
				if h.kind != submit {
					p.usual(h)
					return
				}
				p.stage.took(h.to)
				answer := p.answer(h, 0)
				at := int(p.sequence()) % len(answer)
				p.Say(answer[:at])
				p.SayAfter(time.Millisecond, answer[at:])
				p.drip(p.receipt(p.sequence(), p.id(h), h.to[0], true), 0)
			})
		}, act: func(s *stage) {
			s.up()
			const n = 40
			for _, a := range s.submit(warnings(n, true)) {
				wantAck(s.t, a, sms.Taken, sms.None)
			}
			s.until("all receipts came", func() bool { return len(s.came()) == n })
			s.wantDials(1)
		}}.inBoth(t, g)
	})
}

// A cutConn writes so many octets more once it is armed, and breaks.
type cutConn struct {
	net.Conn
	armed bool
	left  int
}

func (c *cutConn) Write(b []byte) (int, error) {
	if !c.armed {
		return c.Conn.Write(b)
	}
	n, _ := c.Conn.Write(b[:min(c.left, len(b))])
	c.Conn.Close()
	return n, net.ErrClosed
}

func TestWhatDidNotLeaveIsNotSentAndHalfOfARequestIsInDoubt(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		size := 0 // of a submit
		play{script: func(p *peer) {
			p.letIn()
			p.serveSubmits(func(h heard) {
				size = len(h.frame)
				p.take(h)
			})
		}, act: func(s *stage) {
			s.up()
			s.submit(warnings(1, true))
		}}.inMemory(t, g)
		for _, tt := range []struct {
			name       string
			left, sent int // octets, and PDUs of which an octet left
		}{
			{"before the first octet", 0, 0},
			{"behind the first octet", 1, 1},
			{"inside the first PDU", size - 1, 1},
			{"between two PDUs", size, 1},
			{"behind the first octet of the second", size + 1, 2},
			{"before the last octet of all", 3*size - 1, 3},
			{"behind the last octet of all", 3 * size, 3},
		} {
			t.Run(tt.name, func(t *testing.T) {
				var cut *cutConn
				play{account: account{window: 10}, wrap: func(c net.Conn) net.Conn {
					cut = &cutConn{Conn: c, left: tt.left}
					return cut
				}, script: firstThenWell(func(p *peer) { p.serve(func(heard) {}) }), act: func(s *stage) {
					s.up()
					cut.armed = true
					for i, a := range s.submit(warnings(3, true)) {
						if i < tt.sent {
							wantAck(s.t, a, sms.Unknown, sms.LineDown)
						} else {
							wantAck(s.t, a, sms.NotSent, sms.LineDown)
						}
					}
					s.renewed(2)
					s.another()
				}}.inBoth(t, g)
			})
		}
	})
}

func TestMalformedFramesEndTheLineOnly(t *testing.T) {
	length := func(n uint32) func(*peer, heard) []byte {
		return func(p *peer, _ heard) []byte {
			return append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, make([]byte, 40)...)
		}
	}
	inEach(t, func(t *testing.T, g *tongue) {
		for _, tt := range []struct {
			name string
			junk func(p *peer, h heard) []byte
		}{
			{"a length of 0", length(0)},
			{"a length just below a header", length(uint32(g.header) - 1)},
			{"a length just over the limit", length(uint32(g.max) + 1)},
			{"a length of 2^31", length(1 << 31)},
			{"the largest length", length(1<<32 - 1)},
			{"garbage", func(*peer, heard) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }},
			{"a certificate", func(*peer, heard) []byte {
				return []byte{0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE}
			}},
			{"an answer whose body is cut", func(p *peer, h heard) []byte {
				answer := p.answer(h, 0)[:p.header+3]
				answer[3] = byte(len(answer))
				return answer
			}},
			{"a receipt whose fields do not end", func(p *peer, _ heard) []byte { return p.torn(9) }},
		} {
			t.Run(tt.name, func(t *testing.T) {
				play{script: firstThenWell(func(p *peer) {
					h := p.submits(1)[0]
					p.Say(tt.junk(p, h))
					p.serve(func(h heard) {
						if h.kind == acknowledgement || h.kind == submit {
							p.T.Errorf("got %x behind what is no PDU", h.frame)
						}
					})
				}), act: func(s *stage) {
					s.up()
					if a := s.submit(warnings(2, true)); a[0].Outcome != sms.Unknown || a[1].Outcome != sms.NotSent {
						s.t.Errorf("got %v and %v, want %v and %v", a[0].Outcome, a[1].Outcome, sms.Unknown, sms.NotSent)
					}
					s.renewed(2)
					s.another()
					if came := s.came(); len(came) > 0 {
						s.t.Errorf("got %v received of it", came)
					}
				}}.inBoth(t, g)
			})
		}
	})
}

// The name of the carrier leads elsewhere: lines that are up stay, calls go to the new place.
func TestEveryCallAsksAnewWhereTheCarrierIs(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{script: (*peer).well, act: func(s *stage) {
			s.up()
			s.nobody(true)
			s.another()
			s.wantDials(1)
			s.cut()
			s.until("it has called where nobody is", func() bool { return len(s.dialled()) >= 3 })
			wantAck(s.t, s.submit(warnings(1, true))[0], sms.NotSent, sms.LineDown)
			s.nobody(false)
			s.up()
			s.another()
		}}.inBoth(t, g)
	})
}
