package providertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/providers"
	"tocsin/providers/providertest"
	"tocsin/providers/simulator"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

func TestSMPP5(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name    string
		carrier bool // speaks 5.0
	}{
		{"both ends speak 5.0", true},
		{"the carrier speaks 3.4", false},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, "smpp", func(t *testing.T, addr net.Addr, c simulator.Config) providers.Provider {
				config := smpp.Config{
					Address: addr.String(), SystemID: "tocsin", Password: "secret", Five: true,
					Connections: 1, Window: 10, Batch: 255, ResponseTimeout: 300 * time.Millisecond,
				}
				if c.Latency >= time.Second { // the caller gives up first
					config.ResponseTimeout = time.Minute
				}
				p, err := smpp.New(smpp.Options{Config: config, Logger: smstest.Logger(t, config.Password)})
				if err != nil {
					t.Fatal(err)
				}
				return p
			}, func(c *simulator.Config) {
				if c.Version50 = s.carrier; s.carrier {
					c.Congestion = 85
				}
			})
		})
	}
}

// carrier runs a simulated one until the test ends; its journal may be read then.
func carrier(t *testing.T, c simulator.Config) (*simulator.Carrier, func() string) {
	t.Helper()
	var journal bytes.Buffer
	c.Listen, c.Journal, c.Logger = "127.0.0.1:0", &journal, smstest.Logger(t, c.Password)
	made, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- made.Run(ctx) }()
	end := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return made, func() string { end(); return journal.String() }
}

func TestTheLargestBatchIsTheVersions(t *testing.T) {
	for _, tt := range []struct {
		name    string
		carrier bool
		submits int64 // of 510 recipients
	}{
		{"255 in 5.0", true, 2},
		{"254 in 3.4", false, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := carrier(t, simulator.Config{Version50: tt.carrier})
			p, err := smpp.New(smpp.Options{Config: smpp.Config{Address: c.Addr().String(), SystemID: "tocsin", Five: true, Connections: 1, Window: 1, Batch: 255}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- p.Run(ctx, func([]sms.Receipt, []sms.Incoming) error { return nil }) }()
			for p.Line().Up == 0 {
				time.Sleep(time.Millisecond)
			}
			msgs := make([]sms.Message, 510)
			content, err := sms.Encode(nil, "Flood")
			if err != nil {
				t.Fatal(err)
			}
			envelope := &sms.Envelope{}
			for i := range msgs {
				msgs[i] = sms.Message{To: sms.Number(8613800000000 + i), Content: content, Envelope: envelope}
			}
			acks := make([]sms.Ack, len(msgs))
			p.Submit(ctx, msgs, acks)
			for i := range acks {
				if acks[i].Outcome != sms.Taken {
					t.Fatalf("message %d: got %+v", i, acks[i])
				}
			}
			if got := c.Stats().Submits; got != tt.submits {
				t.Errorf("got %d submits, want %d", got, tt.submits)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatTheCarrierSaysOfItsLoadIsOnTheLine(t *testing.T) {
	for _, five := range []bool{true, false} {
		c, _ := carrier(t, simulator.Config{Version50: true, Congestion: 93})
		p, err := smpp.New(smpp.Options{Config: smpp.Config{Address: c.Addr().String(), SystemID: "tocsin", Five: five, Batch: 10}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(ctx, func([]sms.Receipt, []sms.Incoming) error { return nil }) }()
		for p.Line().Up == 0 {
			time.Sleep(time.Millisecond)
		}
		content, _ := sms.Encode(nil, "Flood")
		envelope := &sms.Envelope{}
		for n, level := range []int{93, 100, 42} {
			c.SetCongestion(level)
			msgs := make([]sms.Message, n+1) // submit_sm, then submit_multi
			for i := range msgs {
				msgs[i] = sms.Message{To: sms.Number(8613800000000 + i), Content: content, Envelope: envelope}
			}
			p.Submit(ctx, msgs, make([]sms.Ack, len(msgs)))
			want := uint8(0)
			if five {
				want = uint8(level)
			}
			if got := p.Line().Congestion; got != want {
				t.Errorf("5.0 %v: got congestion %d, want %d", five, got, want)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func broadcaster(address, password string) *smpp.Broadcaster {
	return smpp.NewBroadcaster(smpp.Options{Config: smpp.Config{
		Address: address, SystemID: "tocsin", Password: password, Sender: "10690000", ResponseTimeout: 300 * time.Millisecond,
	}})
}

func area(t *testing.T, text string) smpp.Area {
	t.Helper()
	a, err := smpp.ParseArea(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// flood is a broadcast to some areas, every hour, three times.
func flood(t *testing.T, areas ...string) *smpp.Broadcast {
	t.Helper()
	o := smpp.Order{Content: 1, Repeat: 3, Unit: smpp.Hours, Every: 1, Text: []byte("Flood")}
	for _, a := range areas {
		o.Areas = append(o.Areas, area(t, a))
	}
	return &smpp.Broadcast{Priority: 1, Options: o.AppendTo(nil)}
}

func TestABroadcastIsSentAskedAfterAndCancelled(t *testing.T) {
	c, journal := carrier(t, simulator.Config{Version50: true, Password: "secret", Areas: []string{"river", "hill"}})
	b := broadcaster(c.Addr().String(), "secret")
	id, failed, fate := b.Send(t.Context(), flood(t, "alias:river", "alias:moon", "circle:30,120,5000"))
	if fate.Outcome != sms.Taken || fate.Err != nil || id != "b1" {
		t.Fatalf("got %q, %+v", id, fate)
	}
	if d := cmp.Diff([]smpp.Failure{{Area: area(t, "alias:moon"), Status: smpp.StatusAlias}}, failed); d != "" {
		t.Errorf("failed areas (-want +got):\n%s", d)
	}
	state, areas, fate := b.Query(t.Context(), id)
	if d := cmp.Diff([]smpp.Reach{{Area: area(t, "alias:river"), Percent: 100}, {Area: area(t, "circle:30,120,5000"), Percent: 100}}, areas); d != "" ||
		fate.Outcome != sms.Taken || smpp.StateName(state) != "enroute" {
		t.Errorf("got %s, %+v, areas (-want +got):\n%s", smpp.StateName(state), fate, d)
	}
	if fate := b.Cancel(t.Context(), id); fate.Outcome != sms.Taken || fate.Err != nil {
		t.Errorf("got %+v", fate)
	}
	if fate := b.Cancel(t.Context(), id); fate.Outcome != sms.Refused || fate.Code != smpp.StatusCancel {
		t.Errorf("a second cancel: got %+v", fate)
	}
	if state, _, _ := b.Query(t.Context(), id); smpp.StateName(state) != "deleted" {
		t.Errorf("got %s, want deleted", smpp.StateName(state))
	}
	if _, _, fate := b.Query(t.Context(), "b9"); fate.Outcome != sms.Refused || fate.Code != smpp.StatusQuery {
		t.Errorf("of another: got %+v", fate)
	}
	if _, failed, fate := b.Send(t.Context(), flood(t, "alias:moon")); fate.Outcome != sms.Refused || fate.Code != smpp.StatusAlias || failed != nil {
		t.Errorf("nowhere: got %+v", fate)
	}
	first, _, _ := strings.Cut(journal(), "\n")
	var line struct {
		Broadcast, Text, Every string
		Areas                  []string
		Repeat, Priority       int
	}
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatal(err)
	}
	if line.Broadcast != "b1" || line.Text != "Flood" || line.Every != "1h0m0s" || len(line.Areas) != 2 || line.Repeat != 3 || line.Priority != 1 {
		t.Errorf("got %+v", line)
	}
}

func TestWhatBecomesOfABroadcastThatIsNotAnswered(t *testing.T) {
	for _, tt := range []struct {
		name     string
		carrier  simulator.Config
		password string
		outcome  sms.Outcome
		err      error
	}{
		{"the carrier is silent", simulator.Config{Version50: true, Silent: 1}, "", sms.Unknown, nil},
		{"the carrier is silent from the login on", simulator.Config{Version50: true, Mute: true}, "", sms.NotSent, nil},
		{"the carrier speaks 3.4", simulator.Config{}, "", sms.NotSent, smpp.ErrNoBroadcasts},
		{"the login is refused", simulator.Config{Version50: true, Password: "secret"}, "other", sms.NotSent, smpp.ErrCredentials},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, journal := carrier(t, tt.carrier)
			_, _, fate := broadcaster(c.Addr().String(), tt.password).Send(t.Context(), flood(t, "alias:river"))
			if fate.Outcome != tt.outcome || fate.Err == nil || tt.err != nil && !errors.Is(fate.Err, tt.err) {
				t.Errorf("got %+v, want %v, %v", fate, tt.outcome, tt.err)
			}
			if got, want := journal() != "", tt.outcome == sms.Unknown; got != want {
				t.Errorf("got it taken: %v, want %v", got, want)
			}
		})
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if _, _, fate := broadcaster(closed.Addr().String(), "").Send(t.Context(), flood(t, "alias:river")); fate.Outcome != sms.NotSent || fate.Err == nil {
		t.Errorf("nobody is there: got %+v", fate)
	}
}
