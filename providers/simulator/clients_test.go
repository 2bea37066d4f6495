package simulator_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/cmpp"
	"tocsin/providers/sgip"
	"tocsin/providers/simulator"
	"tocsin/providers/smgp"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// clients are a provider of each protocol.
var clients = map[string]func(t *testing.T, addr string, batch int, back string) (providers.Provider, error){
	"smpp": func(t *testing.T, addr string, batch int, _ string) (providers.Provider, error) {
		return smpp.New(smpp.Options{Logger: smstest.Logger(t, "secret"), Config: smpp.Config{
			Address: addr, SystemID: "tocsin", Password: "secret", Sender: "10690000", Connections: 1, Window: 4, Batch: batch,
		}})
	},
	"cmpp": func(t *testing.T, addr string, batch int, _ string) (providers.Provider, error) {
		return cmpp.New(cmpp.Options{Logger: smstest.Logger(t, "secret"), Config: cmpp.Config{
			Address: addr, Version: cmpp.V30, SourceAddr: "tocsin", Password: "secret", Sender: "10690000", Connections: 1, Window: 4,
			Batch: min(batch, cmpp.MaxBatch),
		}})
	},
	"cmpp 2.0": func(t *testing.T, addr string, batch int, _ string) (providers.Provider, error) {
		return cmpp.New(cmpp.Options{Logger: smstest.Logger(t, "secret"), Config: cmpp.Config{
			Address: addr, Version: cmpp.V20, SourceAddr: "tocsin", Password: "secret", Sender: "10690000", Connections: 1, Window: 4,
			Batch: min(batch, cmpp.MaxBatch),
		}})
	},
	"smgp": func(t *testing.T, addr string, batch int, _ string) (providers.Provider, error) {
		return smgp.New(smgp.Options{Logger: smstest.Logger(t, "secret"), Config: smgp.Config{
			Address: addr, ClientID: "tocsin", Password: "secret", Sender: "10690000", Connections: 1, Window: 4, Batch: batch,
		}})
	},
	"sgip": func(t *testing.T, addr string, batch int, back string) (providers.Provider, error) {
		return sgip.New(sgip.Options{Logger: smstest.Logger(t, "secret"), Config: sgip.Config{
			Address: addr, Login: "tocsin", Password: "secret", Node: 3053112345, Sender: "10690000", Connections: 1, Window: 4, Batch: batch,
			Listen: back, GatewayLogin: "smg", GatewayPassword: "back",
		}})
	},
}

// An exchange is a carrier and a client of it whose line is up.
type exchange struct {
	t       *testing.T
	carrier *simulator.Carrier
	client  providers.Provider

	mu       sync.Mutex
	receipts []sms.Receipt
	came     chan struct{} // one for each call of receive
}

func (e *exchange) receive(receipts []sms.Receipt, _ []sms.Incoming) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range receipts {
		r.Ref = slices.Clone(r.Ref)
		e.receipts = append(e.receipts, r)
	}
	select {
	case e.came <- struct{}{}:
	default:
	}
	return nil
}

const patience = 2 * time.Minute // only something that hangs meets it

// meet brings a carrier that behaves as c says and a client together.
func meet(t *testing.T, protocol string, batch int, c simulator.Config) *exchange {
	t.Helper()
	c.Listen, c.Logger, c.SystemID, c.Password = "127.0.0.1:0", smstest.Logger(t, "secret"), "tocsin", "secret"
	if c.Protocol = protocol; protocol == "cmpp 2.0" {
		c.Protocol = "cmpp"
	}
	if protocol == "sgip" {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.DialBack, c.DialBackID, c.DialBackPassword = ln.Addr().String(), "smg", "back"
		ln.Close()
	}
	carrier, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	client, err := clients[protocol](t, carrier.Addr().String(), batch, c.DialBack)
	if err != nil {
		t.Fatal(err)
	}
	e := &exchange{t: t, carrier: carrier, client: client, came: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(context.Background())
	var both sync.WaitGroup
	both.Go(func() {
		if err := carrier.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	inner, hangUp := context.WithCancel(context.Background())
	both.Go(func() {
		if err := client.Run(inner, e.receive); err != nil {
			t.Error(err)
		}
		stop()
	})
	t.Cleanup(func() {
		hangUp()
		both.Wait()
	})
	until(t, "the line is up", func() bool { return client.Line().Up == 1 })
	return e
}

// until waits for what must come.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// crowd is one text for n people.
func crowd(n int, e sms.Envelope) []sms.Message {
	content, err := sms.Octets.Encode(nil, "洪水：离开河岸")
	if err != nil {
		panic(err)
	}
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{To: sms.Number(8613800138000 + i), Content: content, Envelope: &e}
	}
	return msgs
}

func (e *exchange) submit(msgs []sms.Message) []sms.Ack {
	acks := make([]sms.Ack, len(msgs))
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	e.client.Submit(ctx, msgs, acks)
	return acks
}

func (e *exchange) heard() []sms.Receipt {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.receipts)
}

// sent is what is asked about a message.
func sent(m *sms.Message, a *sms.Ack) providers.Sent {
	ref, _ := a.Refs.Next()
	return providers.Sent{To: m.To, Sender: m.Envelope.Sender, Ref: ref}
}

func TestWhatIsAcceptedAndNotDeliveredIsCancelled(t *testing.T) {
	for _, protocol := range []string{"smpp", "cmpp", "cmpp 2.0"} {
		t.Run(protocol, func(t *testing.T) {
			// What shall be kept for an hour can be taken back, what is due at once cannot.
			e := meet(t, protocol, 10, simulator.Config{Receipts: true, Remember: true})
			later := crowd(10, sms.Envelope{Campaign: 1, Receipt: true, NotBefore: time.Now().Add(time.Hour)})
			acks := e.submit(later)
			canceller, ok := providers.As[providers.Canceller](providers.NewBreaker(e.client, nil))
			if !ok {
				t.Fatal("nothing in the breaker can cancel")
			}
			for i := range later[:5] {
				s := sent(&later[i], &acks[i])
				if acks[i].Outcome != sms.Taken || len(s.Ref) == 0 {
					t.Fatalf("message %d: got %v, reference %q", i, acks[i].Outcome, s.Ref)
				}
				if err := canceller.Cancel(t.Context(), s); err != nil {
					t.Errorf("message %d: %v", i, err)
				}
				if err := canceller.Cancel(t.Context(), s); !errors.Is(err, providers.ErrKept) {
					t.Errorf("message %d, a second time: got %v, want ErrKept", i, err)
				}
			}
			if got := e.carrier.Stats().Cancelled; got != 5 {
				t.Errorf("the carrier has cancelled %d, want 5", got)
			}
			now := crowd(1, sms.Envelope{Campaign: 2, Receipt: true})
			acks = e.submit(now)
			until(t, "the receipt of what is due at once", func() bool { return len(e.heard()) == 1 })
			if err := canceller.Cancel(t.Context(), sent(&now[0], &acks[0])); !errors.Is(err, providers.ErrKept) {
				t.Errorf("what is delivered: got %v, want ErrKept", err)
			}
			stranger := providers.Sent{To: 8613800138000, Ref: []byte("0123456789abcdef")}
			if err := canceller.Cancel(t.Context(), stranger); !errors.Is(err, providers.ErrKept) {
				t.Errorf("what is nobody's: got %v, want ErrKept", err)
			}
		})
	}
}

func TestAScheduledMessageIsDeliveredWhenItsTimeComes(t *testing.T) {
	for protocol := range clients {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			e := meet(t, protocol, 1, simulator.Config{Receipts: true})
			at := time.Now().Add(2 * time.Second).Truncate(time.Second) // the wire has seconds
			scheduled := crowd(1, sms.Envelope{Campaign: 1, Receipt: true, NotBefore: at})
			others := crowd(2, sms.Envelope{Campaign: 2, Receipt: true})
			for _, a := range append(e.submit(scheduled), e.submit(others[1:])...) {
				if a.Outcome != sms.Taken {
					t.Fatalf("got %v %v", a.Outcome, a.Reason)
				}
			}
			until(t, "both receipts", func() bool { return len(e.heard()) == 2 })
			if time.Now().Before(at) {
				t.Error("the receipt came before its message's time")
			}
			if got := e.heard(); got[0].To != others[1].To || got[1].To != scheduled[0].To {
				t.Errorf("got receipts of %v, %v, want the scheduled one's last", got[0].To, got[1].To)
			}
		})
	}
}

func TestACarrierSaysWhatBecameOfAMessage(t *testing.T) {
	e := meet(t, "smpp", 1, simulator.Config{Receipts: true, Remember: true})
	querier, ok := providers.As[providers.Querier](e.client)
	if !ok {
		t.Fatal("it cannot be asked")
	}
	at := time.Now().Add(time.Hour)
	waiting, due := crowd(1, sms.Envelope{Campaign: 1, Receipt: true, NotBefore: at}), crowd(1, sms.Envelope{Campaign: 2, Receipt: true})
	ofWaiting, ofDue := e.submit(waiting), e.submit(due)
	until(t, "the receipt", func() bool { return len(e.heard()) == 1 })
	r, err := querier.Query(t.Context(), sent(&due[0], &ofDue[0]))
	if err != nil || r.State != sms.Delivered || r.To != due[0].To || r.Time == 0 {
		t.Errorf("delivered: got %+v, %v", r, err)
	}
	r, err = querier.Query(t.Context(), sent(&waiting[0], &ofWaiting[0]))
	if err != nil || r.State != sms.Accepted || r.Time != 0 {
		t.Errorf("on its way: got %+v, %v", r, err)
	}
	if _, err := querier.Query(t.Context(), providers.Sent{Ref: []byte("7")}); !errors.Is(err, providers.ErrKept) {
		t.Errorf("nobody's: got %v, want ErrKept", err)
	}
	if err := e.client.(providers.Canceller).Cancel(t.Context(), sent(&waiting[0], &ofWaiting[0])); err != nil {
		t.Fatal(err)
	}
	if r, err := querier.Query(t.Context(), sent(&waiting[0], &ofWaiting[0])); err != nil || r.State != sms.Failed || r.Reason != sms.Rejected {
		t.Errorf("cancelled: got %+v, %v", r, err)
	}
}

func TestACarrierThatKnowsNoCancelSaysSo(t *testing.T) {
	e := meet(t, "smpp", 1, simulator.Config{})
	m := crowd(1, sms.Envelope{Campaign: 1})
	acks := e.submit(m)
	if err := e.client.(providers.Canceller).Cancel(t.Context(), sent(&m[0], &acks[0])); !errors.Is(err, providers.ErrKept) {
		t.Errorf("got %v, want ErrKept", err)
	}
}

func TestADaysFiguresAreTold(t *testing.T) {
	for _, protocol := range []string{"cmpp", "cmpp 2.0", "smgp"} {
		t.Run(protocol, func(t *testing.T) {
			e := meet(t, protocol, 10, simulator.Config{Receipts: true, Remember: true, FailReceipts: 0.5, Seed: 7})
			e.submit(crowd(40, sms.Envelope{Campaign: 1, Receipt: true}))
			e.submit(crowd(3, sms.Envelope{Campaign: 2, Receipt: true, NotBefore: time.Now().Add(time.Hour)}))
			until(t, "the receipts", func() bool { return len(e.heard()) == 40 })
			failed := uint32(0)
			for _, r := range e.heard() {
				if r.State == sms.Failed {
					failed++
				}
			}
			accountant, ok := providers.As[providers.Accountant](e.client)
			if !ok {
				t.Fatal("it cannot be asked")
			}
			want := providers.Figures{Messages: 43, People: 43, Delivered: 40 - failed, Waiting: 3, Failed: failed}
			if got, err := accountant.Figures(t.Context(), time.Now(), ""); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if got, err := accountant.Figures(t.Context(), time.Now().Add(-48*time.Hour), "WARN"); err != nil || got != (providers.Figures{}) {
				t.Errorf("another day: got %+v, %v, want nothing", got, err)
			}
			if _, err := accountant.Figures(t.Context(), time.Now(), "more than ten characters"); !errors.Is(err, providers.ErrNotAsked) {
				t.Errorf("a service that fits no field: got %v, want ErrNotAsked", err)
			}
		})
	}
}

// One bad number refuses a whole batch: it is halved until the bad ones are found, and
// only they fail.
func TestOnlyTheBadNumbersOfABatchFail(t *testing.T) {
	for protocol, most := range map[string]int{"cmpp": 99, "cmpp 2.0": 99, "sgip": 100, "smgp": 100} {
		t.Run(protocol, func(t *testing.T) {
			e := meet(t, protocol, most, simulator.Config{Refuse: 0.03, Seed: 11})
			msgs := crowd(5*most, sms.Envelope{Campaign: 1})
			bad, taken := 0, 0
			for i, a := range e.submit(msgs) {
				switch {
				case a.Outcome == sms.Taken:
					taken++
				case a.Outcome == sms.Refused && a.Reason == sms.InvalidNumber:
					bad++
				default:
					t.Errorf("message %d: got %v %v", i, a.Outcome, a.Reason)
				}
			}
			stats := e.carrier.Stats()
			if int64(taken) != stats.Recipients || int64(bad) != stats.Refused || bad == 0 || bad > 5*most/10 {
				t.Errorf("got %d taken and %d bad, the carrier took %d and refused %d", taken, bad, stats.Recipients, stats.Refused)
			}
			// Each bad number costs its batch at most two PDUs a halving, and 100 are halved seven times.
			if most := int64(5 + bad*14); stats.Submits > most {
				t.Errorf("got %d submits for %d bad numbers, want at most %d", stats.Submits, bad, most)
			}
		})
	}
}

// A pacer that remembers who complained.
type pacer struct {
	mu         sync.Mutex
	complaints int
}

func (*pacer) Wait(context.Context, int) error { return nil }
func (*pacer) Rate() float64                   { return 100_000 }
func (p *pacer) Throttled() {
	p.mu.Lock()
	p.complaints++
	p.mu.Unlock()
}

// Result 8 and its like (11 and 33, Status 1, RTHROTTLED) slow the whole line, and what
// was refused so may be offered again.
func TestAComplaintAboutTheRateSlowsTheLine(t *testing.T) {
	for protocol := range clients {
		for _, c := range []simulator.Config{{Throttle: 1}, {QueueFull: 1}} {
			t.Run(protocol, func(t *testing.T) {
				e := meet(t, protocol, 10, c)
				var p pacer
				msgs := crowd(10, sms.Envelope{Campaign: 1})
				acks := make([]sms.Ack, len(msgs))
				providers.NewLimited(e.client, &p).Submit(t.Context(), msgs, acks)
				for i, a := range acks {
					if a.Outcome != sms.NotNow || a.Reason != sms.Throttled && a.Reason != sms.QueueFull {
						t.Errorf("message %d: got %v %v", i, a.Outcome, a.Reason)
					}
				}
				if p.complaints == 0 {
					t.Error("the pacer heard nothing")
				}
			})
		}
	}
}

// The carrier writes ids in hexadecimal in one place and in decimal in the other: with
// the switch a receipt's is the answer's.
func TestReceiptsNameTheIDsOfTheAnswers(t *testing.T) {
	for hex, ids := range map[string]smpp.Notation{"resp": smpp.Decimal, "receipt": smpp.Hex, "": smpp.Same} {
		t.Run("hexadecimal in "+hex, func(t *testing.T) {
			before := clients["smpp"]
			defer func() { clients["smpp"] = before }()
			clients["smpp"] = func(t *testing.T, addr string, batch int, _ string) (providers.Provider, error) {
				return smpp.New(smpp.Options{Logger: smstest.Logger(t, "secret"), Config: smpp.Config{
					Address: addr, SystemID: "tocsin", Password: "secret", Sender: "10690000", Connections: 1, Window: 4, Batch: batch, ReceiptIDs: ids,
				}})
			}
			e := meet(t, "smpp", 1, simulator.Config{Receipts: true, HexIDs: hex})
			m := crowd(1, sms.Envelope{Campaign: 1, Receipt: true})
			acks := e.submit(m)
			until(t, "the receipt", func() bool { return len(e.heard()) == 1 })
			if ref, _ := acks[0].Refs.Next(); string(e.heard()[0].Ref) != string(ref) || len(ref) == 0 {
				t.Errorf("got a receipt of %q, the answer was %q", e.heard()[0].Ref, ref)
			}
		})
	}
}
