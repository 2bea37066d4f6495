package peers

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	gocmpp "github.com/bigwhite/gocmpp"
	cmpputils "github.com/bigwhite/gocmpp/utils"

	"tocsin/providers/cmpp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// A gateway is a carrier whose every PDU gocmpp reads and writes. It refuses a whole
// submit for one bad number, as CMPP 3.0 says.
type gateway struct {
	t       *testing.T
	version gocmpp.Type

	mu        sync.Mutex
	next      uint64                    // Msg_Id
	texts     map[string]map[int]string // by number and part, from 1
	parts     map[string]int
	refused   map[string]bool
	largest   int // numbers in one submit
	logins    int
	kept      int // reports acknowledged
	tests     int // of the line, answered
	asked     int // by the client
	goodbyes  int
	reporters sync.WaitGroup
}

const badNumber = "3" // its last digit

func newGateway(t *testing.T, version gocmpp.Type) (*gateway, string) {
	t.Helper()
	g := &gateway{
		t: t, version: version, next: 0x5A34E00123450000,
		texts: map[string]map[int]string{}, parts: map[string]int{}, refused: map[string]bool{},
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &gocmpp.Server{
		Handler: g, Typ: version, T: 300 * time.Millisecond, N: 10, ErrorLog: log.New(io.Discard, "", 0),
	}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(ln) })
	t.Cleanup(func() {
		ln.Close()
		serving.Wait()
		g.reporters.Wait()
	})
	return g, ln.Addr().String()
}

// A request is a submit of either version.
type request struct {
	to           []string
	format, udhi uint8
	part, parts  uint8
	report       uint8
	content      string
}

// ServeCmpp answers a PDU.
func (g *gateway) ServeCmpp(r *gocmpp.Response, p *gocmpp.Packet, _ *log.Logger) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch q := p.Packer.(type) {
	case *gocmpp.CmppConnReqPkt:
		// gocmpp leaves it to its user to check the digest.
		own := md5.Sum([]byte(q.SrcAddr + strings.Repeat("\x00", 9) + "secret" + cmpputils.TimeStamp2Str(q.Timestamp)))
		if q.AuthSrc != string(own[:]) || q.SrcAddr != "900001" || q.Version != g.version {
			g.t.Errorf("a login of %q with version %#x and another digest", q.SrcAddr, q.Version)
		}
		g.logins++
		switch a := r.Packer.(type) {
		case *gocmpp.Cmpp2ConnRspPkt:
			a.AuthSrc, a.Secret, a.Version = q.AuthSrc, "secret", g.version
		case *gocmpp.Cmpp3ConnRspPkt:
			a.AuthSrc, a.Secret, a.Version = q.AuthSrc, "secret", g.version
		}
	case *gocmpp.Cmpp2SubmitReqPkt:
		a := r.Packer.(*gocmpp.Cmpp2SubmitRspPkt)
		id, result := g.take(p.Conn, request{q.DestTerminalId, q.MsgFmt, q.TpUdhi, q.PkNumber, q.PkTotal, q.RegisteredDelivery, q.MsgContent})
		a.MsgId, a.Result = id, uint8(result)
		if q.MsgSrc != "900001" || q.SrcId != "10690000" || q.FeeType != "01" || q.ServiceId != "FLOOD" || q.ValidTime == "" || q.MsgLevel != 9 {
			g.t.Errorf("got Msg_src %q, Src_Id %q, FeeType %q, Service_Id %q, ValId_Time %q, Msg_level %d", q.MsgSrc, q.SrcId, q.FeeType, q.ServiceId, q.ValidTime, q.MsgLevel)
		}
	case *gocmpp.Cmpp3SubmitReqPkt:
		a := r.Packer.(*gocmpp.Cmpp3SubmitRspPkt)
		a.MsgId, a.Result = g.take(p.Conn, request{q.DestTerminalId, q.MsgFmt, q.TpUdhi, q.PkNumber, q.PkTotal, q.RegisteredDelivery, q.MsgContent})
		if q.MsgSrc != "900001" || q.SrcId != "10690000" || q.FeeType != "01" || q.ServiceId != "FLOOD" || q.ValidTime == "" || q.MsgLevel != 9 {
			g.t.Errorf("got Msg_src %q, Src_Id %q, FeeType %q, Service_Id %q, ValId_Time %q, Msg_level %d", q.MsgSrc, q.SrcId, q.FeeType, q.ServiceId, q.ValidTime, q.MsgLevel)
		}
	case *gocmpp.Cmpp2DeliverRspPkt:
		if g.kept++; q.Result != 0 {
			g.t.Errorf("a report is answered with %d", q.Result)
		}
	case *gocmpp.Cmpp3DeliverRspPkt:
		if g.kept++; q.Result != 0 {
			g.t.Errorf("a report is answered with %d", q.Result)
		}
	case *gocmpp.CmppActiveTestReqPkt:
		g.asked++
	case *gocmpp.CmppActiveTestRspPkt:
		g.tests++
	case *gocmpp.CmppTerminateReqPkt:
		g.goodbyes++
	}
	return false, nil
}

// take takes a submit to all of its numbers, or to none, and has its reports sent.
func (g *gateway) take(conn *gocmpp.Conn, q request) (id uint64, result uint32) {
	g.largest = max(g.largest, len(q.to))
	for _, number := range q.to {
		if strings.HasSuffix(number, badNumber) {
			if len(q.to) == 1 {
				g.refused[number] = true
			}
			return 0, uint32(gocmpp.ErrnoSubmitInvalidDestTerminalId)
		}
	}
	content := q.content
	if q.udhi == 1 {
		if want := []byte{5, 0, 3, content[3], q.parts, q.part}; !bytes.HasPrefix([]byte(content), want) {
			g.t.Errorf("part %d of %d begins with % x", q.part, q.parts, content[:6])
		}
		content = content[6:]
	} else if q.parts != 1 || q.part != 1 {
		g.t.Errorf("part %d of %d has no header", q.part, q.parts)
	}
	text, err := content, error(nil)
	switch q.format {
	case 8:
		text, err = cmpputils.Ucs2ToUtf8(content)
	case 15:
		text, err = cmpputils.GB18030ToUtf8(content)
	}
	if err != nil {
		g.t.Errorf("format %d: %v", q.format, err)
	}
	id = g.next
	g.next += uint64(len(q.to))
	for i, number := range q.to {
		if g.texts[number] == nil {
			g.texts[number] = map[int]string{}
		}
		if _, again := g.texts[number][int(q.part)]; again {
			g.t.Errorf("part %d for one number came twice", q.part)
		}
		g.texts[number][int(q.part)], g.parts[number] = text, int(q.parts)
		if q.report == 1 {
			state := "DELIVRD"
			if strings.HasSuffix(number, "9") {
				state = "UNDELIV"
			}
			// gocmpp writes reports of 60 octets in 3.0 too, whose own have 71.
			content, err := (&gocmpp.CmppReceiptPkt{
				MsgId: id + uint64(i), Stat: state, SubmitTime: "2611261200", DoneTime: "2611261201", DestTerminalId: number,
			}).Pack()
			if err != nil {
				g.t.Error(err)
			}
			g.reporters.Go(func() { g.report(conn, number, string(content)) })
		}
	}
	return id, 0
}

// report sends a report: some overtake the answer, which ServeCmpp's caller writes.
func (g *gateway) report(conn *gocmpp.Conn, number, content string) {
	seq := <-conn.SeqId
	var p gocmpp.Packer = &gocmpp.Cmpp2DeliverReqPkt{
		MsgId: uint64(seq), DestId: "10690000", SrcTerminalId: number, RegisterDelivery: 1, MsgLength: uint8(len(content)), MsgContent: content,
	}
	if g.version == gocmpp.V30 {
		p = &gocmpp.Cmpp3DeliverReqPkt{
			MsgId: uint64(seq), DestId: "10690000", SrcTerminalId: number, RegisterDelivery: 1, MsgLength: uint8(len(content)), MsgContent: content,
		}
	}
	if err := conn.SendPkt(p, seq); err != nil {
		g.t.Error(err)
	}
}

// CMPP 3.0.0, section 7.4.3.1 allows 99 numbers, which make up to 3471 octets; gocmpp
// cuts a line that brings more than 3335: 94 numbers with 140 octets of text.
const mostOfGocmpp = 94

func TestGocmppIsTheCarrierOfOurCMPP(t *testing.T) {
	for _, tt := range []struct {
		name    string
		version gocmpp.Type
		batch   int
	}{
		{"2.0", gocmpp.V20, 99},
		{"3.0", gocmpp.V30, mostOfGocmpp},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, address := newGateway(t, tt.version)
			p, err := cmpp.New(cmpp.Options{Config: cmpp.Config{
				Address: address, Version: cmpp.Version(tt.version), SourceAddr: "900001", Password: "secret", ServiceID: "FLOOD",
				Connections: 2, Window: 16, Batch: tt.batch, BatchReports: true, Sender: "10690000", ActiveTest: 200 * time.Millisecond, Timeout: 10 * time.Second,
			}, Logger: smstest.Logger(t, "secret")})
			if err != nil {
				t.Fatal(err)
			}
			receipts := newReceived()
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- p.Run(ctx, receipts.receive) }()
			waitFor(t, "both connections are up", func() bool { return p.Line().Up == 2 })

			msgs, want := gocmppMessages(t)
			acks := make([]sms.Ack, len(msgs))
			p.Submit(ctx, msgs, acks)
			reports := 0
			for _, a := range acks {
				if a.Outcome == sms.Taken {
					for refs := a.Refs; len(refs) > 0; reports++ {
						_, refs = refs.Next()
					}
				}
			}
			waitFor(t, "all reports came", func() bool { return receipts.count() >= reports })
			g.check(t, tt.batch, msgs, acks, want, receipts)
			waitFor(t, "both sides have tested the line", func() bool {
				g.mu.Lock()
				defer g.mu.Unlock()
				return g.tests >= 2 && g.kept >= reports
			})
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.logins != 2 || g.goodbyes != 2 || g.kept != reports {
				t.Errorf("got %d logins, %d goodbyes, %d of %d reports acknowledged, want 2, 2 and all", g.logins, g.goodbyes, g.kept, reports)
			}
		})
	}
}

// gocmppMessages are some with a text of their own, many with one text, and long ones.
func gocmppMessages(t *testing.T) ([]sms.Message, map[string]string) {
	t.Helper()
	envelope := &sms.Envelope{Campaign: 1, Class: sms.Emergency, Receipt: true, Expires: time.Now().Add(time.Hour)}
	var msgs []sms.Message
	want := map[string]string{}
	add := func(alphabet sms.Alphabet, n int, text func(i int) string) {
		for i := range n {
			to := sms.Number(8613900000000 + len(msgs))
			content, err := alphabet.Encode(nil, text(i))
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 && text(i) == text(i-1) {
				content = msgs[len(msgs)-1].Content // one text, one batch
			}
			msgs = append(msgs, sms.Message{To: to, Content: content, Envelope: envelope})
			want[to.Digits()] = text(i)
		}
	}
	one := func(text string) func(int) string { return func(int) string { return text } }
	add(sms.Octets, 30, func(i int) string { return fmt.Sprintf("第%d号居民：河水上涨🌊请勿靠近。", i) })
	add(sms.Octets, 400, one("河水上涨，请勿靠近。"))
	add(sms.Octets, 200, one("Flood warning: keep away from the river."))
	add(sms.OctetsGB, 200, one("河水上涨，请勿靠近河岸，听从广播。"))
	add(sms.Octets, 30, one(strings.Repeat("河水上涨🌊请勿靠近。", 25)))
	add(sms.OctetsGB, 30, one(strings.Repeat("河水上涨，请勿靠近。", 25)))
	add(sms.Octets, 30, one(strings.Repeat("river rising, ", 30)))
	return msgs, want
}

// check holds what the gateway took, what was answered, and what was reported against
// each other.
func (g *gateway) check(t *testing.T, batch int, msgs []sms.Message, acks []sms.Ack, want map[string]string, r *received) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	c := &complaints{t: t}
	for i, m := range msgs {
		number := m.To.Digits()
		if strings.HasSuffix(number, badNumber) {
			if a := acks[i]; a.Outcome != sms.Refused || a.Reason != sms.InvalidNumber || !g.refused[number] || g.texts[number] != nil {
				c.say("a bad number: got %v %v, refused alone: %v", a.Outcome, a.Reason, g.refused[number])
			}
			continue
		}
		if acks[i].Outcome != sms.Taken {
			c.say("got %v %v, want taken", acks[i].Outcome, acks[i].Reason)
			continue
		}
		var text strings.Builder
		for part := range g.parts[number] {
			text.WriteString(g.texts[number][part+1])
		}
		if text.String() != want[number] {
			c.say("the gateway has %.60q, want %.60q", text.String(), want[number])
		}
		state := sms.Delivered
		if strings.HasSuffix(number, "9") {
			state = sms.Failed
		}
		refs := acks[i].Refs
		for range g.parts[number] {
			var ref []byte
			ref, refs = refs.Next()
			if got := r.of(number, string(ref)); len(got) != 1 || got[0] != state {
				c.say("reports of %s say %v, want %v once", ref, got, state)
			}
		}
	}
	if g.largest != batch {
		t.Errorf("the largest submit has %d numbers, want %d", g.largest, batch)
	}
}

// received is what a provider brought.
type received struct {
	mu     sync.Mutex
	n      int
	states map[string][]sms.State // by number and reference
}

func newReceived() *received { return &received{states: map[string][]sms.State{}} }

func (r *received) receive(receipts []sms.Receipt, _ []sms.Incoming) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range receipts {
		r.n++
		key := one.To.Digits() + " " + string(one.Ref)
		r.states[key] = append(r.states[key], one.State)
	}
	return nil
}

func (r *received) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

func (r *received) of(number, ref string) []sms.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.states[number+" "+ref]
}
