package dispatcher

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/ledger/ledgertest"
	"tocsin/dispatcher/pace"
	"tocsin/dispatcher/queue"
	"tocsin/providers"
	"tocsin/providers/simulator"
	"tocsin/providers/smpp"
)

// atOnce is how many tests run at a time: they wait for disks and databases more than they compute.
const atOnce = 8

func TestMain(m *testing.M) {
	flag.Parse()
	if given := flag.Lookup("test.parallel"); given.Value.String() == given.DefValue {
		flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0))))
	}
	os.Exit(m.Run())
}

// A world is one machine with its data folder and the carriers it speaks to, in a
// synctest bubble: everything is the real thing but time, the network, which is
// pipes, and the process, which is a node that may be killed.
type world struct {
	t        *testing.T
	dir      string // of the ledger, now
	carriers []*carrier
	logs     *words
	node     *node
	crashes  int
	route    func(n uint64) string

	shared *shared // the ledger and the queue of several nodes; nil: there is one node

	fallbacks providers.Fallbacks
	planned   map[string]plan
	started   time.Time
}

// A carrier is a line of the world: the account as the dispatcher sees it, and
// the carrier's side of it.
type carrier struct {
	name    string
	config  smpp.Config
	rate    float64
	floor   float64
	network *network
	journal *words // what the simulated carrier took
	wrap    func(providers.Provider) providers.Provider
	sim     *simulator.Carrier
}

// Words is what was written, from any goroutine.
type words struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// newWorld has no carrier and no node yet.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(), logs: &words{}, planned: map[string]plan{}, started: time.Now(),
		route: func(uint64) string { return "mobile" },
	}
	t.Cleanup(w.auditLogs) // of every test, whatever else it audits
	return w
}

// account is a configuration with short patience.
func account(connections, window, batch int) smpp.Config {
	return smpp.Config{
		SystemID: "tocsin", Password: testPassword, Sender: "10690000", Connections: connections, Window: window, Batch: batch,
		EnquireLink: 5 * time.Second, ResponseTimeout: 5 * time.Second,
	}
}

// simulate adds a simulated carrier that runs until the world ends.
func (w *world) simulate(name string, config smpp.Config, rate float64, behaviour simulator.Config) *carrier {
	w.t.Helper()
	c := &carrier{name: name, config: config, rate: rate, network: newNetwork(), journal: &words{}}
	behaviour.Listener, behaviour.Journal = c.network.listener, c.journal
	sim, err := simulator.New(behaviour)
	if err != nil {
		w.t.Fatal(err)
	}
	c.sim = sim
	w.run(c, sim.Run)
	return c
}

// script adds a carrier that does as serve says with each line.
func (w *world) script(name string, config smpp.Config, rate float64, serve func(net.Conn)) *carrier {
	w.t.Helper()
	c := &carrier{name: name, config: config, rate: rate, network: newNetwork(), journal: &words{}}
	w.run(c, func(ctx context.Context) error {
		var lines sync.WaitGroup
		defer lines.Wait()
		defer context.AfterFunc(ctx, func() {
			c.network.listener.Close()
			c.network.setDown(true)
		})()
		for {
			conn, err := c.network.listener.Accept()
			if err != nil {
				return nil
			}
			lines.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	return c
}

func (w *world) run(c *carrier, run func(context.Context) error) {
	ctx, hangUp := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	w.t.Cleanup(func() {
		hangUp()
		c.network.setDown(true)
		if err := <-ended; err != nil {
			w.t.Errorf("carrier %s: %v", c.name, err)
		}
	})
	w.carriers = append(w.carriers, c)
}

// A node is one process.
type node struct {
	ledger     *ledger.Ledger
	queue      *queue.Queue
	dispatcher *Dispatcher
	stop       context.CancelFunc
	ended      chan error

	role string // of a shared ledger: who it is to the server

	mu       sync.Mutex
	dead     bool // killed: none of its octets leaves any more
	onCommit func()
	lines    []net.Conn // its ends of all lines
}

// blank are ledgers that hold nothing.
var blank = ledgertest.Blank{Make: func(dir string) error {
	l, err := ledger.Open(context.Background(), ledger.Options{Dir: dir, Owner: "node"})
	if err != nil {
		return err
	}
	return l.Close()
}}

// start brings a node up on the ledger as it is.
func (w *world) start() { w.node = w.launch() }

// where is the ledger as it is now.
func (w *world) where() ledger.Options {
	if w.shared != nil {
		return ledger.Options{URL: w.shared.as("tocsin")}
	}
	return ledger.Options{Dir: w.dir}
}

// launch makes a node.
func (w *world) launch() *node {
	w.t.Helper()
	n := &node{ended: make(chan error, 1)}
	log := slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx := context.Background()
	var err error
	where, beside := w.where(), (*queue.Queue)(nil)
	where.Owner = "node"
	if w.shared != nil {
		n.role, beside = w.shared.newRole(w.t), w.shared.queue
		where.URL, where.Owner = w.shared.as(n.role), n.role
	}
	where.Logger, where.Commit = log, func(time.Duration, int) {
		n.mu.Lock()
		hook := n.onCommit
		n.mu.Unlock()
		if hook != nil {
			hook()
		}
	}
	if where.URL == "" {
		blank.Fill(w.t, where.Dir)
	}
	if n.ledger, err = ledger.Open(ctx, where); err != nil {
		w.t.Fatal(err)
	}
	if n.queue, err = queue.Open(ctx, queue.Options{Logger: log, Beside: beside}); err != nil {
		w.t.Fatal(err)
	}
	var lines []Line
	metrics := providers.NewMetrics(prometheus.NewRegistry())
	for _, c := range w.carriers {
		renewed, err := providers.NewRenewed(func() (providers.Provider, error) {
			return smpp.New(smpp.Options{Config: c.config, Logger: log, Dial: func(context.Context) (net.Conn, error) {
				n.mu.Lock()
				defer n.mu.Unlock()
				if n.dead {
					return nil, errRefused
				}
				line, err := c.network.dial()
				if err == nil {
					n.lines = append(n.lines, line)
				}
				return line, err
			}})
		})
		if err != nil {
			w.t.Fatal(err)
		}
		metered := metrics.Wrap(c.name, renewed)
		var provider providers.Provider = metered
		if c.wrap != nil {
			provider = c.wrap(provider)
		}
		line := Line{Name: c.name, Provider: providers.NewBreaker(provider, log.With("provider", c.name)), Rate: c.rate, Floor: c.floor, Took: metered.Took}
		if c.rate > 0 {
			pacer := pace.New(pace.Options{Provider: c.name, Rate: c.rate, Redis: n.queue.Redis(), Logger: log})
			line.Provider, line.Pace, line.SetRate = providers.NewLimited(line.Provider, pacer), pacer, pacer.SetRate
		}
		lines = append(lines, line)
	}
	if n.dispatcher, err = New(Options{Ledger: n.ledger, Queue: n.queue, Lines: lines, Logger: log, Fallbacks: w.fallbacks, Occur: w.occur(n)}); err != nil {
		w.t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	n.stop = stop
	go func() { n.ended <- n.dispatcher.Run(running) }()
	return n
}

// stop ends the node as SIGTERM does; it reports Run's error.
func (w *world) stop() error {
	w.t.Helper()
	n := w.node
	w.node = nil
	return n.end()
}

// end ends a node as SIGTERM does.
func (n *node) end() error {
	n.stop()
	err := <-n.ended
	return errors.Join(err, n.queue.Close(), n.ledger.Close())
}

// kill ends the node as kill -9 does: its lines are cut in the instant, and the
// ledger goes on from what the last transaction left. The remains of the node,
// which can reach nobody, are swept up.
func (w *world) kill() {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "ledger")
	w.node.die(w, dir)
	w.bury(dir)
}

// die is the instant: none of the node's octets leaves any more, and the ledger
// is copied as it stands.
func (n *node) die(w *world, dir string) {
	n.mu.Lock()
	n.dead = true
	n.mu.Unlock()
	for _, c := range w.carriers {
		c.network.cut()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Error(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.dir, "ledger.db")+"?mode=ro")
	if err == nil {
		defer db.Close()
		_, err = db.Exec("VACUUM INTO ?", filepath.Join(dir, "ledger.db"))
	}
	if err != nil {
		w.t.Errorf("copy the ledger of a killed node: %v", err)
	}
}

func (w *world) bury(dir string) {
	w.t.Helper()
	w.node.mu.Lock()
	w.node.onCommit = nil
	w.node.mu.Unlock()
	if err := w.stop(); err != nil {
		w.t.Errorf("sweep up a killed node: %v", err)
	}
	w.dir = dir
	w.crashes++
	w.checkBalance()
}

// killAtCommit kills the node in the moment in which its n-th transaction from
// now is on disk and nobody was told yet, and returns when that has happened; it
// reports false when that did not come to pass within patience.
func (w *world) killAtCommit(n int, patience time.Duration) bool {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "ledger")
	dead := make(chan struct{})
	target := w.node
	target.mu.Lock()
	target.onCommit = func() {
		target.mu.Lock()
		n--
		now := n == 0
		target.mu.Unlock()
		if now {
			target.die(w, dir)
			close(dead)
		}
	}
	target.mu.Unlock()
	select {
	case <-dead:
		w.bury(dir)
		return true
	case <-time.After(patience):
		target.mu.Lock()
		target.onCommit = nil
		target.mu.Unlock()
		synctestSettle()
		select {
		case <-dead:
			w.bury(dir)
			return true
		default:
			return false
		}
	}
}

// state is a campaign's state now.
func (w *world) state(key string) string {
	w.t.Helper()
	c, err := w.node.ledger.Campaign(key)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.State
}

func (w *world) tally(key string) ledger.Tally {
	return w.node.ledger.Tally(w.planned[key].id)
}

// until waits, in steps of virtual time, until ok; it fails after patience.
func (w *world) until(what string, patience time.Duration, ok func() bool) bool {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Errorf("%s: not within %v", what, patience)
			return false
		}
	}
	return true
}

// finish waits until every campaign is over.
func (w *world) finish(patience time.Duration) bool {
	w.t.Helper()
	over := w.until("every campaign is over", patience, func() bool {
		select {
		case err := <-w.node.ended:
			w.t.Errorf("the node ended: %v", err)
			w.node.ended <- err
			return true
		default:
		}
		for key, p := range w.planned {
			if t := w.tally(key); t.Imbalance != 0 || t.Sum() != len(p.recipients) {
				w.t.Errorf("campaign %s does not balance: %+v", key, t)
			}
			switch t := w.tally(key); w.state(key) {
			case ledger.Finished:
			case ledger.Cancelled:
				if t.Waiting+t.Offered > 0 { // pages that were at work
					return false
				}
			default:
				return false
			}
		}
		return true
	})
	if !over {
		w.explain()
	}
	return over
}

// explain writes what somebody who looks for the cause of an unfinished campaign needs.
func (w *world) explain() {
	w.t.Helper()
	for key := range w.planned {
		w.t.Logf("campaign %s: %s, %+v", key, w.state(key), w.tally(key))
	}
	lines := strings.Split(strings.TrimSpace(w.logs.String()), "\n")
	w.t.Logf("the end of the log:\n%s", strings.Join(lines[max(0, len(lines)-60):], "\n"))
	if w.shared == nil {
		return
	}
	for _, table := range []string{"owner", "lease", "page", "campaign"} {
		rows, err := w.shared.admin.Query(context.Background(), "SELECT to_jsonb(t)::text FROM "+table+" t LIMIT 40")
		if err != nil {
			w.t.Log(table, err)
			continue
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for i := range all {
			all[i] = all[i][:min(len(all[i]), 600)]
		}
		w.t.Logf("%s: %v\n%s", table, err, strings.Join(all, "\n"))
	}
}

// slow leaves a test to the part of make test that runs without -race: make check is for while
// one works, and under -race a virtual hour takes minutes and shows nothing that the storms do
// not.
func slow(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: in make test, not in make check")
	}
}
