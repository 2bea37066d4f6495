package pace

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/dispatcher/queue/redistest"
	"tocsin/providers/sms/smstest"
)

// A crowd is three processes' pacers on one real Redis; each counts the turns by the time
// they are for, so that a slow machine makes fewer and none of them closer.
type crowd struct {
	t       *testing.T
	l       *line
	owners  func() int
	clients []redis.UniversalClient
	running sync.WaitGroup
	stop    context.CancelFunc
}

const crowdRate = 2000

// meet starts three on what client makes.
func meet(t *testing.T, client func() redis.UniversalClient) *crowd {
	ctx, stop := context.WithCancel(t.Context())
	c := &crowd{t: t, l: &line{start: time.Now()}, stop: stop}
	var mu sync.Mutex
	n := 3
	c.owners = func() int { mu.Lock(); defer mu.Unlock(); return n }
	for range n {
		c.join(ctx, client(), nil)
	}
	t.Cleanup(func() {
		stop()
		c.running.Wait()
		for _, r := range c.clients {
			_ = r.Close()
		}
	})
	return c
}

// join starts one that sends as fast as it may, but while idle says not to.
func (c *crowd) join(ctx context.Context, r redis.UniversalClient, idle func() bool) {
	c.clients = append(c.clients, r)
	p := New(Options{Provider: "mobile", Rate: crowdRate, Owners: c.owners, Redis: r, Logger: smstest.Logger(c.t)})
	c.running.Go(func() { _ = p.Run(ctx) })
	c.running.Go(func() {
		for ctx.Err() == nil {
			if idle != nil && idle() {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			n := max(int(p.Rate()*0.02), 1)
			if at, err := p.turn(ctx, n); err == nil {
				c.l.mu.Lock()
				c.l.sent = append(c.l.sent, sent{p.base.Add(time.Duration(at)).Sub(c.l.start), n})
				c.l.mu.Unlock()
			}
		}
	})
}

// judge ends the crowd and holds what left against the rate: 1.02 of it in a second, and
// what catches up when a caller is late, 5 ms of the rate.
func (c *crowd) judge() {
	c.t.Helper()
	c.stop()
	c.running.Wait()
	most, at := c.l.worst(time.Second)
	if limit := int((1.02 + float64(late)/1e9) * crowdRate); most > limit {
		c.t.Errorf("got %d segments in the second that ends at %v, want at most %d", most, at, limit)
	}
	end := time.Since(c.l.start)
	c.t.Logf("%d segments in %v, at most %d in a second", c.l.total(0, end), end, most)
	if got := c.l.total(end-2*time.Second, end); got == 0 {
		c.t.Errorf("nothing left in the last two seconds")
	}
}

// A3 on a real server.
func TestTheRateHoldsWhateverBefallsARealRedis(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes real time: in make test, not in make check")
	}
	for name, befall := range map[string]func(c *crowd, s *redistest.Server, r redis.UniversalClient){
		"it is killed and started": func(_ *crowd, s *redistest.Server, _ redis.UniversalClient) {
			s.Kill()
			time.Sleep(3 * time.Second)
			s.Start()
			time.Sleep(4 * time.Second)
		},
		"it is stopped and goes on": func(_ *crowd, s *redistest.Server, _ redis.UniversalClient) {
			s.Signal(syscall.SIGSTOP)
			time.Sleep(3 * time.Second)
			s.Signal(syscall.SIGCONT)
			time.Sleep(4 * time.Second)
		},
		"it sleeps": func(c *crowd, _ *redistest.Server, r redis.UniversalClient) {
			for _, long := range []string{"0.2", "0.4", "0.9", "1.1"} {
				_ = r.Do(c.t.Context(), "DEBUG", "SLEEP", long).Err() // the answer may be later than is waited for
				time.Sleep(1500 * time.Millisecond)
			}
		},
		"it is flushed each second": func(c *crowd, _ *redistest.Server, r redis.UniversalClient) {
			for range 6 {
				if err := r.FlushAll(c.t.Context()).Err(); err != nil {
					c.t.Error(err)
				}
				time.Sleep(time.Second)
			}
		},
		"it is a replica for a while": func(c *crowd, _ *redistest.Server, r redis.UniversalClient) {
			for _, to := range [][2]string{{"127.0.0.1", "1"}, {"NO", "ONE"}} {
				if err := r.Do(c.t.Context(), "REPLICAOF", to[0], to[1]).Err(); err != nil {
					c.t.Error(err)
				}
				time.Sleep(3500 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.New(t, "--enable-debug-command", "yes")
			client := func() redis.UniversalClient {
				return redis.NewClient(&redis.Options{Addr: s.Address(), MaxRetries: -1})
			}
			c := meet(t, client)
			time.Sleep(2 * time.Second)
			other := client()
			defer other.Close()
			befall(c, s, other)
			c.judge()
		})
	}
}

// A3: one that has nothing to send while Redis is away does not reserve the whole rate when
// it is back, and neither does one that begins in that time.
func TestWhoSawNothingOfALossKeepsToTheRate(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes real time: in make test, not in make check")
	}
	s := redistest.New(t)
	client := func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: s.Address(), MaxRetries: -1})
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	n, away, mu := 3, false, sync.Mutex{}
	c := &crowd{t: t, l: &line{start: time.Now()}, stop: stop, owners: func() int { mu.Lock(); defer mu.Unlock(); return n }}
	idle := func() bool { mu.Lock(); defer mu.Unlock(); return away }
	set := func(owners int, gone bool) { mu.Lock(); n, away = owners, gone; mu.Unlock() }
	c.join(ctx, client(), nil)
	c.join(ctx, client(), nil)
	c.join(ctx, client(), idle)
	time.Sleep(2 * time.Second)
	set(3, true)
	s.Kill()
	time.Sleep(3 * time.Second)
	set(4, true) // the ledger knows of it before it begins
	c.join(ctx, client(), nil)
	s.Start()
	set(4, false)
	time.Sleep(5 * time.Second)
	c.judge()
	for _, r := range c.clients {
		_ = r.Close()
	}
}

// A3: a failover by sentinels, after which the replica has another clock of replication.
func TestTheRateHoldsOverAFailover(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes real time: in make test, not in make check")
	}
	s := redistest.NewSentinels(t)
	c := meet(t, func() redis.UniversalClient {
		return redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "warn", SentinelAddrs: s.Addresses(), MaxRetries: -1})
	})
	time.Sleep(2 * time.Second)
	before := c.l.total(0, time.Hour)
	s.Master.Kill()
	deadline := time.Now().Add(20 * time.Second)
	for found := false; !found && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		r := redis.NewClient(&redis.Options{Addr: s.Replica.Address(), MaxRetries: -1})
		role, err := r.Do(t.Context(), "ROLE").Slice()
		found = err == nil && fmt.Sprint(role[0]) == "master"
		_ = r.Close()
	}
	time.Sleep(5 * time.Second)
	c.judge()
	if c.l.total(0, time.Hour) == before {
		t.Error("nothing left after the failover")
	}
}
