package dispatcher

import (
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

// sharedStorms is which seeds are run with three nodes over one ledger: 4 in short mode,
// 100 otherwise, or as many as SHARED_SEEDS says, 1,000 in make soak; SIM_SEED is that one
// alone.
func sharedStorms(t *testing.T) (from, to uint64) {
	if seed, err := strconv.ParseUint(os.Getenv("SIM_SEED"), 10, 64); err == nil {
		return seed, seed + 1
	}
	if n, err := strconv.ParseUint(os.Getenv("SHARED_SEEDS"), 10, 64); err == nil {
		return 0, n
	}
	if testing.Short() {
		return 0, 4
	}
	return 0, 100
}

// TestWhateverHappensToThreeProcessesTheBooksAreRight runs campaigns on three nodes over
// one PostgreSQL. The carrier brings its receipts over any line of the account, late and
// in any order, while nodes are killed, stopped and started; each seed is audited.
func TestWhateverHappensToThreeProcessesTheBooksAreRight(t *testing.T) { // A1
	from, to := sharedStorms(t)
	p := newPool(t)
	for seed := from; seed < to; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			database := p.database(t)
			synctest.Test(t, func(t *testing.T) { sharedStorm(t, p, database, rand.New(rand.NewPCG(seed, 1))) })
			if t.Failed() {
				t.Logf("again with SIM_SEED=%d", seed)
			}
		})
	}
}

// TestSoakSharedStorms runs 1,000 seeds that nobody has seen: make soak.
func TestSoakSharedStorms(t *testing.T) {
	if os.Getenv("TOCSIN_SOAK") == "" {
		t.Skip("runs with TOCSIN_SOAK: make soak")
	}
	p := newPool(t)
	first := uint64(time.Now().UnixNano())
	for seed := first; seed < first+1000; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			database := p.database(t)
			synctest.Test(t, func(t *testing.T) { sharedStorm(t, p, database, rand.New(rand.NewPCG(seed, 1))) })
			if t.Failed() {
				t.Logf("again with -run TestWhateverHappensToThreeProcesses and SIM_SEED=%d", seed)
			}
		})
	}
}

// sharedBehaviour is how a carrier treats an account that three nodes share.
func (d die) sharedBehaviour() simulator.Config {
	return simulator.Config{
		Seed: d.Uint64(), Latency: pick(d, 0, time.Millisecond, 20*time.Millisecond, 300*time.Millisecond),
		Jitter:   pick(d, 0, 0, 50*time.Millisecond),
		Receipts: true, ReceiptsOn: pick(d, simulator.OnAny, simulator.OnAny, simulator.OnOther, simulator.OnSame),
		ReceiptDelay:  pick(d, 0, time.Millisecond, 100*time.Millisecond, time.Second, 10*time.Second),
		ReceiptJitter: pick(d, 0, time.Millisecond, 50*time.Millisecond, time.Second, 5*time.Second),
		ReceiptWindow: pick(d, 0, 1, 20), ReceiptForm: pick(d, "", "tlv", "text"), HexIDs: pick(d, "", "resp", "receipt"),
		LoseReceipts: d.chance(3, 0.6), FailReceipts: d.chance(4, 0.5), DuplicateReceipts: d.chance(3, 0.5),
		EarlyReceipts: d.chance(3, 1), UnknownReceipts: d.chance(4, 0.3),
		Refuse: d.chance(4, 0.3), Throttle: d.chance(6, 0.2), QueueFull: d.chance(8, 0.2), Silent: d.chance(8, 0.03),
		NoMulti: d.IntN(5) == 0,
	}
}

// sharedStorm is one run.
func sharedStorm(t *testing.T, p *pool, database string, random *rand.Rand) {
	d := die{random}
	w := newWorld(t)
	w.share(p.server, database)
	config := account(1+d.IntN(2), 1+d.IntN(10), pick(d, 1, 2, 10, 10))
	config.Bind = pick(d, "transceiver", "transceiver", "separate")
	config.ResponseTimeout = 2 * time.Second
	w.simulate("mobile", config, 0, d.sharedBehaviour())
	for range 3 {
		w.join()
	}
	first := d.campaign("first", pick(d, "routine", "emergency"), 8613917263544)
	first.recipients = 20 + d.IntN(600)
	w.plan(first)
	for range d.IntN(6) {
		time.Sleep(time.Duration(d.IntN(pick(d, 20, 200, 2000))) * time.Millisecond)
		d.happenShared(w)
	}
	w.carriers[0].network.setDown(false)
	for len(w.shared.nodes) < 1+d.IntN(3) {
		w.join()
	}
	time.Sleep(time.Second) // and what one has made of the campaigns the others see
	w.resume()
	w.finish(time.Hour)
	if d.IntN(3) == 0 { // what comes when all is over
		time.Sleep(30 * time.Second)
	}
	for len(w.shared.nodes) > 0 {
		w.stopNode(d.IntN(len(w.shared.nodes)))
	}
	w.audit()
}

// happenShared lets one thing happen.
func (d die) happenShared(w *world) {
	c, s := w.carriers[0], w.shared
	any := d.IntN(len(s.nodes))
	w.node = s.nodes[any]
	switch d.IntN(10) {
	case 0, 1, 2:
		if w.killNode(any); len(s.nodes) == 0 || d.IntN(3) > 0 {
			time.Sleep(time.Duration(d.IntN(12_000)) * time.Millisecond) // it is taken for dead, or not yet
			w.join()
		}
	case 3:
		if w.stopNode(any); len(s.nodes) == 0 || d.IntN(3) > 0 {
			time.Sleep(time.Duration(d.IntN(2000)) * time.Millisecond)
			w.join()
		}
	case 4:
		c.network.cut()
	case 5:
		c.sim.Unbind()
	case 6:
		for _, known := range w.node.ledger.Campaigns() {
			if known.State == ledger.Running {
				w.setState(known.ID, ledger.Paused)
			}
		}
		time.Sleep(time.Duration(d.IntN(3000)) * time.Millisecond)
		w.resume()
	case 7:
		if _, there := w.planned["second"]; !there {
			w.plan(d.campaign("second", pick(d, "urgent", "emergency"), 8613817263544))
		}
	case 8:
		c.network.setDown(true)
		time.Sleep(time.Duration(d.IntN(8000)) * time.Millisecond)
		c.network.setDown(false)
	case 9:
		if len(s.nodes) < 5 {
			w.join()
		}
	}
}
