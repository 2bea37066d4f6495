package sgip

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

// admission lets somebody log in to us on a pipe, and is the answer and what Login says.
func admission(t *testing.T, c Config, first []byte) (answer []byte, err error) {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	p := protocol{c: c, log: smstest.Logger(t, c.GatewayPassword)}
	done := make(chan error, 1)
	go func() {
		_, err := p.Login(ours, wire.NewReader(ours, HeaderSize, MaxFrame), link.Role{Kind: FromGateway})
		ours.Close()
		done <- err
	}()
	if _, err := theirs.Write(first); err != nil {
		t.Fatal(err)
	}
	answer, err = wire.NewReader(theirs, HeaderSize, MaxFrame).Next()
	if err != nil {
		answer = nil
	}
	return bytes.Clone(answer), <-done
}

func TestTheGatewaysBindIsChecked(t *testing.T) {
	c := Config{Node: ours.Node, GatewayLogin: "smg", GatewayPassword: "back"}
	for _, tt := range []struct {
		name           string
		kind           uint8
		login, pass    string
		result         byte
		admitted, less bool
	}{
		{"and admitted", FromGateway, "smg", "back", ResultOK, true, false},
		{"for its name", FromGateway, "smq", "back", ResultLogin, false, false},
		{"for its password", FromGateway, "smg", "Back", ResultLogin, false, false},
		{"for a password that is only begun", FromGateway, "smg", "bac", ResultLogin, false, false},
		{"for a name that is empty", FromGateway, "", "back", ResultLogin, false, false},
		{"for its type: a service provider's is not let in", ToGateway, "smg", "back", ResultLoginType, false, false},
		{"for its layout", FromGateway, "smg", "back", ResultForm, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frame, err := Append(nil, BindID, smgs, &Bind{Type: tt.kind, Name: b(tt.login), Password: b(tt.pass)})
			if err != nil {
				t.Fatal(err)
			}
			if tt.less {
				frame = End(frame[:len(frame)-8], 0)
			}
			answer, err := admission(t, c, frame)
			h, body := Split(answer)
			var a Answer
			if wire.Decode(body, &a) != nil || h.ID != BindID|Response || h.Sequence != smgs || a.Result != tt.result {
				t.Errorf("got %x, want result %d to the same sequence", answer, tt.result)
			}
			if (err == nil) != tt.admitted || err != nil && (strings.Contains(err.Error(), c.GatewayPassword) || strings.Contains(err.Error(), tt.pass)) {
				t.Errorf("got %v, admitted: want %v", err, tt.admitted)
			}
		})
	}
	if answer, err := admission(t, c, AppendAnswer(nil, SubmitID, smgs, 0)); !errors.Is(err, ErrPDU) || answer != nil {
		t.Errorf("who begins with something else: got %x, %v, want to be cut", answer, err)
	}
}

// gateway answers one connection's Bind with a result and everything else with fate.
func gateway(t *testing.T, conn net.Conn, result byte, fate func(h Header, body []byte) []byte) {
	defer conn.Close()
	r := wire.NewReader(conn, HeaderSize, MaxFrame)
	for {
		frame, err := r.Next()
		if err != nil {
			return
		}
		h, body := Split(frame)
		var answer []byte
		switch h.ID {
		case BindID:
			var request Bind
			if wire.Decode(body, &request) != nil || request.Type != ToGateway || string(request.Name) != "tocsin" || string(request.Password) != "secret" ||
				h.Node != ours.Node {
				t.Errorf("got %+v of node %d", request, h.Node)
			}
			answer = AppendAnswer(nil, BindID, h.Sequence, result)
		case UnbindID:
			answer = AppendEmpty(nil, UnbindID|Response, h.Sequence)
		default:
			answer = fate(h, body)
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// connect makes a provider whose connections meet gateways.
func connect(t *testing.T, result byte, fate func(h Header, body []byte) []byte) (p *Provider, run func(ctx context.Context) error) {
	t.Helper()
	var gateways sync.WaitGroup
	p, err := New(Options{
		Config: Config{Login: "tocsin", Password: "secret", Node: ours.Node, Window: 4, Batch: MaxBatch, Sender: "10690001"},
		Logger: smstest.Logger(t, "secret"), Dial: func(context.Context) (net.Conn, error) {
			here, there := net.Pipe()
			gateways.Go(func() { gateway(t, there, result, fate) })
			return here, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, func(ctx context.Context) error {
		defer gateways.Wait()
		return p.Run(ctx, func([]sms.Receipt, []sms.Incoming) error { return nil })
	}
}

func TestALoginToTheGateway(t *testing.T) {
	for _, tt := range []struct {
		name   string
		result byte
		up     bool
		ends   bool
	}{
		{"that is taken", ResultOK, true, false},
		{"that finds itself in force", ResultAgain, true, false},
		{"that is refused is not tried again", ResultLogin, false, true},
		{"for which there are too many is tried again", ResultMany, false, false},
		{"that is busy is tried again", ResultBusy, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, run := connect(t, tt.result, func(Header, []byte) []byte { return nil })
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- run(ctx) }()
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
				l := p.Line()
				if l.Up == 1 || !tt.up && strings.Contains(l.Fault, "result") || len(ended) > 0 {
					break
				}
			}
			if up := p.Line().Up == 1; up != tt.up {
				t.Errorf("got %+v", p.Line())
			}
			if tt.ends {
				if err := <-ended; !errors.Is(err, ErrCredentials) {
					t.Errorf("run ends with %v, want ErrCredentials", err)
				}
				stop()
				return
			}
			stop()
			if err := <-ended; err != nil {
				t.Errorf("run ends with %v", err)
			}
		})
	}
}

func TestStatesOfAReport(t *testing.T) {
	for _, tt := range []struct {
		name  string
		m     Report
		want  sms.Receipt
		given bool
	}{
		{"delivered", Report{State: StateDelivered, To: b("8613000000000")}, sms.Receipt{State: sms.Delivered}, true},
		{"waiting", Report{State: StateWaiting, To: b("8613000000000")}, sms.Receipt{State: sms.Accepted}, true},
		{"failed, off", Report{State: StateFailed, Code: 25, To: b("8613000000000")}, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Code: 25}, true},
		{"failed, nobody", Report{State: StateFailed, Code: 29, To: b("13000000000")}, sms.Receipt{State: sms.Failed, Reason: sms.InvalidNumber, Code: 29}, true},
		{"failed, for nothing", Report{State: StateFailed, To: b("8613000000000")}, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable}, true},
		{"failed, for what nobody has heard", Report{State: StateFailed, Code: 201, To: b("8613000000000")}, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Code: 201}, true},
		{"of a forwarded message", Report{Type: 1, To: b("8613000000000")}, sms.Receipt{}, false},
		{"of nobody", Report{}, sms.Receipt{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frame, err := Append(nil, ReportID, smgs, &tt.m)
			if err != nil {
				t.Fatal(err)
			}
			r := rehearsal(Config{}, 1)
			if err := r.Hear(frame); err != nil {
				t.Fatal(err)
			}
			receipts, _, answers := r.Delivered()
			if len(answers) != 29 || len(receipts) != 0 != tt.given {
				t.Fatalf("got %d octets of answer, %d receipts", len(answers), len(receipts))
			}
			if tt.given {
				got := receipts[0]
				if got.State != tt.want.State || got.Reason != tt.want.Reason || got.Code != tt.want.Code || got.To != 8613000000000 {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
			}
		})
	}
}

func TestWhatIsNoReport(t *testing.T) {
	r := rehearsal(Config{}, 1)
	mo, err := Append(nil, DeliverID, smgs, &Deliver{From: b("13000000000"), To: b("10690001"), Coding: 8, Content: b(received)})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Hear(mo); err != nil {
		t.Fatal(err)
	}
	if _, incoming, answers := r.Delivered(); len(incoming) != 1 || incoming[0].Text != "收到" || incoming[0].From != "8613000000000" || len(answers) != 29 {
		t.Errorf("got messages %+v, %d octets of answers", incoming, len(answers))
	}
	for name, frame := range map[string][]byte{
		"a subscriber that has left": must(t, UserRptID, &UserRpt{User: b("8613000000000")}),
		"a Submit to us":             must(t, SubmitID, &Submit{}),
	} {
		if err := r.Hear(frame); err != nil {
			t.Fatal(err)
		}
		if h, _ := Split(r.Replied()); h.Sequence != smgs || h.ID&Response == 0 {
			t.Errorf("%s is answered by PDU %#x", name, h.ID)
		}
	}
}

func must(t *testing.T, id uint32, body wire.Body) []byte {
	t.Helper()
	frame, err := Append(nil, id, smgs, body)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}
