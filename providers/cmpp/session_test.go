package cmpp

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
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
				fault := s.Provider.Line().Fault
				if !strings.Contains(fault, tt.fault) || strings.Contains(fault, secret) {
					t.Errorf("got fault %q, want %q", fault, tt.fault)
				}
				select {
				case err := <-s.Ended:
					if !tt.ends || !errors.Is(err, ErrCredentials) || !errors.Is(err, link.ErrCredentials) {
						t.Errorf("run ends: %v", err)
					}
					s.Ended <- nil
				default:
					if tt.ends {
						t.Error("run goes on")
					}
				}
				if again := len(s.Dials()) > 1; again == tt.ends {
					t.Errorf("got %d calls", len(s.Dials()))
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
				if l := s.Provider.Line(); l.Up != 1 {
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
		if l := s.Provider.Line(); l.Up != 3 || l.Window != 12 {
			t.Fatalf("got %+v, want 3 lines and 12 PDUs", l)
		}
		hold = make(chan struct{}) // of the bubble
		done := make(chan []sms.Ack)
		msgs := crowd(40, 20)
		for i := range msgs { // a text each
			msgs[i].Content.Octets = append([]byte(nil), msgs[i].Content.Octets...)
		}
		go func() { done <- s.Submit(msgs) }()
		synctest.Wait()
		if most != 12 || s.Provider.Line().InFlight != 12 {
			t.Errorf("got %d PDUs in flight, want 12", most)
		}
		close(hold)
		for _, a := range <-done {
			linktest.WantAck(t, a, sms.Taken, sms.None)
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
				if tests++; p.N == 1 && tests > 2 {
					return // it is dead
				}
				o.add("test")
			}
			p.usual(h, body)
		})
	}, func(s *stage) {
		time.Sleep(75 * time.Second)
		if got := o.String(); got != "[test test]" || len(s.Dials()) != 1 {
			t.Errorf("after 75 s: got %s and %d connections, want two tests on one", got, len(s.Dials()))
		}
		time.Sleep(60 * time.Second)
		if len(s.Dials()) != 2 || s.Provider.Line().Up != 1 {
			t.Errorf("got %d connections, %+v, want a second one", len(s.Dials()), s.Provider.Line())
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
		go s.Submit(crowd(1, 20))
		synctest.Wait()
		s.Stop()
		s.Ended <- <-s.Ended
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
		if p.N > 1 {
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
		linktest.WantAck(t, s.Submit(crowd(1, 20))[0], sms.Taken, sms.None)
		time.Sleep(time.Minute)
		if got := o.String(); got != "[0x4 0x80000002 99]" {
			t.Errorf("got %s, want the submit, and TERMINATE_RESP behind its answer", got)
		}
		if len(s.Dials()) != 2 || s.Provider.Line().Up != 1 {
			t.Errorf("got %d connections, %+v: want to be back", len(s.Dials()), s.Provider.Line())
		}
	})
}
