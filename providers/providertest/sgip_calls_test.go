package providertest_test

import (
	"bytes"
	"encoding/hex"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tocsin/providers/sgip"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A call is a connection that SGIP's gateway has made to the provider.
type call struct {
	t    *testing.T
	g    *tongue
	conn net.Conn
	r    *wire.Reader
}

// next is what the provider says on it; ok is false when it has hung up.
func (c *call) next() (heard, bool) {
	c.conn.SetReadDeadline(time.Now().Add(patience))
	frame, err := c.r.Next()
	if err != nil {
		return heard{}, false
	}
	return c.g.read(bytes.Clone(frame)), true
}

// say writes octets; that the provider has hung up is found when it is read.
func (c *call) say(octets []byte) { c.conn.Write(octets) }

// bind says who is calling, and returns the answer.
func (c *call) bind(kind uint8, name, password string) (result uint8, ok bool) {
	c.say(must(sgip.Append(nil, sgip.BindID, sgip.Sequence{Node: gateway, Count: 1}, &sgip.Bind{
		Type: kind, Name: []byte(name), Password: []byte(password),
	})))
	h, ok := c.next()
	if !ok {
		return 0, false
	}
	var a sgip.Answer
	id, body := sgip.Split(h.frame)
	if id.ID != sgip.BindID|sgip.Response || wire.Decode(body, &a) != nil {
		c.t.Errorf("got %x for an answer to Bind", h.frame)
	}
	return a.Result, true
}

// hungUp reports an error unless the provider hangs up and says nothing before.
func (c *call) hungUp() {
	c.t.Helper()
	if h, ok := c.next(); ok {
		c.t.Errorf("got %x, want the call cut", h.frame)
	}
}

// called plays a provider that the gateway calls, with its own line up besides; that
// line must be well at the end, and the gateway's next call be taken.
func called(t *testing.T, act func(s *stage, dial func() *call)) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := sgipTongue()
	p := play{account: account{window: 2, listen: ln.Addr().String()}, script: (*peer).well, act: func(s *stage) {
		s.up()
		var calls []net.Conn
		dial := func() *call {
			var conn net.Conn
			s.until("the provider listens", func() (ok bool) {
				conn, err = net.Dial("tcp", ln.Addr().String())
				return err == nil
			})
			calls = append(calls, conn)
			return &call{t: s.t, g: g, conn: conn, r: wire.NewReader(conn, g.header, g.max)}
		}
		act(s, dial)
		for _, conn := range calls {
			conn.Close()
		}
		s.another()
		s.wantDials(1)
		last := dial()
		s.until("the gateway's next call is taken", func() bool {
			result, ok := last.bind(sgip.FromGateway, "smg", "back")
			if !ok {
				last = dial()
			}
			return ok && result == sgip.ResultOK
		})
		last.conn.Close()
	}}
	ln.Close() // the provider listens there
	p.overTCP(t, g)
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

func TestTheGatewaysWrongCallsAreCutAndHurtNobody(t *testing.T) {
	for _, tt := range []struct {
		name string
		act  func(c *call)
	}{
		{"sgip/a wrong password", func(c *call) { c.refused(sgip.FromGateway, "smg", "wrong", sgip.ResultLogin) }},
		{"sgip/a wrong name", func(c *call) { c.refused(sgip.FromGateway, "gms", "back", sgip.ResultLogin) }},
		{"sgip/a login of another type", func(c *call) { c.refused(sgip.ToGateway, "smg", "back", sgip.ResultLoginType) }},
		{"sgip/a receipt before any login", func(c *call) {
			c.say(c.g.receipt(1, make([]byte, 12), 8613700137000, true))
			c.hungUp()
		}},
		{"sgip/garbage before any login", func(c *call) {
			c.say([]byte("GET / HTTP/1.1\r\nHost: tocsin\r\n\r\n"))
			c.hungUp()
		}},
		{"sgip/a length of 2^31 behind the login", func(c *call) {
			c.admitted()
			c.say([]byte{0x80, 0, 0, 0})
			c.hungUp()
		}},
		{"sgip/a receipt whose fields do not end", func(c *call) {
			c.admitted()
			c.say(c.g.torn(2))
			c.hungUp()
		}},
		{"sgip/a goodbye", func(c *call) {
			c.admitted()
			c.say(c.g.bye(7))
			if h, ok := c.next(); !ok || h.kind != goodbyeAnswer || h.sequence != 7 {
				c.t.Errorf("got %x, %v, want the answer to Unbind", h.frame, ok)
			}
			c.hungUp()
		}},
		{"sgip/hung up in the middle of a receipt", func(c *call) {
			c.admitted()
			c.say(c.g.receipt(1, make([]byte, 12), 8613700137000, true)[:30])
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			called(t, func(s *stage, dial func() *call) {
				tt.act(dial())
				if came := s.came(); len(came) > 0 {
					s.t.Errorf("got %v received", came)
				}
			})
		})
	}
}

func (c *call) refused(kind uint8, name, password string, want uint8) {
	c.t.Helper()
	if got, ok := c.bind(kind, name, password); !ok || got != want {
		c.t.Errorf("got result %d, %v, want %d", got, ok, want)
	}
	c.hungUp()
}

func (c *call) admitted() {
	c.t.Helper()
	if got, ok := c.bind(sgip.FromGateway, "smg", "back"); !ok || got != sgip.ResultOK {
		c.t.Errorf("got result %d, %v, want to be let in", got, ok)
	}
}

// Receipts on the gateway's own call are for what was sent on ours; those that cannot be
// kept cost the call, and nothing else.
func TestReceiptsOnTheGatewaysCallAreKeptBeforeTheyAreAcknowledged(t *testing.T) {
	t.Run("sgip", func(t *testing.T) {
		called(t, func(s *stage, dial func() *call) {
			msgs := warnings(2, true)
			acks := s.submit(msgs)
			s.refuseReceipts(true)
			c := dial()
			c.admitted()
			say := func(n uint32, i int) {
				ref, _ := acks[i].Refs.Next()
				c.say(s.tongue.receipt(n, unhex(s.t, string(ref)), msgs[i].To, i == 0))
			}
			say(2, 0)
			c.hungUp()
			if s.kept() != 0 {
				s.t.Error("kept what could not be")
			}
			s.refuseReceipts(false)
			c = dial()
			c.admitted()
			for n, i := range []int{0, 1, 1, 0} { // each twice
				say(uint32(n+2), i)
				if h, ok := c.next(); !ok || h.kind != acknowledgement || h.sequence != uint32(n+2) || h.status != 0 || s.kept() != n+1 {
					s.t.Errorf("got %x, %v with %d kept, want the acknowledgement of receipt %d", h.frame, ok, s.kept(), n+2)
				}
			}
			for n, w := range s.came() {
				i := []int{0, 1, 1, 0}[n]
				ref, _ := acks[i].Refs.Next()
				if want := []sms.State{sms.Delivered, sms.Failed}[i]; w.to != msgs[i].To || w.ref != string(ref) || w.state != want {
					s.t.Errorf("got %+v, want %v of %s", w, want, ref)
				}
			}
		})
	})
}

// A gateway may have 32 calls open; one more is refused, and none of them is in the way of
// the next when they are over.
func TestTooManyCallsOfTheGatewayAreRefused(t *testing.T) {
	t.Run("sgip", func(t *testing.T) {
		called(t, func(s *stage, dial func() *call) {
			for range 32 {
				dial().admitted()
			}
			if result, ok := dial().bind(sgip.FromGateway, "smg", "back"); ok {
				s.t.Errorf("the 33rd call was answered with %d", result)
			}
		})
	})
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
