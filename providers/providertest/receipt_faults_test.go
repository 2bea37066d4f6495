package providertest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/providers/sms"
)

// acknowledged waits until the carrier has been told of n receipts that they are kept, in
// the order in which it said them.
func (p *peer) acknowledged(n int) {
	for want := uint32(1); want <= uint32(n); {
		h, ok := p.next()
		if !ok {
			p.T.Errorf("the line was cut with %d of %d receipts acknowledged", want-1, n)
			return
		}
		if h.kind != acknowledgement {
			p.usual(h)
			continue
		}
		if h.sequence != want || h.status != 0 {
			p.T.Errorf("got the acknowledgement of %d with status %d, want of %d with 0", h.sequence, h.status, want)
		}
		want++
	}
	p.serve(func(h heard) {
		if h.kind == acknowledgement {
			p.T.Errorf("receipt %d is acknowledged twice, or was never said", h.sequence)
		}
		p.usual(h)
	})
}

// received waits for n words and leaves time for one too many.
func (s *stage) received(n int) []word {
	s.t.Helper()
	s.until("all receipts came", func() bool { return s.kept() >= n })
	time.Sleep(10 * time.Millisecond) // of the bubble, in memory
	came := s.came()
	if len(came) != n {
		s.t.Errorf("got %d received, want %d", len(came), n)
	}
	return came
}

// A receipt that overtakes the answer names what the answer will.
func TestReceiptsBeforeTheirAnswersAreKeptUnderTheNameOfTheAnswer(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{account: account{window: 4}, script: func(p *peer) {
			p.letIn()
			var asked []heard
			for _, h := range p.submits(4) {
				p.Say(p.receipt(p.sequence(), p.id(h), h.to[0], true))
				asked = append(asked, h)
			}
			for range asked { // nothing is answered before all are acknowledged
				if h, ok := p.next(); !ok || h.kind != acknowledgement {
					p.T.Errorf("got %x, %v, want an acknowledgement", h.frame, ok)
				}
			}
			for _, h := range asked {
				p.take(h)
			}
			p.serve(p.usual)
		}, act: func(s *stage) {
			s.up()
			msgs := warnings(4, true)
			acks := s.submit(msgs)
			for i, w := range s.received(4) {
				wantAck(s.t, acks[i], sms.Taken, sms.None)
				if ref, _ := acks[i].Refs.Next(); w.to != msgs[i].To || w.ref != string(ref) || w.state != sms.Delivered {
					s.t.Errorf("got %+v, the answer says %q to %v", w, ref, msgs[i].To)
				}
			}
			s.wantDials(1)
		}}.inBoth(t, g)
	})
}

// The link drops none and judges none: whoever keeps them does.
func TestReceiptsFiveTimesAndContradictingOnesAreAllKeptAndAcknowledged(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		states := []bool{true, true, false, true, false}
		play{script: func(p *peer) {
			p.letIn()
			h := p.submits(1)[0]
			p.take(h)
			for _, delivered := range states {
				p.Say(p.receipt(p.sequence(), p.id(h), h.to[0], delivered))
			}
			p.acknowledged(len(states))
		}, act: func(s *stage) {
			s.up()
			msgs := warnings(1, true)
			a := s.submit(msgs)[0]
			wantAck(s.t, a, sms.Taken, sms.None)
			ref, _ := a.Refs.Next()
			for i, w := range s.received(len(states)) {
				want := sms.Failed
				if states[i] {
					want = sms.Delivered
				}
				if w.to != msgs[0].To || w.ref != string(ref) || w.state != want {
					s.t.Errorf("receipt %d: got %+v, want %v of %q", i, w, want, ref)
				}
			}
			s.another()
			s.wantDials(1)
		}}.inBoth(t, g)
	})
}

func TestReceiptsOfStrangersAreKeptAndAcknowledged(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		stranger := g.id(heard{sequence: 123456, frame: make([]byte, 64)})
		const number = 8613700137000
		play{script: func(p *peer) {
			p.letIn()
			for range 3 {
				p.Say(p.receipt(p.sequence(), stranger, number, false))
			}
			p.acknowledged(3)
		}, act: func(s *stage) {
			s.up()
			for _, w := range s.received(3) {
				if w.to != number || w.ref != g.ref(stranger) || w.state != sms.Failed {
					s.t.Errorf("got %+v, want a failure of %q", w, g.ref(stranger))
				}
			}
			s.another()
			s.wantDials(1)
		}}.inBoth(t, g)
	})
}

func TestAReceiptThreeDaysLateIsKeptAndAcknowledged(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{script: func(p *peer) {
			p.letIn()
			h := p.submits(1)[0]
			p.take(h)
			p.SayAfter(72*time.Hour, p.receipt(p.sequence(), p.id(h), h.to[0], true))
			p.acknowledged(1)
		}, account: account{idle: 24 * time.Hour * 365}, act: func(s *stage) {
			s.up()
			a := s.submit(warnings(1, true))[0]
			wantAck(s.t, a, sms.Taken, sms.None)
			time.Sleep(72 * time.Hour)
			ref, _ := a.Refs.Next()
			if w := s.received(1)[0]; w.ref != string(ref) {
				s.t.Errorf("got %+v, want %q", w, ref)
			}
			s.another()
			s.wantDials(1)
		}}.inMemory(t, g)
	})
}

// Receipts that cannot be kept are not acknowledged: the line is closed, and the carrier
// says them again on the next.
func TestReceiptsThatCannotBeKeptAreNotAcknowledgedAndTheLineIsClosed(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		var submitted heard
		play{account: account{window: 2}, script: func(p *peer) {
			p.letIn()
			if p.N > 1 {
				p.stage.mu.Lock()
				p.Say(p.receipt(p.sequence(), p.id(submitted), submitted.to[0], true))
				p.stage.mu.Unlock()
				p.acknowledged(1)
				return
			}
			h := p.submits(2)[0]
			p.stage.mu.Lock()
			submitted = h
			p.stage.mu.Unlock()
			p.take(h)
			p.Say(p.receipt(p.sequence(), p.id(h), h.to[0], true))
			p.serve(func(h heard) {
				if h.kind == acknowledgement {
					p.T.Error("acknowledged and not kept")
				}
			})
			p.stage.refuseReceipts(false)
		}, act: func(s *stage) {
			s.up()
			s.refuseReceipts(true)
			acks := s.submit(warnings(2, true))
			wantAck(s.t, acks[0], sms.Taken, sms.None)
			wantAck(s.t, acks[1], sms.Unknown, sms.LineDown)
			s.renewed(2)
			ref, _ := acks[0].Refs.Next()
			if w := s.received(1)[0]; w.ref != string(ref) || w.state != sms.Delivered {
				s.t.Errorf("got %+v, want %q once", w, ref)
			}
			s.another()
		}}.inBoth(t, g)
	})
}

// A receipt that says nothing of use is not a receipt, and the carrier does not say it for
// ever: it is acknowledged, and whatever of it can be read is kept as a message.
func TestReceiptsThatSayNothingAreAcknowledgedAndNobodyIsHurt(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{account: account{window: 4}, script: func(p *peer) {
			p.letIn()
			all := p.submits(2)
			for _, h := range all {
				p.take(h)
			}
			n := 0
			for _, empty := range p.empties(p.sequence, all[0]) {
				p.Say(empty)
				n++
			}
			p.Say(p.receipt(p.sequence(), p.id(all[1]), all[1].to[0], true))
			p.acknowledged(n + 1)
		}, act: func(s *stage) {
			s.up()
			acks := s.submit(warnings(2, true))
			wantAck(s.t, acks[0], sms.Taken, sms.None)
			s.until("the good one came", func() bool {
				return slices.ContainsFunc(s.came(), func(w word) bool { return w.state == sms.Delivered })
			})
			ref, _ := acks[1].Refs.Next()
			for _, w := range s.came() {
				if w.ref != "" && w.ref != string(ref) {
					s.t.Errorf("got %+v for a receipt", w)
				}
			}
			s.another()
			s.wantDials(1)
		}}.inBoth(t, g)
	})
}

// However many receipts come, submits are answered beside them, and every receipt is kept
// before it is acknowledged.
func TestAFloodOfReceiptsHoldsUpNobodyAndEachIsKeptBeforeItIsAcknowledged(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		const flood = 6000
		play{account: account{window: 4}, script: func(p *peer) {
			p.letIn()
			stranger := p.id(heard{sequence: 99, frame: make([]byte, 64)})
			go func() {
				for range flood {
					p.Say(p.receipt(p.sequence(), stranger, 8613700137000, true))
				}
			}()
			p.serve(func(h heard) {
				if h.kind != acknowledgement {
					p.usual(h)
					return
				}
				if n := p.stage.told.Add(1); int(n) > p.stage.kept() {
					p.T.Errorf("%d are acknowledged and fewer kept", n)
				}
			})
		}, act: func(s *stage) {
			s.up()
			for range 20 {
				s.another()
			}
			s.until("all are acknowledged", func() bool { return s.told.Load() == flood })
			if kept := s.kept(); kept != flood {
				s.t.Errorf("got %d kept, want %d", kept, flood)
			}
			s.wantDials(1)
		}}.inBoth(t, g)
	})
}

// What is kept of a message from a handset is its text, whatever surrounds it.
func TestWhatIsNoReceiptIsKeptAsAMessage(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{script: func(p *peer) {
			p.letIn()
			p.Say(p.message(p.sequence(), "", "STOP"))
			p.acknowledged(1)
		}, act: func(s *stage) {
			s.up()
			if w := s.received(1)[0]; strings.TrimRight(w.text, "\x00") != "STOP" {
				s.t.Errorf("got %+v, want STOP", w)
			}
			s.another()
			s.wantDials(1)
		}}.inBoth(t, g)
	})
}

func TestAPartOfALongMessageIsKeptAsOne(t *testing.T) {
	inEach(t, func(t *testing.T, g *tongue) {
		play{script: func(p *peer) {
			p.letIn()
			p.Say(p.message(p.sequence(), "\x05\x00\x03\x2A\x02\x01", "the water is at the"))
			p.Say(p.message(p.sequence(), "\x06\x08\x04\x01\x2A\x02\x02", "door"))
			p.acknowledged(2)
		}, act: func(s *stage) {
			s.up()
			for i, want := range []word{
				{text: "the water is at the", part: sms.Part{Ref: 0x2A, Of: 2, Number: 1}},
				{text: "door", part: sms.Part{Ref: 0x12A, Of: 2, Number: 2}},
			} {
				if got := s.received(2)[i]; got.part != want.part || strings.TrimRight(got.text, "\x00") != want.text {
					s.t.Errorf("got %+v, want %+v", got, want)
				}
			}
			s.wantDials(1)
		}}.inMemory(t, g)
	})
}
