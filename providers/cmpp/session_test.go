package cmpp

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers"
	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

func TestALoginThatIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status uint32
		ends   bool // Run gives up
		fault  string
	}{
		{"for its structure is tried again", ConnectMalformed, false, "status 1"},
		{"for its address is not: it would lock the account", ConnectSource, true, "status 2"},
		{"for its digest is not", ConnectSecret, true, "status 3"},
		{"for its version is tried again", ConnectVersion, false, "does not speak this version, it names 2.0"},
		{"for something else is tried again", 9, false, "status 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, Config{}, func(p *peer) {
				h, _, _ := p.next()
				p.say(ConnectID|Response, h.Sequence, &ConnectAnswer{Status: tt.status, Wide: true, Authenticator: make([]byte, 16), Version: 0x20})
			}, func(s *stage) {
				time.Sleep(time.Minute)
				fault := s.provider.Line().Fault
				if !strings.Contains(fault, tt.fault) || strings.Contains(fault, secret) {
					t.Errorf("got fault %q, want %q", fault, tt.fault)
				}
				select {
				case err := <-s.ended:
					if !tt.ends || !errors.Is(err, ErrCredentials) || !errors.Is(err, link.ErrCredentials) {
						t.Errorf("run ends: %v", err)
					}
					s.ended <- nil
				default:
					if tt.ends {
						t.Error("run goes on")
					}
				}
				if again := s.dialled() > 1; again == tt.ends {
					t.Errorf("got %d calls", s.dialled())
				}
			})
		})
	}
}

func TestALoginTakesTheAnswerOfEitherVersion(t *testing.T) {
	for _, v := range []Version{V20, V30} {
		for _, wide := range []bool{false, true} {
			play(t, Config{Version: v}, func(p *peer) {
				h, body, _ := p.next()
				var c Connect
				if err := wire.Decode(body, &c); err != nil || Version(c.Version) != v {
					t.Errorf("got version %#x, %v, want %#x", c.Version, err, v)
				}
				a := ConnectAnswer{Wide: wide, Version: uint8(v)}
				own := Reply(a, [16]byte(c.Authenticator), secret)
				a.Authenticator = own[:]
				p.say(ConnectID|Response, h.Sequence, &a)
				p.serve(p.usual)
			}, func(s *stage) {
				if l := s.provider.Line(); l.Up != 1 {
					t.Errorf("%#x, wide %v: got %+v, want a line", v, wide, l)
				}
			})
		}
	}
}

func TestSeveralConnectionsAndTheirWindows(t *testing.T) {
	var most, flying int
	var hold chan struct{}
	var o order
	play(t, Config{Connections: 3, Window: 4}, func(p *peer) {
		p.login()
		var waiting []Header
		p.serve(func(h Header, body []byte) {
			if h.ID != SubmitID {
				p.usual(h, body)
				return
			}
			o.mu.Lock()
			if waiting = append(waiting, h); len(waiting) > 4 {
				t.Errorf("got %d PDUs unanswered on a connection, want at most 4", len(waiting))
			}
			flying++
			most = max(most, flying)
			o.mu.Unlock()
			go func() {
				<-hold
				o.mu.Lock()
				flying--
				waiting = waiting[:len(waiting)-1]
				o.mu.Unlock()
				p.usual(h, body)
			}()
		})
	}, func(s *stage) {
		if l := s.provider.Line(); l.Up != 3 || l.Window != 12 {
			t.Fatalf("got %+v, want 3 lines and 12 PDUs", l)
		}
		hold = make(chan struct{}) // of the bubble
		done := make(chan []sms.Ack)
		msgs := crowd(40, 20)
		for i := range msgs { // a text each
			msgs[i].Content.Octets = append([]byte(nil), msgs[i].Content.Octets...)
		}
		go func() { done <- s.submit(msgs) }()
		synctest.Wait()
		if most != 12 || s.provider.Line().InFlight != 12 {
			t.Errorf("got %d PDUs in flight, want 12", most)
		}
		close(hold)
		for _, a := range <-done {
			wantAck(t, a, sms.Taken, sms.None)
		}
	})
}

func TestASilentLineIsTestedAndADeadOneRenewed(t *testing.T) {
	var o order
	play(t, Config{ActiveTest: 30 * time.Second}, func(p *peer) {
		p.login()
		tests := 0
		p.serve(func(h Header, body []byte) {
			if h.ID == ActiveTestID {
				if tests++; p.n == 1 && tests > 2 {
					return // it is dead
				}
				o.add("test")
			}
			p.usual(h, body)
		})
	}, func(s *stage) {
		time.Sleep(75 * time.Second)
		if got := o.String(); got != "[test test]" || s.dialled() != 1 {
			t.Errorf("after 75 s: got %s and %d connections, want two tests on one", got, s.dialled())
		}
		time.Sleep(60 * time.Second)
		if s.dialled() != 2 || s.provider.Line().Up != 1 {
			t.Errorf("got %d connections, %+v, want a second one", s.dialled(), s.provider.Line())
		}
	})
}

func TestTheGatewaysTestIsAnsweredWithItsReservedOctet(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.login()
		go p.say(ActiveTestID, 77, nil)
		h, body, _ := p.next()
		if h.ID != ActiveTestID|Response || h.Sequence != 77 || len(body) != 1 || body[0] != 0 {
			t.Errorf("got PDU %#x, %d, body %x", h.ID, h.Sequence, body)
		}
		p.serve(p.usual)
	}, func(s *stage) { synctest.Wait() })
}

func TestWhenWeLeaveWeSayTerminate(t *testing.T) {
	var o order
	play(t, Config{}, func(p *peer) {
		p.login()
		p.serve(func(h Header, body []byte) {
			if h.ID == SubmitID {
				o.add("submit")
				time.Sleep(time.Second)
				o.add("answer")
			}
			if h.ID == TerminateID {
				o.add("terminate")
			}
			p.usual(h, body)
		})
		o.add("cut")
	}, func(s *stage) {
		go s.submit(crowd(1, 20))
		synctest.Wait()
		s.stop()
		s.ended <- <-s.ended
		synctest.Wait()
		if got := o.String(); got != "[submit answer terminate cut]" {
			t.Errorf("got %s, want what is in flight to be answered first", got)
		}
	})
}

func TestWhenTheGatewaySaysTerminateItIsAnsweredLast(t *testing.T) {
	var o order
	play(t, Config{}, func(p *peer) {
		p.login()
		if p.n > 1 {
			p.serve(p.usual)
			return
		}
		h, body, _ := p.next()
		o.add("%#x", h.ID)
		go p.say(TerminateID, 99, nil)
		time.Sleep(time.Second)
		p.usual(h, body)
		h, _, _ = p.next()
		o.add("%#x %d", h.ID, h.Sequence)
	}, func(s *stage) {
		wantAck(t, s.submit(crowd(1, 20))[0], sms.Taken, sms.None)
		time.Sleep(time.Minute)
		if got := o.String(); got != "[0x4 0x80000002 99]" {
			t.Errorf("got %s, want the submit, and TERMINATE_RESP behind its answer", got)
		}
		if s.dialled() != 2 || s.provider.Line().Up != 1 {
			t.Errorf("got %d connections, %+v: want to be back", s.dialled(), s.provider.Line())
		}
	})
}

func TestResultsOfASubmit(t *testing.T) {
	for _, tt := range []struct {
		result  uint32
		outcome sms.Outcome
		reason  sms.Reason
	}{
		{0, sms.Taken, sms.None},
		{1, sms.Refused, sms.BadRequest},
		{2, sms.Refused, sms.BadRequest},
		{3, sms.NotNow, sms.CarrierFault},
		{4, sms.Refused, sms.BadRequest},
		{5, sms.Refused, sms.BadRequest},
		{6, sms.Refused, sms.BadRequest},
		{7, sms.Refused, sms.BadRequest},
		{8, sms.NotNow, sms.Throttled},
		{9, sms.Refused, sms.NotPermitted},
		{10, sms.Refused, sms.BadSender},
		{11, sms.Refused, sms.BadSender},
		{12, sms.Refused, sms.BadRequest},
		{13, sms.Refused, sms.InvalidNumber},
		{14, sms.NotNow, sms.CarrierFault},
		{101, sms.NotNow, sms.CarrierFault},
	} {
		for _, v := range []Version{V20, V30} {
			for _, answered := range []Version{V20, V30} { // some answer in the other's width
				r := rehearsal(v, 1)
				acks := make([]sms.Ack, 1)
				r.Offer(crowd(1, 20), acks)
				h, _ := Split(r.Written())
				frame, err := Append(nil, SubmitID|Response, h.Sequence, &SubmitAnswer{answered, 0x522a4980002aa6cd, tt.result})
				if err != nil {
					t.Fatal(err)
				}
				if err := r.Hear(frame); err != nil {
					t.Fatal(err)
				}
				if a := acks[0]; a.Outcome != tt.outcome || a.Reason != tt.reason || a.Code != tt.result {
					t.Errorf("result %d in %#x answered as %#x: got %v %v %d, want %v %v", tt.result, v, answered, a.Outcome, a.Reason, a.Code, tt.outcome, tt.reason)
				}
			}
		}
	}
}

func TestABatchIsHalvedUntilWhoIsRefusedIsFound(t *testing.T) {
	for _, tt := range []struct {
		name    string
		result  uint32
		halved  bool
		outcome sms.Outcome
	}{
		{"for a bad number", ResultNumber, true, sms.Refused},
		{"for a number of another gateway's", ResultForeign, true, sms.Refused},
		{"for who cannot be charged", ResultFee, true, sms.Refused},
		{"for its length", ResultLength, true, sms.Refused},
		{"for its fee code: that is everybody's", 5, false, sms.Refused},
		{"for the rate: that is nobody's", ResultFlow, false, sms.NotNow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const n, bad = 99, 70
			r := rehearsal(V30, MaxBatch)
			msgs := crowd(n, 20)
			acks := make([]sms.Ack, n)
			r.Offer(msgs, acks)
			pdus := 0
			for r.Open() > 0 {
				all, sequences := written(t, r, V30)
				for i, m := range all {
					pdus++
					a := SubmitAnswer{Version: V30, ID: 0x522a4980002a0000}
					for _, to := range m.To {
						if string(to) == msgs[bad].To.Digits() {
							a.ID, a.Result = 0, tt.result
						}
					}
					frame, err := Append(nil, SubmitID|Response, sequences[i], &a)
					if err != nil {
						t.Fatal(err)
					}
					if err := r.Hear(frame); err != nil {
						t.Fatal(err)
					}
				}
			}
			if halved := pdus > 1; halved != tt.halved || pdus > 1+2*7 {
				t.Errorf("got %d SUBMITs", pdus)
			}
			for i, a := range acks {
				want := sms.Taken
				if i == bad || !tt.halved {
					want = tt.outcome
				}
				if a.Outcome != want {
					t.Errorf("message %d: got %v %v, want %v", i, a.Outcome, a.Reason, want)
				}
			}
		})
	}
}

// rehearsal is a session without a connection.
func rehearsal(v Version, batch int) *link.Rehearsal {
	return link.Rehearse(&speaker{c: Config{Version: v, MsgSrc: "900001", FeeType: "01", FeeCode: "0"}, valid: wire.Validity{InBeijing: true}}, 16, batch)
}

// written are the SUBMITs that are written now.
func written(t *testing.T, r *link.Rehearsal, v Version) (all []Submit, sequences []uint32) {
	t.Helper()
	out := append([]byte(nil), r.Written()...)
	for len(out) > 0 {
		h, _ := Split(out)
		m := Submit{Version: v}
		if err := wire.Decode(out[HeaderSize:h.Length], &m); err != nil || h.ID != SubmitID {
			t.Fatalf("got PDU %#x, %v", h.ID, err)
		}
		all, sequences = append(all, m), append(sequences, h.Sequence)
		out = out[h.Length:]
	}
	return all, sequences
}

func TestABatchHasAsManyNumbersAsItsVersionAllows(t *testing.T) {
	for _, tt := range []struct {
		name         string
		v            Version
		receipts     bool
		batchReports bool
		batch        int
		want         []int // numbers of each SUBMIT
	}{
		{"99 in 3.0, with reports", V30, true, false, 99, []int{99, 99, 2}},
		{"99 in 2.0, without reports", V20, false, false, 99, []int{99, 99, 2}},
		{"one in 2.0 with reports", V20, true, false, 99, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}, // as the window has room
		{"99 in 2.0 with reports, where the gateway takes them", V20, true, true, 99, []int{99, 99, 2}},
		{"99 in 2.1 with reports", V21, true, false, 99, []int{99, 99, 2}},
		{"what the account says", V30, true, false, 50, []int{50, 50, 50, 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := link.Rehearse(&speaker{c: Config{Version: tt.v, FeeType: "01", BatchReports: tt.batchReports}, valid: wire.Validity{InBeijing: true}}, 16, tt.batch)
			msgs := crowd(200, 140)
			msgs[0].Envelope.Receipt = tt.receipts
			r.Offer(msgs, make([]sms.Ack, len(msgs)))
			all, _ := written(t, r, tt.v)
			var got []int
			for _, m := range all {
				got = append(got, len(m.To))
				if (m.Registered == 1) != tt.receipts {
					t.Errorf("got Registered_Delivery %d", m.Registered)
				}
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got batches of %v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Fatalf("got batches of %v, want %v", got, tt.want)
				}
			}
		})
	}
}

func TestTheMessagesOfABatchHaveTheIDsOfItsRange(t *testing.T) {
	r := rehearsal(V30, MaxBatch)
	msgs := crowd(MaxBatch, 20)
	acks := make([]sms.Ack, len(msgs))
	r.Offer(msgs, acks)
	_, sequences := written(t, r, V30)
	frame, err := Append(nil, SubmitID|Response, sequences[0], &SubmitAnswer{V30, 0x522a4980002afff0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Hear(frame); err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{0: "522a4980002afff0", 15: "522a4980002affff", 16: "522a4980002a0000", 98: "522a4980002a0052"} {
		ref, _ := acks[i].Refs.Next()
		if acks[i].Outcome != sms.Taken || string(ref) != want || !acks[i].Batch {
			t.Errorf("message %d: got %v %q, batch %v, want %q of a batch", i, acks[i].Outcome, ref, acks[i].Batch, want)
		}
	}
}

func TestWhatASubmitSays(t *testing.T) {
	expires := time.Date(2096, 11, 25, 16, 15, 0, 0, wire.Beijing)
	for _, tt := range []struct {
		name     string
		alphabet sms.Alphabet
		text     string
		e        sms.Envelope
		want     Submit
		parts    int
	}{
		{"ASCII", sms.Octets, "Flood", sms.Envelope{}, Submit{Content: b("Flood")}, 1},
		{"UCS-2, with receipts, of an emergency", sms.Octets, "洪水", sms.Envelope{Receipt: true, Class: sms.Emergency}, Submit{Format: 8, Registered: 1, Level: 9, Content: b("\x6d\x2a\x6c\x34")}, 1},
		{"GB 18030, urgent", sms.OctetsGB, "红色预警", sms.Envelope{Class: sms.Urgent}, Submit{Format: 15, Level: 5, Content: b(redAlert)}, 1},
		{
			"times and a sender of its own", sms.Octets, "Flood",
			sms.Envelope{Sender: "10691234", Expires: expires, NotBefore: expires.Add(-time.Hour)},
			Submit{Sender: b("10691234"), Valid: b("961125161500032+"), At: b("961125151500032+"), Content: b("Flood")},
			1,
		},
		{"a text of two segments", sms.Octets, strings.Repeat("洪", 80), sms.Envelope{}, Submit{Format: 8, UDHI: 1}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			content, err := tt.alphabet.Encode(nil, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			r := rehearsal(V30, 1)
			r.Offer([]sms.Message{{To: 8613800138000, Content: content, Envelope: &tt.e}}, make([]sms.Ack, 1))
			all, _ := written(t, r, V30)
			if len(all) != tt.parts {
				t.Fatalf("got %d SUBMITs, want %d", len(all), tt.parts)
			}
			for i, got := range all {
				want := tt.want
				if tt.parts > 1 {
					part := content.Part(i)
					want.Content = append([]byte{5, 0, 3, got.Content[3], byte(tt.parts), byte(i + 1)}, part...)
				}
				if int(got.Total) != tt.parts || int(got.Number) != i+1 || got.Format != want.Format || got.UDHI != want.UDHI || got.Registered != want.Registered ||
					got.Level != want.Level || string(got.Valid) != string(want.Valid) || string(got.At) != string(want.At) ||
					string(got.Sender) != string(want.Sender) || string(got.Content) != string(want.Content) || len(got.Content) > MaxText {
					t.Errorf("segment %d: got %+v, want %+v", i+1, got, want)
				}
			}
		})
	}
}

func TestWhatADeliverBrings(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.login()
		for _, d := range []*Deliver{
			{Version: V30, ID: 1, Registered: 1, From: b("13800138000"), Content: report71("DELIVRD", "13800138000")},
			{Version: V30, ID: 2, Registered: 1, From: b("13800138000"), Content: report60("UNDELIV", "13800138000")},
			{Version: V30, ID: 3, To: b("10690000"), From: b("13800138000"), Format: 8, Content: b("\x65\x36\x52\x30")},
			{Version: V30, ID: 4, Registered: 1, From: b("13800138000"), Content: b("no report")},
		} {
			go p.say(DeliverID, uint32(d.ID)+100, d)
			h, body, _ := p.next()
			var a DeliverAnswer
			if a.Version = V30; wire.Decode(body, &a) != nil || h.ID != DeliverID|Response || h.Sequence != uint32(d.ID)+100 || a.ID != d.ID || a.Result != 0 {
				t.Errorf("got PDU %#x, %d, %+v, want the answer to %d", h.ID, h.Sequence, a, d.ID)
			}
		}
		p.serve(p.usual)
	}, func(s *stage) {
		synctest.Wait()
		if len(s.receipts) != 2 || s.receipts[0].State != sms.Delivered || s.receipts[1].State != sms.Failed {
			t.Errorf("got receipts %v", s.receipts)
		}
		if len(s.incoming) != 2 || s.incoming[0].Text != "收到" || s.incoming[0].From != "8613800138000" || s.incoming[0].To != "10690000" {
			t.Errorf("got messages %+v", s.incoming)
		}
	})
}

func TestACancelWithoutAnAnswer(t *testing.T) {
	of := providers.Sent{To: 8613800138000, Ref: []byte("522a4980002aa6cd")}
	t.Run("is not known, and the line stays", func(t *testing.T) {
		play(t, Config{Timeout: 5 * time.Second}, func(p *peer) {
			p.login()
			p.serve(p.usual) // which has never heard of CANCEL
		}, func(s *stage) {
			if err := s.provider.Cancel(context.Background(), of); !errors.Is(err, providers.ErrNoAnswer) {
				t.Errorf("got %v, want ErrNoAnswer", err)
			}
			if l := s.provider.Line(); s.dialled() != 1 || l.InFlight != 0 {
				t.Errorf("got %d connections, %+v, want the window empty", s.dialled(), l)
			}
		})
	})
	t.Run("is not waited for when the caller leaves", func(t *testing.T) {
		play(t, Config{}, func(p *peer) {
			p.login()
			p.serve(p.usual)
		}, func(s *stage) {
			ctx, stop := context.WithTimeout(context.Background(), time.Second)
			defer stop()
			if err := s.provider.Cancel(ctx, of); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the caller's own", err)
			}
		})
	})
	t.Run("is not known when the line is cut", func(t *testing.T) {
		play(t, Config{}, func(p *peer) {
			p.login()
			if h, body, ok := p.next(); ok && h.ID != CancelID {
				p.usual(h, body)
			} else if ok && (len(body) != 8 || binary.BigEndian.Uint64(body) != 0x522a4980002aa6cd) {
				t.Errorf("got CANCEL of %x", body)
			}
		}, func(s *stage) {
			if err := s.provider.Cancel(context.Background(), of); !errors.Is(err, providers.ErrNoAnswer) {
				t.Errorf("got %v, want ErrNoAnswer", err)
			}
		})
	})
	t.Run("was not asked when no line is up", func(t *testing.T) {
		play(t, Config{}, func(*peer) {}, func(s *stage) {
			if err := s.provider.Cancel(context.Background(), of); !errors.Is(err, providers.ErrNotAsked) {
				t.Errorf("got %v, want ErrNotAsked", err)
			}
		})
	})
	t.Run("waits for room in the window, and is not asked while there is none", func(t *testing.T) {
		play(t, Config{Window: 1, Timeout: time.Minute}, func(p *peer) {
			p.login()
			p.serve(func(h Header, body []byte) {
				if h.ID != SubmitID {
					p.usual(h, body)
				}
			})
		}, func(s *stage) {
			go s.submit(crowd(1, 20))
			synctest.Wait()
			if err := s.provider.Cancel(context.Background(), of); !errors.Is(err, providers.ErrNotAsked) {
				t.Errorf("got %v, want ErrNotAsked", err)
			}
		})
	})
	t.Run("is not asked of a reference that is no Msg_Id", func(t *testing.T) {
		for _, ref := range []string{"", "7", "0123456789abcdeg", "522a4980002aa6cd00"} {
			if err := (Provider{}).Cancel(context.Background(), providers.Sent{Ref: []byte(ref)}); !errors.Is(err, providers.ErrNotAsked) {
				t.Errorf("%q: got %v, want ErrNotAsked", ref, err)
			}
		}
	})
}

// The carrier puts the signature there itself: it is counted and not sent.
func TestTheSignatureThatTheCarrierPutsThereIsNotSent(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		first      string // content of the first SUBMIT, behind its header
		segments   int
	}{
		{"of one segment", "【县防汛办】" + strings.Repeat("洪", 64), strings.Repeat("\x6d\x2a", 64), 1},
		{"of two segments: the first has room for it", "【县防汛办】" + strings.Repeat("洪", 65), strings.Repeat("\x6d\x2a", 61), 2},
		{"without one", strings.Repeat("洪", 70), strings.Repeat("\x6d\x2a", 70), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			content, err := sms.Octets.Encode(nil, tt.text)
			if err != nil || int(content.Segments) != tt.segments {
				t.Fatalf("got %d segments, %v", content.Segments, err)
			}
			r := link.Rehearse(&speaker{c: Config{Version: V30, FeeType: "01", CarrierSigns: true}, valid: wire.Validity{InBeijing: true}}, 16, MaxBatch)
			r.Offer([]sms.Message{{To: 8613300000000, Content: content, Envelope: &sms.Envelope{}}}, make([]sms.Ack, 1))
			all, _ := written(t, r, V30)
			if len(all) != tt.segments {
				t.Fatalf("got %d SUBMITs", len(all))
			}
			got := all[0].Content
			if tt.segments > 1 {
				if got = got[6:]; string(all[1].Content[6:]) != string(content.Part(1)) {
					t.Errorf("the second segment is %x, want %x", all[1].Content[6:], content.Part(1))
				}
			}
			if string(got) != tt.first {
				t.Errorf("got %x, want %x", got, tt.first)
			}
		})
	}
}

// Whoever counts what is in the window must know how many PDUs an offer makes.
func TestTheBatchThatALineNames(t *testing.T) {
	for _, tt := range []struct {
		name         string
		v            Version
		batchReports bool
		receipt      bool
		want         int
	}{
		{"in 3.0", V30, false, true, 99},
		{"in 2.0 without reports", V20, false, false, 99},
		{"in 2.0 with reports is one", V20, false, true, 1},
		{"in 2.0 with reports, where the gateway takes them", V20, true, true, 99},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := New(Options{Config: Config{Version: tt.v, SourceAddr: "900001", Batch: MaxBatch, BatchReports: tt.batchReports}})
			if err != nil {
				t.Fatal(err)
			}
			msgs := crowd(1, 20)
			for _, receipt := range []bool{!tt.receipt, tt.receipt} { // the last counts
				msgs[0].Envelope = &sms.Envelope{Receipt: receipt}
				p.Submit(t.Context(), msgs, make([]sms.Ack, 1))
			}
			if got := p.Line().Batch; got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
