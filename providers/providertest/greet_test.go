package providertest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/cmpp"
	"tocsin/providers/link"
	"tocsin/providers/sgip"
	"tocsin/providers/simulator"
	"tocsin/providers/smgp"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// greeters make a provider of each protocol for the account tocsin.
var greeters = map[string]func(t *testing.T, address, password string) providers.Provider{
	"smpp": func(t *testing.T, address, password string) providers.Provider {
		p, err := smpp.New(smpp.Options{Config: smpp.Config{Address: address, SystemID: "tocsin", Password: password}, Logger: smstest.Logger(t, password)})
		if err != nil {
			t.Fatal(err)
		}
		return p
	},
	"cmpp": func(t *testing.T, address, password string) providers.Provider {
		p, err := cmpp.New(cmpp.Options{Config: cmpp.Config{Address: address, Version: cmpp.V20, SourceAddr: "tocsin", Password: password}, Logger: smstest.Logger(t, password)})
		if err != nil {
			t.Fatal(err)
		}
		return p
	},
	"sgip": func(t *testing.T, address, password string) providers.Provider {
		p, err := sgip.New(sgip.Options{Config: sgip.Config{
			Address: address, Login: "tocsin", Password: password, Node: 3053112345, Listen: address, // which is taken
		}, Logger: smstest.Logger(t, password)})
		if err != nil {
			t.Fatal(err)
		}
		return p
	},
	"smgp": func(t *testing.T, address, password string) providers.Provider {
		p, err := smgp.New(smgp.Options{Config: smgp.Config{Address: address, ClientID: "tocsin", Password: password}, Logger: smstest.Logger(t, password)})
		if err != nil {
			t.Fatal(err)
		}
		return p
	},
}

// carrierOf runs a simulated carrier until the test ends.
func carrierOf(t *testing.T, c simulator.Config) *simulator.Carrier {
	t.Helper()
	c.Listen, c.SystemID, c.Logger = "127.0.0.1:0", "tocsin", smstest.Logger(t, c.Password)
	carrier, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- carrier.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return carrier
}

func greet(t *testing.T, p providers.Provider) (providers.Hello, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return p.(providers.Greeter).Greet(ctx)
}

func TestGreetLogsInTestsTheLineAndLeaves(t *testing.T) {
	versions := map[string]uint8{"smpp": 0x34, "cmpp": 0x20, "smgp": 0x30}
	for protocol, make := range greeters {
		t.Run(protocol, func(t *testing.T) {
			carrier := carrierOf(t, simulator.Config{Protocol: protocol, Password: "secret", Most: 1})
			h, err := greet(t, make(t, carrier.Addr().String(), "secret"))
			if err != nil {
				t.Fatal(err)
			}
			tests := 1
			if protocol == "sgip" { // which has none
				tests = 0
			}
			if h.Version != versions[protocol] || h.Logins != 1 || h.Tests != tests || h.Connect == 0 || h.Login == 0 || h.Arrived != 0 || h.TLS != nil {
				t.Errorf("got %+v, want version %#x and %d tests", h, versions[protocol], tests)
			}
			if protocol == "smpp" && h.Name != "tocsin" {
				t.Errorf("got the name %q, want the carrier's", h.Name)
			}
			if (protocol == "sgip") != (h.Listen != "" && h.ListenErr != nil) {
				t.Errorf("got listen %q, %v", h.Listen, h.ListenErr)
			}
			if stats := carrier.Stats(); stats.Binds != 1 {
				t.Errorf("the carrier let %d in, want 1", stats.Binds)
			}
			if _, err := greet(t, make(t, carrier.Addr().String(), "secret")); err != nil {
				t.Errorf("again: got %v: the first one has not left", err)
			}
		})
	}
}

func TestGreetLogsInOnceForEachKindOfConnection(t *testing.T) {
	carrier := carrierOf(t, simulator.Config{Password: "secret"})
	p, err := smpp.New(smpp.Options{Config: smpp.Config{
		Address: carrier.Addr().String(), SystemID: "tocsin", Password: "secret", Bind: "separate", Connections: 3,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := greet(t, p); err != nil || h.Logins != 2 || h.Tests != 2 {
		t.Errorf("got %+v, %v, want a transmitter and a receiver", h, err)
	}
}

func TestGreetSaysWhyALoginIsRefused(t *testing.T) {
	for protocol, make := range greeters {
		t.Run(protocol, func(t *testing.T) {
			carrier := carrierOf(t, simulator.Config{Protocol: protocol, Password: "secret", Most: 1})
			address := carrier.Addr().String()
			h, err := greet(t, make(t, address, "other"))
			var refused *providers.LoginError
			if !errors.As(err, &refused) || refused.Fault != providers.BadCredentials || !errors.Is(err, link.ErrCredentials) {
				t.Errorf("a wrong password: got %v (%+v)", err, refused)
			}
			if h.Connect == 0 || h.Logins != 0 || strings.Contains(err.Error(), "other") {
				t.Errorf("a wrong password: got %+v, %v", h, err)
			}

			held := make(t, address, "secret")
			ctx, stop := context.WithCancel(t.Context())
			ended := runUntil(ctx, held)
			for start := time.Now(); held.Line().Up == 0; time.Sleep(time.Millisecond) {
				if time.Since(start) > patience {
					t.Fatal("the line does not come up")
				}
			}
			want := providers.TooMany
			if protocol == "cmpp" { // which has no word for it
				want = providers.OtherFault
			}
			if _, err := greet(t, make(t, address, "secret")); !errors.As(err, &refused) || refused.Fault != want || refused.Code == 0 {
				t.Errorf("too many connections: got %v (%+v), want %v", err, refused, want)
			}
			stop()
			<-ended
		})
	}
}

// runUntil runs a provider until ctx ends. SGIP's listener is taken, and it runs all the
// same for as long as its own part of the line is asked about.
func runUntil(ctx context.Context, p providers.Provider) <-chan error {
	if s, ok := p.(*sgip.Provider); ok {
		p = s.Link
	}
	ended := make(chan error, 1)
	go func() {
		ended <- p.Run(ctx, func([]sms.Receipt, []sms.Incoming) error { return nil })
	}()
	return ended
}

func TestGreetEndsWhenTheCarrierSaysNothing(t *testing.T) {
	for protocol, make := range greeters {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			carrier := carrierOf(t, simulator.Config{Protocol: protocol, Password: "secret", Mute: true})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // far more than it takes to connect
			defer cancel()
			h, err := make(t, carrier.Addr().String(), "secret").(providers.Greeter).Greet(ctx)
			var late net.Error
			if !errors.As(err, &late) || !late.Timeout() || h.Connect == 0 || h.Logins != 0 {
				t.Errorf("got %v, %+v, want a time-out behind the connection", err, h)
			}
		})
	}
}

func TestGreetIsHungUpOn(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 1<<10))
			conn.Close()
		}
	}()
	for protocol, make := range greeters {
		if _, err := greet(t, make(t, ln.Addr().String(), "secret")); !errors.Is(err, io.EOF) {
			t.Errorf("%s: got %v, want %v", protocol, err, io.EOF)
		}
	}
	address := ln.Addr().String()
	ln.Close()
	<-done
	if h, err := greet(t, greeters["smpp"](t, address, "secret")); err == nil || h.Connect != 0 || !strings.HasPrefix(err.Error(), "connect: ") {
		t.Errorf("nobody there: got %v, %+v", err, h)
	}
}

// What the carrier delivers meanwhile is not acknowledged, and said again to who keeps it.
func TestGreetAcknowledgesNothing(t *testing.T) {
	carrier := carrierOf(t, simulator.Config{Protocol: "smpp", Password: "secret", Receipts: true})
	p := greeters["smpp"](t, carrier.Addr().String(), "secret")
	sender, err := smpp.New(smpp.Options{Config: smpp.Config{Address: carrier.Addr().String(), SystemID: "tocsin", Password: "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, came := make(chan error, 1), make(chan struct{}, 100)
	go func() {
		ended <- sender.Run(ctx, func([]sms.Receipt, []sms.Incoming) error {
			came <- struct{}{}
			return errors.New("disk full")
		})
	}()
	for start := time.Now(); sender.Line().Up == 0; time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatal("the line does not come up")
		}
	}
	content, err := sms.Encode(nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	acks := make([]sms.Ack, 1)
	sender.Submit(ctx, []sms.Message{{To: 8613800138000, Content: content, Envelope: &sms.Envelope{Receipt: true}}}, acks)
	<-came // and it is the carrier's still
	stop()
	<-ended
	h, err := greet(t, p)
	if err != nil || acks[0].Outcome != sms.Taken {
		t.Fatalf("got %v, %v", err, acks[0].Outcome)
	}
	if h.Arrived > 1 {
		t.Errorf("got %d arrivals, want the receipt at most", h.Arrived)
	}
	var got int
	received := make(chan struct{}, 1)
	ctx, stop = context.WithTimeout(t.Context(), patience)
	defer stop()
	go func() {
		greeters["smpp"](t, carrier.Addr().String(), "secret").Run(ctx, func(r []sms.Receipt, _ []sms.Incoming) error {
			got += len(r)
			received <- struct{}{}
			return nil
		})
		close(received)
	}()
	<-received
	stop()
	for range received {
	}
	if got != 1 {
		t.Errorf("got %d receipts afterwards, want the one that was not acknowledged", got)
	}
}
