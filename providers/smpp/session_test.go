package smpp

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
)

func TestASilentLineIsTestedAndCut(t *testing.T) {
	var asked atomic.Int32 // on the first connection
	play(t, Config{EnquireLink: 20 * time.Second}, func(p *peer) {
		p.login()
		p.serve(func(h Header, body []byte) {
			if h.ID != EnquireLink {
				p.usual(h, body)
				return
			}
			if p.N > 1 || asked.Add(1) <= 3 { // the first falls silent after three answers
				p.usual(h, body)
			}
		})
	}, func(s *stage) {
		time.Sleep(62 * time.Second)
		synctest.Wait()
		if s.WantDials(1); asked.Load() != 3 {
			t.Errorf("got %d questions in 62 s, want 3", asked.Load())
		}
		time.Sleep(20*time.Second + link.DialTimeout + 3*time.Second)
		synctest.Wait()
		if s.WantDials(2); s.Provider.Line().Up != 1 {
			t.Errorf("got %+v, want the line renewed", s.Provider.Line())
		}
		time.Sleep(time.Hour)
		s.WantDials(2) // one that answers stays
	})
}

// A PDU that never ends is not a word of life, however slowly it comes.
func TestACarrierThatDripsHoldsNoLine(t *testing.T) {
	play(t, Config{EnquireLink: 20 * time.Second}, func(p *peer) {
		p.login()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			p.serve(func(Header, []byte) {})
		}()
		for _, c := range append([]byte{0, 1, 0, 0}, make([]byte, 1<<16-4)...) {
			p.Say([]byte{c})
			select {
			case <-gone:
				return
			case <-time.After(time.Second):
			}
		}
	}, func(s *stage) {
		acks, done := s.Begin(texts(1))
		time.Sleep(20*time.Second + link.DialTimeout + 3*time.Second)
		synctest.Wait()
		s.WantDials(2)
		<-done
		linktest.WantAck(t, acks[0], sms.Unknown, sms.LineDown)
	})
}

func TestAnAnswerThatNeverComesLeavesDoubt(t *testing.T) {
	play(t, Config{Window: 2, ResponseTimeout: 30 * time.Second}, func(p *peer) {
		p.login()
		p.serveSubmits(func(h Header, body []byte) {
			if p.N > 1 {
				p.usual(h, body)
			}
		})
	}, func(s *stage) {
		acks, done := s.Begin(texts(3)) // two fill the window
		time.Sleep(29 * time.Second)
		synctest.Wait()
		s.WantDials(1)
		time.Sleep(3 * time.Second)
		<-done
		linktest.WantAck(t, acks[0], sms.Unknown, sms.LineDown)
		linktest.WantAck(t, acks[1], sms.Unknown, sms.LineDown)
		linktest.WantAck(t, acks[2], sms.NotSent, sms.LineDown)
		time.Sleep(time.Second)
		s.WantDials(2)
		linktest.WantAck(t, s.Submit(texts(1))[0], sms.Taken, sms.None)
	})
}

func TestAnswersNobodyWaitsForAreIgnored(t *testing.T) {
	const window = 4
	for _, tt := range []struct {
		name string
		junk func(p *peer, h Header)
	}{
		{"of a sequence number never used", func(p *peer, h Header) { p.answer(Header{ID: h.ID, Sequence: h.Sequence + 1<<12}, 0, nil) }},
		{"of a slot that there is not", func(p *peer, h Header) { p.answer(Header{ID: h.ID, Sequence: h.Sequence | link.MaxWindow}, 0, nil) }},
		{"of sequence number 0", func(p *peer, h Header) { p.answer(Header{ID: h.ID}, 0, nil) }},
		{"twice", func(p *peer, h Header) { p.answer(h, StatusThrottled, nil) }},
		{"to nothing ever asked", func(p *peer, h Header) { p.answer(Header{ID: 0x03, Sequence: h.Sequence}, 0, nil) }},
		{"to an enquire_link never sent", func(p *peer, h Header) { p.answer(Header{ID: EnquireLink, Sequence: h.Sequence}, 0, nil) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, Config{Window: window}, func(p *peer) {
				p.login()
				open := 0
				var waiting []Header
				p.serveSubmits(func(h Header, _ []byte) {
					if open++; open > window {
						t.Errorf("%d PDUs are open, the window is %d", open, window)
					}
					if waiting = append(waiting, h); len(waiting) < window {
						return
					}
					open = 0
					for _, h := range waiting {
						p.usual(h, nil)
						tt.junk(p, h)
					}
					waiting = nil
				})
			}, func(s *stage) {
				for range 3 {
					acks := s.Submit(texts(3 * window))
					var refs []string
					for _, a := range acks {
						linktest.WantAck(t, a, sms.Taken, sms.None)
						ref, _ := a.Refs.Next()
						refs = append(refs, string(ref))
					}
					slices.Sort(refs)
					if n := len(slices.Compact(refs)); n != len(acks) {
						t.Errorf("got %d references for %d messages", n, len(acks))
					}
				}
				if l := s.Provider.Line(); l.InFlight != 0 {
					t.Errorf("got %+v, want nothing in flight", l)
				}
				s.WantDials(1)
			})
		})
	}
}

func TestAnAnswerAfterItsCallerGaveUpIsIgnored(t *testing.T) {
	play(t, Config{Window: 1}, func(p *peer) {
		p.login()
		first := true
		p.serveSubmits(func(h Header, body []byte) {
			if first {
				time.Sleep(2 * time.Second)
			}
			first = false
			p.usual(h, body)
		})
	}, func(s *stage) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		acks := make([]sms.Ack, 2)
		s.Provider.Submit(ctx, texts(2), acks)
		linktest.WantAck(t, acks[0], sms.Unknown, sms.NoAnswer)
		linktest.WantAck(t, acks[1], sms.NotSent, sms.NoAnswer)
		a := s.Submit(texts(1))[0] // waits for the window
		linktest.WantAck(t, a, sms.Taken, sms.None)
		if ref, _ := a.Refs.Next(); string(ref) != "2000" { // the second request, slot 0
			t.Errorf("got reference %q, want the second's", ref)
		}
		linktest.WantAck(t, acks[0], sms.Unknown, sms.NoAnswer)
		s.WantDials(1)
	})
}

func TestALineThatEndsLeavesDoubtAndComesBack(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(p *peer, h Header)
	}{
		{"with half a PDU", func(p *peer, h Header) {
			p.Say(p.pdu(h.ID|Response, 0, h.Sequence, &Answer{ID: []byte("1")})[:17])
			p.HangUp()
		}},
		{"with an unbind", func(p *peer, _ Header) {
			p.Say(AppendEmpty(nil, UnbindCommand, 0, 7))
			if h, _, ok := p.next(); !ok || h.ID != UnbindCommand|Response || h.Sequence != 7 {
				p.T.Errorf("got %+v, %v, want an answer to unbind", h, ok)
			}
		}},
		{"with a generic_nack to nothing", func(p *peer, _ Header) { p.Say(AppendEmpty(nil, GenericNack, StatusInvCmdLen, 0)) }},
		{"with a length of 0", func(p *peer, _ Header) { p.Say(make([]byte, 16)) }},
		{"with a length of 15", func(p *peer, _ Header) { p.Say([]byte{0, 0, 0, 15, 0x80, 0, 0, 4}) }},
		{"with a length of 2^31", func(p *peer, _ Header) { p.Say([]byte{0x80, 0, 0, 0}) }},
		{"with a length just over the limit", func(p *peer, _ Header) { p.Say([]byte{0, 1, 0x10, 1}) }},
		{"with garbage", func(p *peer, _ Header) { p.Say([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }},
		{"with a message_id that does not end", func(p *peer, h Header) {
			p.Say(End(append(Begin(nil, h.ID|Response, 0, h.Sequence), "0123"...), 0))
		}},
		{"with a receipt whose fields do not end", func(p *peer, _ Header) {
			p.Say(End(append(Begin(nil, DeliverSM, 0, 1), "0123456789"...), 0))
		}},
		{"with a receipt whose parameters do not add up", func(p *peer, _ Header) {
			b := p.pdu(DeliverSM, 0, 1, &Deliver{Submit{Source: person, Message: Message{Class: 4}}})
			p.Say(End(append(b, 0, 0x1E, 0, 9, 'a'), 0))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, Config{}, func(p *peer) {
				p.login()
				if p.N > 1 {
					p.serve(p.usual)
					return
				}
				h, _, _ := p.next()
				tt.end(p, h)
				p.serve(func(h Header, _ []byte) {
					if h.ID&Response != 0 {
						t.Errorf("got PDU %#x for an answer to what is none", h.ID)
					}
				})
			}, func(s *stage) {
				linktest.WantAck(t, s.Submit(texts(1))[0], sms.Unknown, deathOf(tt.name))
				time.Sleep(time.Second)
				s.WantDials(2)
				linktest.WantAck(t, s.Submit(texts(1))[0], sms.Taken, sms.None)
			})
		})
	}
}

func TestAnAnswerBehindTheCarriersGoodbyeCounts(t *testing.T) {
	play(t, Config{Window: 2}, func(p *peer) {
		p.login()
		if p.N > 1 {
			p.serve(p.usual)
			return
		}
		first, _, _ := p.next()
		second, _, _ := p.next()
		p.Say(AppendEmpty(nil, UnbindCommand, 0, 7))
		time.Sleep(time.Second)
		p.usual(first, nil)
		p.usual(second, nil)
		if h, _, ok := p.next(); !ok || h.ID != UnbindCommand|Response || h.Sequence != 7 {
			t.Errorf("got %+v, %v, want the answer to unbind and no submit", h, ok)
		}
	}, func(s *stage) {
		acks := s.Submit(texts(3))
		linktest.WantAck(t, acks[0], sms.Taken, sms.None)
		linktest.WantAck(t, acks[1], sms.Taken, sms.None)
		linktest.WantAck(t, acks[2], sms.NotSent, sms.LineDown)
		time.Sleep(time.Second)
		s.WantDials(2)
		linktest.WantAck(t, s.Submit(texts(1))[0], sms.Taken, sms.None)
	})
}

// deathOf is why a message is in doubt: an answer that cannot be read is the
// carrier's fault, any other end the line's.
func deathOf(name string) sms.Reason {
	if name == "with a message_id that does not end" {
		return sms.CarrierFault
	}
	return sms.LineDown
}

func TestASubmitIsAnsweredByANack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status uint32
		want   sms.Outcome
		reason sms.Reason
	}{
		{"throttled", StatusThrottled, sms.NotNow, sms.Throttled},
		{"unknown command", StatusInvCmdID, sms.NotNow, sms.BadRequest},
		{"command length", StatusInvCmdLen, sms.NotNow, sms.CarrierFault},
		{"status 0 says nothing", StatusOK, sms.Unknown, sms.CarrierFault},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, Config{}, func(p *peer) {
				p.login()
				p.serveSubmits(func(h Header, _ []byte) { p.Say(AppendEmpty(nil, GenericNack, tt.status, h.Sequence)) })
			}, func(s *stage) {
				a := s.Submit(texts(1))[0]
				if linktest.WantAck(t, a, tt.want, tt.reason); a.Code != tt.status {
					t.Errorf("got code %#x, want %#x", a.Code, tt.status)
				}
				s.WantDials(1)
			})
		})
	}
}

func TestALoginThatDoesNotHoldIsRenewed(t *testing.T) {
	play(t, Config{Window: 3}, func(p *peer) {
		p.login()
		var held []Header
		p.serveSubmits(func(h Header, body []byte) {
			if p.N > 1 {
				p.usual(h, body)
			} else if held = append(held, h); len(held) == 3 {
				p.answer(held[0], StatusInvBind, nil)
				time.Sleep(time.Second) // the others were taken, and nothing more may come
				p.usual(held[1], nil)
				p.usual(held[2], nil)
			} else if len(held) > 3 {
				t.Error("a submit on a line that is not logged in")
			}
		})
	}, func(s *stage) {
		acks := s.Submit(texts(4))
		linktest.WantAck(t, acks[0], sms.NotNow, sms.LineDown)
		linktest.WantAck(t, acks[1], sms.Taken, sms.None)
		linktest.WantAck(t, acks[2], sms.Taken, sms.None)
		linktest.WantAck(t, acks[3], sms.NotSent, sms.LineDown)
		time.Sleep(time.Second)
		s.WantDials(2)
		linktest.WantAck(t, s.Submit(texts(1))[0], sms.Taken, sms.None)
	})
}

// A cutConn writes so many octets more once it is armed, and breaks.
type cutConn struct {
	net.Conn
	armed bool
	left  int
}

var errBroken = errors.New("broken pipe")

func (c *cutConn) Write(b []byte) (int, error) {
	if !c.armed {
		return c.Conn.Write(b)
	}
	n, _ := c.Conn.Write(b[:min(c.left, len(b))])
	c.Conn.Close()
	return n, errBroken
}

func TestACutWriteKnowsWhatLeft(t *testing.T) {
	msgs := texts(3)
	size := len(AppendSubmit(nil, 1, &Outgoing{Source: "Tocsin", Text: msgs[0].Content.Octets}, msgs[0].To, nil))
	for _, tt := range []struct {
		name string
		left int
		sent int // PDUs of which an octet left
	}{
		{"before the first octet", 0, 0},
		{"behind the first octet", 1, 1},
		{"inside the first PDU", size - 1, 1},
		{"between two PDUs", size, 1},
		{"behind the first octet of the second", size + 1, 2},
		{"before the last octet of all", 3*size - 1, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var cut *cutConn
			playOver(t, Config{Window: 10}, func(c net.Conn) net.Conn {
				cut = &cutConn{Conn: c, left: tt.left}
				return cut
			}, func(p *peer) {
				p.login()
				p.serve(func(h Header, body []byte) {
					if p.N > 1 {
						p.usual(h, body)
					}
				})
			}, func(s *stage) {
				cut.armed = true
				for i, a := range s.Submit(msgs) {
					if want := [...]sms.Outcome{sms.NotSent, sms.Unknown}; i < tt.sent {
						linktest.WantAck(t, a, want[1], sms.LineDown)
					} else {
						linktest.WantAck(t, a, want[0], sms.LineDown)
					}
				}
				time.Sleep(time.Second)
				s.WantDials(2)
				linktest.WantAck(t, s.Submit(texts(1))[0], sms.Taken, sms.None)
			})
		})
	}
}

func TestACarrierThatReadsNothingHoldsNobodyForEver(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.login()
		if p.N > 1 {
			p.serve(p.usual)
			return
		}
		time.Sleep(time.Minute) // deaf
	}, func(s *stage) {
		start := time.Now()
		linktest.WantAck(t, s.Submit(texts(1))[0], sms.NotSent, sms.LineDown)
		if took := time.Since(start); took > link.WriteTimeout+time.Second {
			t.Errorf("took %v, want about %v", took, link.WriteTimeout)
		}
		time.Sleep(time.Second)
		linktest.WantAck(t, s.Submit(texts(1))[0], sms.Taken, sms.None)
	})
}

func TestASenderThatFitsNoPDUIsRefused(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.login()
		p.serveSubmits(func(h Header, body []byte) {
			t.Error("it was sent")
			p.usual(h, body)
		})
	}, func(s *stage) {
		msgs := texts(2)
		msgs[1].Envelope = &sms.Envelope{Sender: "Municipal Flood Warnings"}
		msgs[1].Done = 2
		acks := s.Submit(msgs)
		linktest.WantAck(t, acks[0], sms.NotSent, sms.BadSender)
		if linktest.WantAck(t, acks[1], sms.Refused, sms.BadSender); acks[1].Done != 2 {
			t.Errorf("got done %b, want what was done before", acks[1].Done)
		}
	})
}

func TestWhatTheCarrierAsksIsAnswered(t *testing.T) {
	type answer struct{ id, status, sequence uint32 }
	var got []answer
	play(t, Config{}, func(p *peer) {
		p.login()
		data := &Data{Source: person, Class: 4, Options: tlvs(tlv(TagReceiptedMessageID, "r2\x00"), tlv(TagMessageState, "\x02"))}
		for _, b := range [][]byte{
			p.pdu(EnquireLink, 0, 1, nil),
			p.pdu(DeliverSM, 0, 2, &Deliver{Submit{Source: person, Message: Message{Class: 4, Text: []byte("id:r1 stat:DELIVRD")}}}),
			p.pdu(DataSM, 0, 3, data),
			p.pdu(DeliverSM, 0, 4, &Deliver{Submit{Source: person, Message: Message{Text: []byte("STOP")}}}),
			p.pdu(AlertNotification, 0, 5, &Alert{Source: person, To: code}),
			p.pdu(0x03, 0, 6, nil), // query_sm
			p.pdu(0x0B, 0, 7, nil), // outbind
		} {
			p.Say(b)
		}
		p.serve(func(h Header, body []byte) {
			if h.ID&Response == 0 {
				p.usual(h, body)
				return
			}
			got = append(got, answer{h.ID, h.Status, h.Sequence})
			if h.ID == DeliverSM|Response && string(body) != "\x00" || h.ID == EnquireLink|Response && len(body) > 0 {
				t.Errorf("PDU %#x: got body %x", h.ID, body)
			}
		})
	}, func(s *stage) {
		synctest.Wait()
		slices.SortFunc(got, func(a, b answer) int { return int(a.sequence) - int(b.sequence) })
		want := []answer{
			{EnquireLink | Response, 0, 1},
			{DeliverSM | Response, 0, 2},
			{DataSM | Response, 0, 3},
			{DeliverSM | Response, 0, 4},
			{GenericNack, StatusInvCmdID, 6},
			{GenericNack, StatusInvCmdID, 7},
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %x, want %x", got, want)
		}
		if !slices.Equal(refs(s), []string{"r1", "r2"}) || !slices.Equal(texted(s), []string{"STOP"}) {
			t.Errorf("got receipts %q, incoming %q", refs(s), texted(s))
		}
		s.WantDials(1)
	})
}

func TestReceiptsNotKeptAreNotAcknowledged(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.login()
		time.Sleep(time.Second)
		p.Say(p.pdu(DeliverSM, 0, 2, &Deliver{Submit{Source: person, Message: Message{Class: 4, Text: []byte("id:r1 stat:DELIVRD")}}}))
		p.serve(func(h Header, body []byte) {
			if h.ID == DeliverSM|Response && p.N == 1 {
				t.Error("acknowledged and not kept")
			}
			p.usual(h, body)
		})
	}, func(s *stage) {
		s.Refuse(true)
		time.Sleep(1500 * time.Millisecond) // the first one has spoken, the second not yet
		s.Refuse(false)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		s.WantDials(2)
		if !slices.Equal(refs(s), []string{"r1"}) {
			t.Errorf("got receipts %q, want it once, said again", refs(s))
		}
	})
}
