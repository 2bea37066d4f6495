package smpp

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

func TestARefusedLoginIsNotTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status uint32
	}{
		{"wrong password", StatusInvPasswd},
		{"wrong system_id", StatusInvSysID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, Config{}, func(p *peer) {
				h, _, _ := p.next()
				p.answer(h, tt.status, nil)
				p.serve(p.usual)
			}, func(s *stage) {
				err := <-s.Ended
				s.Ended <- err
				if !errors.Is(err, ErrCredentials) {
					t.Errorf("got %v, want %v", err, ErrCredentials)
				}
				time.Sleep(time.Hour)
				s.WantDials(1)
				if l := s.Provider.Line(); l.Up != 0 || !strings.Contains(l.Fault, "system_id or password") {
					t.Errorf("got %+v, want the fault", l)
				}
				linktest.WantAck(t, s.Submit(texts(1))[0], sms.NotSent, sms.LineDown)
			})
		})
	}
}

// pauses checks how long after one another the provider calls when each
// connection holds for lasted: the pause doubles from 200 ms to 30 s, and half of
// it either way is chance.
func pauses(s *stage, lasted time.Duration, calls int) {
	s.T.Helper()
	for len(s.Dials()) < calls {
		time.Sleep(time.Second)
	}
	dials, pause := s.Dials(), link.FirstPause
	for i := 1; i < calls; i++ {
		if got := dials[i] - dials[i-1] - lasted; got < pause/2 || got > pause*3/2 {
			s.T.Errorf("pause %d: got %v, want about %v", i, got, pause)
		}
		pause = min(2*pause, link.LongestPause)
	}
}

func TestALoginThatFailsIsTriedAgainWithGrowingPauses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		lasted time.Duration
		script func(*peer)
		fault  string
	}{
		{"no answer in 10 s", link.DialTimeout, func(p *peer) { p.serve(func(Header, []byte) {}) }, "no answer"},
		{"an answer of one octet a second", link.DialTimeout, func(p *peer) {
			p.next()
			for _, c := range append([]byte{0, 0, 1, 0}, make([]byte, 252)...) {
				if _, err := p.Conn.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}, "no answer"},
		{"bind failed", 0, func(p *peer) {
			h, _, _ := p.next()
			p.answer(h, StatusBindFail, &BindAnswer{})
			p.serve(p.usual)
		}, "status 0xd"},
		{"a generic_nack", 0, func(p *peer) {
			h, _, _ := p.next()
			p.Say(AppendEmpty(nil, GenericNack, StatusInvCmdID, h.Sequence))
			p.serve(p.usual)
		}, "status 0x3"},
		{"another PDU for an answer", 0, func(p *peer) {
			p.next()
			p.Say(AppendEmpty(nil, EnquireLink, 0, 1))
			p.serve(p.usual)
		}, "malformed"},
		{"a length of 15", 0, func(p *peer) { p.next(); p.Say([]byte{0, 0, 0, 15}) }, "15 octets"},
		{"a length of 2^31", 0, func(p *peer) { p.next(); p.Say([]byte{0x80, 0, 0, 0}) }, "2147483648 octets"},
		{"cut at once", 0, func(p *peer) {}, "log in"},
		{"half an answer", 0, func(p *peer) { p.next(); p.Say([]byte{0, 0, 0, 16, 0x80, 0}) }, "no answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, Config{}, tt.script, func(s *stage) {
				pauses(s, tt.lasted, 10)
				if l := s.Provider.Line(); l.Up != 0 || !strings.Contains(l.Fault, tt.fault) {
					t.Errorf("got %+v, want a fault with %q", l, tt.fault)
				}
			})
		})
	}
}

func TestTheCarriersVersionDecides(t *testing.T) {
	for _, tt := range []struct {
		name string
		body wire.Body
		five bool // what is configured
		want bool
		most int
	}{
		{"5.0", &BindAnswer{Options: tlv(TagInterfaceVersion, "\x50")}, true, true, 255},
		{"5.0, and 3.4 is configured", &BindAnswer{Options: tlv(TagInterfaceVersion, "\x50")}, false, false, 254},
		{"3.4, and 5.0 is configured", &BindAnswer{Options: tlv(TagInterfaceVersion, "\x34")}, true, false, 254},
		{"no version", &BindAnswer{SystemID: "carrier"}, true, false, 254},
		{"no body", nil, true, false, 254},
		{"a body that is none", &Data{Service: []byte("data")}, true, false, 254},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer ours.Close()
			p := &peer{linktest.NewPeer(t, theirs, 1, HeaderSize, MaxFrame)}
			defer p.HangUp()
			go func() {
				h, body, _ := p.next()
				var bind Bind
				version := uint8(Version34)
				if tt.five {
					version = Version50
				}
				if err := wire.Decode(body, &bind); err != nil || bind != (Bind{SystemID: "tocsin", Password: "secret", Version: version}) {
					t.Errorf("got %+v, %v", bind, err)
				}
				p.answer(h, StatusOK, tt.body)
			}()
			account := protocol{c: Config{SystemID: "tocsin", Password: "secret", Five: tt.five}, log: slog.New(slog.DiscardHandler)}
			s, err := account.Login(ours, wire.NewReader(ours, HeaderSize, MaxFrame), link.Role{Kind: BindTransceiver, Sends: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := s.(*speaker).five; got != tt.want {
				t.Errorf("got 5.0 spoken: %v, want %v", got, tt.want)
			}
			if got := s.Most(nil); got != tt.most {
				t.Errorf("got %d destinations, want %d", got, tt.most)
			}
		})
	}
}

func TestTransmitterAndReceiverAreBoundApart(t *testing.T) {
	play(t, Config{Bind: "separate"}, func(p *peer) {
		h, _, _ := p.next()
		p.answer(h, StatusOK, &BindAnswer{})
		if h.ID == BindReceiver {
			p.Say(p.pdu(DeliverSM, 0, 1, &Deliver{Submit{Source: person, Message: Message{Class: 4, Text: []byte(textReceipt)}}}))
		}
		p.serve(func(h2 Header, body []byte) {
			if h2.ID == SubmitSM && h.ID != BindTransmitter {
				t.Errorf("a submit on the line of bind %#x", h.ID)
			}
			p.usual(h2, body)
		})
	}, func(s *stage) {
		linktest.WantAck(t, s.Submit(texts(1))[0], sms.Taken, sms.None)
		synctest.Wait()
		s.WantDials(2)
		if len(s.Receipts()) != 1 {
			t.Errorf("got %d receipts, want 1", len(s.Receipts()))
		}
	})
}

func TestNewRefusesWhatNoCarrierTakes(t *testing.T) {
	long := strings.Repeat("x", 30)
	for _, tt := range []struct {
		name   string
		config Config
		want   string
	}{
		{"a long system_id", Config{SystemID: long[:16]}, "as the carrier gave it"},
		{"a long password", Config{Password: long[:9]}, "ask the carrier for one"},
		{"a long system_type", Config{SystemType: long[:13]}, "leave it empty"},
		{"a long sender", Config{Sender: long[:21]}, "longer than 20"},
		{"a sender with a NUL", Config{Sender: "a\x00b"}, "NUL"},
		{"a window of 4096", Config{Window: 4096}, "4095"},
		{"a batch of 255", Config{Batch: 255}, "254"},
		{"a bind of its own", Config{Bind: "both"}, "transceiver nor separate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Options{Config: tt.config})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "xxx") {
				t.Errorf("got %v, want one that says %q and quotes nothing", err, tt.want)
			}
		})
	}
	if _, err := New(Options{Config: Config{SystemID: long[:15], Password: long[:8], SystemType: long[:12], Sender: long[:20]}}); err != nil {
		t.Errorf("got %v for what just fits", err)
	}
}
