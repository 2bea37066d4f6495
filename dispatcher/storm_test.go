package dispatcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
)

// storms is which seeds are run: 40 in short mode, 200 otherwise, or as many as
// SIM_SEEDS says; SIM_SEED is that one alone.
func storms() (from, to uint64) {
	if seed, err := strconv.ParseUint(os.Getenv("SIM_SEED"), 10, 64); err == nil {
		return seed, seed + 1
	}
	if n, err := strconv.ParseUint(os.Getenv("SIM_SEEDS"), 10, 64); err == nil {
		return 0, n
	}
	if testing.Short() {
		return 0, 40
	}
	return 0, 200
}

// TestWhateverHappensTheBooksAreRight runs campaigns through schedules of faults
// drawn from a seed and audits each.
func TestWhateverHappensTheBooksAreRight(t *testing.T) {
	from, to := storms()
	for seed := from; seed < to; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { storm(t, rand.New(rand.NewPCG(seed, 0))) })
			if t.Failed() {
				t.Logf("again with SIM_SEED=%d", seed)
			}
		})
	}
}

// A die decides by a seed.
type die struct{ *rand.Rand }

// chance is a share for something that is present one time in n.
func (d die) chance(n int, most float64) float64 {
	if d.IntN(n) > 0 {
		return 0
	}
	return d.Float64() * most
}

func pick[T any](d die, of ...T) T { return of[d.IntN(len(of))] }

// behaviour is how a carrier treats us.
func (d die) behaviour() simulator.Config {
	c := simulator.Config{
		Seed: d.Uint64(), Latency: pick(d, 0, time.Millisecond, 20*time.Millisecond, 300*time.Millisecond),
		Receipts: d.IntN(6) > 0, ReceiptDelay: pick(d, 0, time.Second, 10*time.Second, 40*time.Second),
		ReceiptWindow: pick(d, 0, 1, 20), ReceiptForm: pick(d, "", "tlv", "text"), HexIDs: pick(d, "", "resp", "receipt"),
		LoseReceipts: d.chance(4, 0.5), FailReceipts: d.chance(4, 0.5), DuplicateReceipts: d.chance(4, 0.5),
		EarlyReceipts: d.chance(3, 1), UnknownReceipts: d.chance(4, 0.3),
		Refuse: d.chance(4, 0.3), Throttle: d.chance(5, 0.3), QueueFull: d.chance(6, 0.3), Silent: d.chance(6, 0.05),
		NoMulti: d.IntN(5) == 0,
	}
	if d.IntN(3) == 0 {
		c.Jitter = time.Duration(d.IntN(200)+1) * time.Millisecond
	}
	if d.IntN(4) == 0 {
		c.CutAfter, c.CutAgain = 2+d.IntN(30), d.IntN(2) == 0
	}
	return c
}

// world is a machine with one or two carriers.
func (d die) world(t *testing.T) *world {
	w := newWorld(t)
	names := []string{"mobile", "spare"}[:1+d.IntN(2)]
	for _, name := range names {
		config := account(1+d.IntN(3), 1+d.IntN(12), pick(d, 1, 1, 2, 10, 40))
		config.Bind = pick(d, "transceiver", "transceiver", "separate")
		config.ResponseTimeout = 2 * time.Second
		rate := pick(d, 0, 0, 40, 100, 300, 2000)
		b := d.behaviour()
		if rate > 0 && d.IntN(3) == 0 {
			b.Rate = max(rate/2, 30) // less than was agreed
		}
		if rate > 0 && config.Batch > 1 {
			// Batches the carrier turns out not to know are sent again one by one, on
			// the turns they had: once in a connection's life they come in a burst.
			b.NoMulti = false
		}
		w.simulate(name, config, float64(rate), b)
	}
	if len(names) == 2 {
		choices := []string{"mobile", "spare", "mobile,spare", "spare,mobile"}
		w.route = func(n uint64) string { return choices[n%uint64(len(choices))] }
	}
	return w
}

// campaign is one of class, whose recipients begin at first.
func (d die) campaign(key, class string, first uint64) campaign {
	c := campaign{key: key, first: first, recipients: 1 + d.IntN(pick(d, 5, 60, 300)), dirt: d.IntN(4)}
	c.text = pick(d, "stay away from the river", "河水上涨", "((name)), stay away", "((name))请勿靠近")
	if d.IntN(4) == 0 { // several segments
		for range 12 {
			c.text += " and do not go near the bridge"
		}
	}
	c.yaml = fmt.Sprintf("class: %s\nreceipts: {wanted: %v, wait: %s}\nin_doubt: %s",
		class, d.IntN(5) > 0, pick(d, "5s", "30s"), pick(d, "hold", "resend"))
	if d.IntN(6) == 0 {
		c.expires = time.Now().Add(time.Duration(1+d.IntN(20)) * time.Second).Truncate(time.Second)
	}
	return c
}

// storm is one run.
func storm(t *testing.T, random *rand.Rand) {
	d := die{random}
	w := d.world(t)
	w.start()
	w.plan(d.campaign("first", "routine", 8613917263544))
	for range d.IntN(5) {
		time.Sleep(time.Duration(d.IntN(pick(d, 50, 1000, 4000))) * time.Millisecond)
		d.happen(w)
	}
	for _, c := range w.carriers {
		c.network.setDown(false)
	}
	w.resume()
	// A carrier that cuts the line at every second segment is ill, and tried twice a minute.
	w.finish(9 * time.Hour)
	if d.IntN(3) == 0 { // what comes when all is over
		time.Sleep(time.Minute)
	}
	if err := w.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	w.audit()
}

// happen lets one thing happen.
func (d die) happen(w *world) {
	c := w.carriers[d.IntN(len(w.carriers))]
	switch d.IntN(14) {
	case 0, 1:
		w.kill()
		time.Sleep(time.Duration(d.IntN(3000)) * time.Millisecond)
		w.start()
	case 2, 3:
		if w.killAtCommit(1+d.IntN(30), 5*time.Second) {
			time.Sleep(time.Duration(d.IntN(3000)) * time.Millisecond)
			w.start()
		}
	case 4:
		if err := w.stop(); err != nil {
			w.t.Errorf("stop: %v", err)
		}
		time.Sleep(time.Duration(d.IntN(3000)) * time.Millisecond)
		w.start()
	case 5:
		c.network.cut()
	case 6:
		c.sim.Unbind()
	case 7:
		if err := w.node.queue.Redis().FlushAll(context.Background()).Err(); err != nil {
			w.t.Errorf("flush: %v", err)
		}
	case 8:
		for _, known := range w.node.ledger.Campaigns() {
			if known.State == ledger.Running {
				w.setState(known.ID, ledger.Paused)
			}
		}
		time.Sleep(time.Duration(d.IntN(5000)) * time.Millisecond)
		w.resume()
	case 9, 13:
		if _, there := w.planned["second"]; !there {
			second := d.campaign("second", pick(d, "urgent", "emergency"), 8613817263544)
			if d.IntN(3) == 0 && !w.planned["first"].long { // the same people: the auditor tells whose text it is by its beginning
				second.first, second.text = 8613917263544+7*uint64(d.IntN(20)), "go home"
			}
			w.plan(second)
		}
	case 11: // Redis forgets a part
		lane := fmt.Sprintf("asynq:{%s:%s}:", c.name, pick(d, "routine", "urgent", "emergency"))
		for _, key := range []string{"pending", "active", "lease", "scheduled", "retry"} {
			if d.IntN(2) == 0 {
				if err := w.node.queue.Redis().Del(context.Background(), lane+key).Err(); err != nil {
					w.t.Errorf("forget: %v", err)
				}
			}
		}
	case 12:
		if d.IntN(3) == 0 {
			w.setState(w.planned["first"].id, ledger.Cancelled)
		}
	case 10:
		c.network.setDown(true)
		time.Sleep(time.Duration(d.IntN(20000)) * time.Millisecond)
		c.network.setDown(false)
	}
}

// resume lets what is paused run again.
func (w *world) resume() {
	for _, c := range w.node.ledger.Campaigns() {
		if c.State == ledger.Paused {
			w.setState(c.ID, ledger.Running)
		}
	}
}

// setState takes a campaign to a state, whatever state it is in.
func (w *world) setState(id int64, state string) {
	w.t.Helper()
	for _, c := range w.node.ledger.Campaigns() {
		if c.ID != id {
			continue
		}
		if _, err := w.node.ledger.SetState(id, c.State, state); err != nil {
			w.t.Error(err)
		}
	}
}

// TestSoakStorms runs seeds that nobody has seen until TOCSIN_SOAK is over.
func TestSoakStorms(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("TOCSIN_SOAK"))
	if err != nil {
		t.Skip("runs for TOCSIN_SOAK: make soak")
	}
	first := uint64(time.Now().UnixNano())
	for end, n := time.Now().Add(length), uint64(0); time.Now().Before(end); n++ {
		seed := first + n
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { storm(t, rand.New(rand.NewPCG(seed, 0))) })
		}) {
			t.Fatalf("again with SIM_SEED=%d", seed)
		}
	}
}
