// Package providertest is the suite every provider passes: it plays the
// provider against a simulated carrier that refuses, throttles, cuts the line
// and repeats itself, and checks the contract of providers.Provider.
package providertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/simulator"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// A NewFunc makes a provider, not yet running, for the carrier at addr, with a
// window of at least 10 and an answer time-out of about 300 ms. The carrier
// behaves as c says.
type NewFunc func(t *testing.T, addr net.Addr, c simulator.Config) providers.Provider

// patience bounds every wait; only a provider that hangs meets it.
const patience = 15 * time.Second

// A bench is a carrier, a provider that runs, and what it received.
type bench struct {
	t        *testing.T
	carrier  *simulator.Carrier
	provider providers.Provider
	stop     context.CancelFunc // ends the provider's Run
	ended    chan error

	mu       sync.Mutex
	receipts map[sms.Number][]string // references
	fail     int                     // calls of receive to refuse
	refused  int                     // calls refused
}

var errDisk = errors.New("disk full")

func (b *bench) receive(receipts []sms.Receipt, _ []sms.Incoming) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused < b.fail {
		b.refused++
		return errDisk
	}
	for _, r := range receipts {
		b.receipts[r.To] = append(b.receipts[r.To], string(r.Ref))
	}
	return nil
}

// setUp starts both sides and waits for the line; they end with the test.
func setUp(t *testing.T, c simulator.Config, make NewFunc) *bench {
	t.Helper()
	c.Listen, c.Logger = "127.0.0.1:0", smstest.Logger(t, c.Password)
	if c.Protocol == "sgip" { // its carrier brings receipts where the provider listens
		c.DialBack, c.DialBackID, c.DialBackPassword = free(t), "smg", "back"
	}
	if c.Protocol == "http" { // with an account, so that signatures are checked
		c.SystemID, c.Password, c.DialBack = "tocsin", "secret", "http://"+free(t)+"/receipts?key=back"
		c.Logger = smstest.Logger(t, c.Password)
	}
	carrier, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, carrier: carrier, ended: newEnd(), receipts: map[sms.Number][]string{}}
	carrierCtx, stopCarrier := context.WithCancel(context.Background())
	carrierEnded := newEnd()
	go func() { carrierEnded <- carrier.Run(carrierCtx) }()
	b.provider = make(t, carrier.Addr(), c)
	if l := b.provider.Line(); l.Up != 0 || l.Fault == "" {
		t.Errorf("before Run the line is %+v", l)
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	go func() { b.ended <- b.provider.Run(ctx, b.receive) }()
	t.Cleanup(func() {
		stop()
		if err := <-b.ended; err != nil {
			t.Errorf("run of the provider: %v", err)
		}
		stopCarrier()
		if err := <-carrierEnded; err != nil {
			t.Errorf("run of the carrier: %v", err)
		}
	})
	b.until("the line is up", func() bool { return b.provider.Line().Up > 0 })
	return b
}

// free is an unused address on loopback. It is below the ports that the system gives to
// outgoing connections (32768 to 60999 on Linux), which other tests make meanwhile.
func free(t *testing.T) string {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(20_000)))
		if err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

func newEnd() chan error { return make(chan error, 1) }

// until polls what happens on the other side of a socket.
func (b *bench) until(what string, happened func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("waited in vain until %s; line %+v, carrier %+v", what, b.provider.Line(), b.carrier.Stats())
		}
	}
}

// received is how many receipts came for how many numbers.
func (b *bench) received() (receipts, numbers int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, refs := range b.receipts {
		receipts += len(refs)
	}
	return receipts, len(b.receipts)
}

// messages are n of one text, with receipts. Every other test number differs.
func messages(n int) []sms.Message {
	envelope := &sms.Envelope{Campaign: 1, Sender: "Tocsin", Receipt: true}
	content := sms.Content{Octets: []byte("Flood warning: keep off the river banks."), Coding: sms.GSM7, Segments: 1}
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{To: sms.Number(8613800000000 + i), Content: content, Envelope: envelope}
	}
	return msgs
}

func (b *bench) submit(msgs []sms.Message) []sms.Ack {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	acks := make([]sms.Ack, len(msgs))
	b.provider.Submit(ctx, msgs, acks)
	return acks
}

func count(acks []sms.Ack) (n [sms.Outcomes]int) {
	for _, a := range acks {
		n[a.Outcome]++
	}
	return n
}

// wantAll reports an error unless every ack has outcome.
func wantAll(t *testing.T, acks []sms.Ack, outcome sms.Outcome) {
	t.Helper()
	if n := count(acks); n[outcome] != len(acks) {
		t.Errorf("got outcomes %v (not sent, not now, taken, refused, unknown), want all %v", n, outcome)
	}
}
