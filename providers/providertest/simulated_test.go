package providertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"testing"
	"time"

	"tocsin/providers/simulator"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// A journal is what the simulated carrier took.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

// taken is how often each number was.
func (j *journal) taken(t *testing.T) map[sms.Number]int {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	taken := map[sms.Number]int{}
	for line := range bytes.Lines(j.buf.Bytes()) {
		var l struct {
			Number string `json:"number"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseUint(l.Number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		taken[sms.Number(n)]++
	}
	return taken
}

// The simulated carrier in all kinds of trouble at once; what is not sent, or not now, is
// offered again, and its journal is held against what the provider said.
func TestACarrierInAllKindsOfTroubleTakesEverybodyOnceOrLeavesDoubt(t *testing.T) {
	if testing.Short() {
		t.Skip("lines are renewed in real time: in make test, not in make check")
	}
	protocols := map[string]string{"cmpp 2.0": "cmpp", "cmpp 3.0": "cmpp"}
	inEach(t, func(t *testing.T, g *tongue) {
		for _, batch := range []int{1, 20} {
			recipients := 600
			if batch > 1 {
				recipients = 4000 // for as many requests
			}
			t.Run("in batches of "+strconv.Itoa(batch), func(t *testing.T) {
				t.Parallel()
				protocol := protocols[g.name]
				if protocol == "" {
					protocol = g.name
				}
				var book journal
				carrier, err := simulator.New(simulator.Config{
					Listen: "127.0.0.1:0", Protocol: protocol, Password: "secret", Journal: &book, Seed: 7, Logger: smstest.Logger(t, "secret"),
					Latency: time.Millisecond, Jitter: 5 * time.Millisecond, Receipts: true, ReceiptDelay: 2 * time.Millisecond,
					EarlyReceipts: 0.2, DuplicateReceipts: 0.2, UnknownReceipts: 0.1, FailReceipts: 0.1,
					Refuse: 0.02, Throttle: 0.1, QueueFull: 0.05, Silent: 0.005, CutAfter: 20,
				})
				if err != nil {
					t.Fatal(err)
				}
				s := &stage{t: t, tongue: g}
				provider, err := g.provider(t, account{
					address: carrier.Addr().String(), connections: 3, window: 10, batch: batch, timeout: 500 * time.Millisecond,
				})
				if err != nil {
					t.Fatal(err)
				}
				s.provider = provider
				ctx, stop := context.WithCancel(context.Background())
				var running sync.WaitGroup
				running.Go(func() { carrier.Run(ctx) })
				mine, leave := context.WithCancel(context.Background())
				running.Go(func() { provider.Run(mine, s.receive) })
				defer func() {
					leave()
					stop()
					running.Wait()
				}()
				s.up()
				final := troubled(s, warnings(recipients, false))
				took := book.taken(t)
				counts := [sms.Outcomes]int{}
				lost, twice := 0, 0
				for to, o := range final {
					counts[o]++
					switch n := took[to]; {
					case o == sms.Taken && n == 0:
						lost++
					case n > 1, o == sms.Refused && n > 0:
						twice++
					}
				}
				if lost > 0 || twice > 0 || counts[sms.Taken]+counts[sms.Refused]+counts[sms.Unknown] != len(final) {
					t.Errorf("got %v (not sent, not now, taken, refused, unknown), of them %d not taken by the carrier, %d too often", counts, lost, twice)
				}
				if counts[sms.Taken] < recipients*2/3 || counts[sms.Refused] == 0 || counts[sms.Unknown] == 0 {
					t.Errorf("got %v (not sent, not now, taken, refused, unknown), want most taken, some refused and some in doubt", counts)
				}
				note(t, len(final), lost, twice, counts[sms.Unknown])
				s.until("everybody who was taken has a receipt", func() bool {
					have := map[sms.Number]bool{}
					for _, w := range s.came() {
						have[w.to] = true
					}
					for to := range took {
						if !have[to] {
							return false
						}
					}
					return true
				})
			})
		}
	})
}

// troubled offers messages until each has its end, and says which.
func troubled(s *stage, left []sms.Message) map[sms.Number]sms.Outcome {
	final := map[sms.Number]sms.Outcome{}
	for end := time.Now().Add(patience); len(left) > 0; {
		if time.Now().After(end) {
			s.t.Fatalf("%d messages are left", len(left))
		}
		acks := s.submit(left)
		var again []sms.Message
		for i, a := range acks {
			if a.Outcome == sms.NotSent || a.Outcome == sms.NotNow {
				again = append(again, left[i])
				continue
			}
			final[left[i].To] = a.Outcome
		}
		if left = again; s.provider.Line().Up == 0 {
			s.up()
		}
	}
	return final
}
