// Package redistest runs real Redis servers for tests: alone, under sentinels, and as a
// cluster. They listen on loopback, are children of the test and end with it.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Server is one process of Redis.
type Server struct {
	Port int
	t    testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
}

// start runs a server, or skips the test where Redis is not installed.
func start(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("Redis is not here: apt-get install redis-server")
	}
	s := &Server{Port: port(t), t: t, dir: t.TempDir(), args: args}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// New starts a server.
func New(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, args...)
}

// port is one that nobody has; a cluster's nodes talk on the port 10,000 above.
func port(t testing.TB) int {
	t.Helper()
	for {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		n := ln.Addr().(*net.TCPAddr).Port
		ln.Close()
		if n < 55_000 {
			return n
		}
	}
}

// Address is where it listens.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.Port) }

// Start runs it, after it was killed too, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	args := append([]string{"--bind", "127.0.0.1", "--port", fmt.Sprint(s.Port), "--save", "", "--appendonly", "no", "--dir", s.dir}, s.args...)
	if len(s.args) > 0 && strings.HasSuffix(s.args[0], ".conf") { // a sentinel keeps its own file
		args = append([]string{s.args[0]}, s.args[1:]...)
	}
	s.cmd = exec.Command("redis-server", args...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.until("answers", func(ctx context.Context, c *redis.Client) error { return c.Ping(ctx).Err() })
}

// Signal sends it a signal, such as SIGSTOP.
func (s *Server) Signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends it at once.
func (s *Server) Kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.cmd = nil
	}
}

// until asks it again and again.
func (s *Server) until(what string, ask func(ctx context.Context, c *redis.Client) error) {
	s.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Address(), MaxRetries: -1})
	defer c.Close()
	var err error
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err = ask(ctx, c)
		cancel()
		if err == nil {
			return
		}
	}
	s.t.Fatalf("waited in vain until Redis on %s %s: %v", s.Address(), what, err)
}

// Sentinels are three of them over a master and its replica.
type Sentinels struct {
	Master, Replica *Server
	sentinels       []*Server
}

// NewSentinels starts all and waits until the sentinels know each other and the replica.
func NewSentinels(t testing.TB) *Sentinels {
	t.Helper()
	s := &Sentinels{Master: start(t)}
	s.Replica = start(t, "--replicaof", "127.0.0.1", fmt.Sprint(s.Master.Port))
	for range 3 {
		n := port(t)
		conf := filepath.Join(t.TempDir(), "sentinel.conf")
		text := fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %s\nsentinel monitor warn 127.0.0.1 %d 2\n"+
			"sentinel down-after-milliseconds warn 1000\nsentinel failover-timeout warn 5000\n", n, filepath.Dir(conf), s.Master.Port)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		one := &Server{Port: n, t: t, args: []string{conf, "--sentinel"}}
		one.Start()
		t.Cleanup(one.Kill)
		s.sentinels = append(s.sentinels, one)
	}
	for _, one := range s.sentinels {
		one.until("knows the others", func(ctx context.Context, c *redis.Client) error {
			m, err := redis.NewSentinelClient(c.Options()).Master(ctx, "warn").Result()
			if err == nil && (m["num-slaves"] != "1" || m["num-other-sentinels"] != "2") {
				err = fmt.Errorf("it knows %s replicas and %s others", m["num-slaves"], m["num-other-sentinels"])
			}
			return err
		})
	}
	return s
}

// URL is the settings' address of it.
func (s *Sentinels) URL() string {
	return "redis+sentinel://" + strings.Join(s.Addresses(), ",") + "/0?master=warn"
}

// Addresses are where the sentinels listen.
func (s *Sentinels) Addresses() []string {
	var hosts []string
	for _, one := range s.sentinels {
		hosts = append(hosts, one.Address())
	}
	return hosts
}

// A Cluster is three masters.
type Cluster struct{ Nodes []*Server }

// NewCluster starts them and waits until every slot is served.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	if _, err := exec.LookPath("redis-cli"); err != nil {
		t.Skip("redis-cli is not here: apt-get install redis-tools")
	}
	c := &Cluster{}
	args := []string{"--cluster", "create"}
	for range 3 {
		one := start(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1000")
		c.Nodes = append(c.Nodes, one)
		args = append(args, one.Address())
	}
	if out, err := exec.Command("redis-cli", append(args, "--cluster-yes")...).CombinedOutput(); err != nil {
		t.Fatalf("redis-cli %v: %v\n%s", args, err, out)
	}
	for _, one := range c.Nodes {
		one.until("is one of the cluster", func(ctx context.Context, r *redis.Client) error {
			info, err := r.ClusterInfo(ctx).Result()
			if err == nil && !strings.Contains(info, "cluster_state:ok") {
				err = fmt.Errorf("%s", info)
			}
			return err
		})
	}
	return c
}

// URL is the settings' address of it.
func (c *Cluster) URL() string {
	var hosts []string
	for _, one := range c.Nodes {
		hosts = append(hosts, one.Address())
	}
	return "redis+cluster://" + strings.Join(hosts, ",")
}
