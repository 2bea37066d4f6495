package stub

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers/sms"

	"github.com/google/go-cmp/cmp"
)

// A got is what a receive function was told. Its fields may be read once no more
// receipts come; len at any time.
type got struct {
	mu       sync.Mutex
	receipts []sms.Receipt
	refs     []string
	fail     int // how many calls to refuse
}

func (g *got) len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.receipts)
}

func (g *got) receive(receipts []sms.Receipt, _ []sms.Incoming) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail > 0 {
		g.fail--
		return errors.New("disk full")
	}
	for _, r := range receipts {
		g.refs = append(g.refs, string(r.Ref))
		r.Ref = nil
		g.receipts = append(g.receipts, r)
	}
	return nil
}

// run starts a stub inside a bubble; it stops with the test.
func run(t *testing.T, c Config, receive sms.ReceiveFunc) *Provider {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- p.Run(ctx, receive) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	synctest.Wait()
	return p
}

func messages(n int, segments uint8) []sms.Message {
	envelope := &sms.Envelope{Campaign: 7, Receipt: true}
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{
			To: sms.Number(8613800000000 + i), Envelope: envelope,
			Content: sms.Content{Octets: []byte("warning"), Segments: segments},
		}
	}
	return msgs
}

func count(acks []sms.Ack) (n [sms.Outcomes]int) {
	for _, a := range acks {
		n[a.Outcome]++
	}
	return n
}

func TestEverythingIsTakenAndReceipted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g got
		p := run(t, Config{Latency: 20 * time.Millisecond, ReceiptDelay: time.Second}, g.receive)
		msgs, acks := messages(2500, 2), make([]sms.Ack, 2500)
		start := time.Now()
		p.Submit(t.Context(), msgs, acks)
		if d := time.Since(start); d != 20*time.Millisecond {
			t.Errorf("answered after %v, want 20ms", d)
		}
		var refs []string
		for i, a := range acks {
			if a.Outcome != sms.Taken || a.Done != 3 {
				t.Fatalf("message %d: got %v with done %b", i, a.Outcome, a.Done)
			}
			one, rest := a.Refs.Next()
			two, rest := rest.Next()
			if len(rest) != 0 {
				t.Fatalf("message %d: references left over", i)
			}
			refs = append(refs, string(one), string(two))
		}
		synctest.Wait()
		if n := g.len(); n != 0 {
			t.Errorf("got %d receipts before they are due", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if d := cmp.Diff(refs, g.refs); d != "" {
			t.Errorf("references of the receipts (-answered +receipted):\n%s", d)
		}
		if len(g.receipts) != 5000 || g.receipts[4999].To != msgs[2499].To || g.receipts[4999].State != sms.Delivered {
			t.Errorf("got %d receipts, want 5000 delivered", len(g.receipts))
		}
	})
}

func TestTheSeedDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Config{Refuse: 0.1, Throttle: 0.2, Unknown: 0.1, LoseReceipts: 0.3, FailReceipts: 0.3, Seed: 5}
		outcomes := func(c Config) ([]sms.Outcome, *got) {
			var g got
			p := run(t, c, g.receive)
			acks := make([]sms.Ack, 4000)
			p.Submit(t.Context(), messages(4000, 1), acks)
			synctest.Wait()
			var all []sms.Outcome
			for _, a := range acks {
				all = append(all, a.Outcome)
			}
			return all, &g
		}
		a, ga := outcomes(c)
		b, gb := outcomes(c)
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("the same seed, other outcomes:\n%s", d)
		}
		if d := cmp.Diff(ga.refs, gb.refs); d != "" {
			t.Errorf("the same seed, other receipts:\n%s", d)
		}
		c.Seed = 6
		if d, _ := outcomes(c); cmp.Equal(a, d) {
			t.Errorf("another seed, the same outcomes")
		}
		var n [sms.Outcomes]float64
		for _, o := range a {
			n[o] += 1.0 / 4000
		}
		for o, want := range [sms.Outcomes]float64{sms.NotNow: 0.2, sms.Refused: 0.08, sms.Unknown: 0.072, sms.Taken: 0.648} {
			if math.Abs(n[o]-want) > 0.03 {
				t.Errorf("share of %v: got %.3f, want about %.3f", sms.Outcome(o), n[o], want)
			}
		}
		failed := 0
		for _, r := range ga.receipts {
			if r.State == sms.Failed {
				failed++
			}
		}
		// 0.648 taken and 0.036 taken unanswered, of which 0.7 are receipted.
		if got := float64(len(ga.receipts)) / 4000; math.Abs(got-0.479) > 0.04 {
			t.Errorf("share of receipts: got %.3f, want about 0.479", got)
		}
		if got := float64(failed) / float64(len(ga.receipts)); math.Abs(got-0.3) > 0.05 {
			t.Errorf("share of failures: got %.3f, want about 0.3", got)
		}
	})
}

func TestThrottledIsTakenTheSecondTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g got
		p := run(t, Config{Throttle: 1}, g.receive)
		msgs, acks := messages(10, 1), make([]sms.Ack, 10)
		for _, want := range []sms.Outcome{sms.NotNow, sms.Taken} {
			p.Submit(t.Context(), msgs, acks)
			if n := count(acks); n[want] != 10 {
				t.Errorf("got %v, want 10 %v", n, want)
			}
		}
	})
}

func TestRateCountsSegments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g got
		p := run(t, Config{Rate: 100}, g.receive)
		acks := make([]sms.Ack, 60)
		p.Submit(t.Context(), messages(60, 2), acks)
		if n := count(acks); n[sms.Taken] != 50 || n[sms.NotNow] != 10 {
			t.Errorf("got %v, want 50 taken and 10 for later", n)
		}
		time.Sleep(time.Second)
		msgs := messages(60, 2)
		for i := range msgs {
			msgs[i].Done = 1 // only the second segment is offered
		}
		p.Submit(t.Context(), msgs, acks)
		if n := count(acks); n[sms.Taken] != 60 {
			t.Errorf("got %v, want 60 taken", n)
		}
		if ref, rest := acks[0].Refs.Next(); len(ref) != 0 || len(rest) != 1+refDigits {
			t.Errorf("got a reference for a segment that was not offered, or none for the other")
		}
	})
}

func TestReceiptsNotKeptAreSaidAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := got{fail: 2}
		p := run(t, Config{}, g.receive)
		p.Submit(t.Context(), messages(3, 1), make([]sms.Ack, 3))
		synctest.Wait()
		if n := g.len(); n != 0 {
			t.Errorf("got %d receipts while the disk is full", n)
		}
		time.Sleep(2 * receiptAgain)
		synctest.Wait()
		if n := g.len(); n != 3 {
			t.Errorf("got %d receipts, want 3", n)
		}
	})
}

func TestTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := New(Config{Latency: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		acks := make([]sms.Ack, 1)
		p.Submit(t.Context(), messages(1, 1), acks)
		if acks[0].Outcome != sms.NotSent || acks[0].Reason != sms.LineDown || p.Line().Up != 0 || p.Line().Fault == "" {
			t.Errorf("before Run: got %v %v", acks[0].Outcome, p.Line())
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx, func([]sms.Receipt, []sms.Incoming) error { return nil }) }()
		synctest.Wait()
		if l := p.Line(); l.Up != 1 || l.Fault != "" {
			t.Errorf("while it runs: got %v", l)
		}
		offer, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		p.Submit(offer, messages(1, 1), acks)
		if acks[0].Outcome != sms.Unknown || acks[0].Reason != sms.NoAnswer {
			t.Errorf("given up before the answer: got %v %v", acks[0].Outcome, acks[0].Reason)
		}
		p.Submit(offer, messages(1, 1), acks)
		if acks[0].Outcome != sms.NotSent {
			t.Errorf("given up before the offer: got %v", acks[0].Outcome)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if l := p.Line(); l.Up != 0 {
			t.Errorf("after Run: got %v", l)
		}
	})
}

func TestConfigRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"a share above one":  {Refuse: 1.1},
		"a negative share":   {LoseReceipts: -0.1},
		"a share of nothing": {Unknown: math.NaN()},
		"a negative latency": {Latency: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestSubmitAllocatesNothingPerRecipient(t *testing.T) {
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	p.setUp(true)
	msgs, acks := messages(1000, 1), make([]sms.Ack, 1000)
	for i := range msgs {
		msgs[i].Envelope.Receipt = false
	}
	if got := testing.AllocsPerRun(20, func() { p.Submit(context.Background(), msgs, acks) }); got > 1 {
		t.Errorf("got %v allocations for 1000 messages, want the one for references", got)
	}
}
